//! Operators, and how large a value is.

use std::{cmp::Ordering, sync::Arc};

use jiff::SignedDuration;

use super::{Answer, times};
use crate::{
    error::Fault,
    steps::Steps,
    value::Value::{self, Bool, Bytes, Double, Duration, Int, List, Map, String, Timestamp, Uint},
};

pub(super) fn call(name: &str, arguments: &[Value], steps: &mut Steps) -> Answer {
    match (name, arguments) {
        ("!_", [Bool(value)]) => Some(Ok(Bool(!value))),
        ("-_", [Int(value)]) => Some(whole(value.checked_neg(), Int)),
        ("-_", [Duration(value)]) => Some(whole(value.checked_neg(), Duration)),
        ("-_", [Double(value)]) => Some(Ok(Double(-value))),
        ("_==_", [a, b]) => Some(a.equals(b, steps).map(Bool)),
        ("_!=_", [a, b]) => Some(a.equals(b, steps).map(|equal| Bool(!equal))),
        ("_<_" | "_<=_" | "_>_" | "_>=_", [a, b]) => ordered(name, a, b).map(|holds| Ok(Bool(holds))),
        ("@in", [value, List(elements)]) => Some(is_in(value, elements, steps)),
        ("@in", [value, Map(entries)]) => Some(Ok(Bool(value.key().is_some_and(|key| entries.contains_key(&key))))),
        ("size", [value]) => size(value, steps),
        ("_+_", [a, b]) => sum(a, b, steps),
        ("_-_", [a, b]) => difference(a, b),
        ("_*_" | "_/_" | "_%_", [a, b]) => product(name, a, b),
        _ => None,
    }
}

fn overflow() -> Fault {
    Fault::told("integer overflow")
}

fn whole<T>(value: Option<T>, make: impl Fn(T) -> Value) -> Result<Value, Fault> {
    value.map(make).ok_or_else(overflow)
}

fn natural(value: Option<u64>) -> Result<Value, Fault> {
    value.map(Uint).ok_or_else(|| Fault::told("unsigned integer overflow"))
}

/// Numbers that are not numbers are in no order.
fn ordered(name: &str, a: &Value, b: &Value) -> Option<bool> {
    let order = a.compare(b);
    if order.is_none() && !matches!((a, b), (Double(_), Double(_) | Int(_) | Uint(_)) | (Int(_) | Uint(_), Double(_))) {
        return None;
    }
    Some(match name {
        "_<_" => order == Some(Ordering::Less),
        "_<=_" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        "_>_" => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

fn is_in(value: &Value, elements: &[Value], steps: &mut Steps) -> Result<Value, Fault> {
    for element in elements {
        if value.equals(element, steps)? {
            return Ok(Bool(true));
        }
    }
    Ok(Bool(false))
}

fn size(value: &Value, steps: &mut Steps) -> Answer {
    let size = match value {
        String(text) => {
            if let Err(fault) = steps.spend_on(text.len()) {
                return Some(Err(fault));
            }
            text.chars().count()
        }
        Bytes(bytes) => bytes.len(),
        List(elements) => elements.len(),
        Map(entries) => entries.len(),
        _ => return None,
    };
    Some(whole(i64::try_from(size).ok(), Int))
}

fn sum(a: &Value, b: &Value, steps: &mut Steps) -> Answer {
    Some(match (a, b) {
        (Int(a), Int(b)) => whole(a.checked_add(*b), Int),
        (Uint(a), Uint(b)) => natural(a.checked_add(*b)),
        (Double(a), Double(b)) => Ok(Double(a + b)),
        (Duration(a), Duration(b)) => whole(a.checked_add(*b), Duration),
        (Timestamp(at), Duration(nanos)) | (Duration(nanos), Timestamp(at)) => {
            times::later(*at, SignedDuration::from_nanos(*nanos))
        }
        (String(a), String(b)) => steps.spend_on(a.len() + b.len()).map(|()| Value::text(format!("{a}{b}"))),
        (Bytes(a), Bytes(b)) => {
            steps.spend_on(a.len() + b.len()).map(|()| Bytes(a.iter().chain(b.iter()).copied().collect()))
        }
        (List(a), List(b)) => steps.spend(a.len() + b.len()).map(|()| List(joined(a, b))),
        _ => return None,
    })
}

fn joined(a: &Arc<Vec<Value>>, b: &Arc<Vec<Value>>) -> Arc<Vec<Value>> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => Arc::new(a.iter().chain(b.iter()).cloned().collect()),
    }
}

fn difference(a: &Value, b: &Value) -> Answer {
    Some(match (a, b) {
        (Int(a), Int(b)) => whole(a.checked_sub(*b), Int),
        (Uint(a), Uint(b)) => natural(a.checked_sub(*b)),
        (Double(a), Double(b)) => Ok(Double(a - b)),
        (Duration(a), Duration(b)) => whole(a.checked_sub(*b), Duration),
        (Timestamp(at), Duration(nanos)) => times::later(*at, -SignedDuration::from_nanos(*nanos)),
        (Timestamp(a), Timestamp(b)) => {
            let nanos = times::since_epoch(*a) - times::since_epoch(*b);
            whole(i64::try_from(nanos).ok(), Duration)
        }
        _ => return None,
    })
}

fn product(name: &str, a: &Value, b: &Value) -> Answer {
    Some(match (name, a, b) {
        ("_/_", Int(_), Int(0)) | ("_/_", Uint(_), Uint(0)) => Err(Fault::told("division by zero")),
        ("_%_", Int(_), Int(0)) | ("_%_", Uint(_), Uint(0)) => Err(Fault::told("modulus by zero")),
        ("_*_", Int(a), Int(b)) => whole(a.checked_mul(*b), Int),
        ("_/_", Int(a), Int(b)) => whole(a.checked_div(*b), Int),
        ("_%_", Int(a), Int(b)) => whole(a.checked_rem(*b), Int),
        ("_*_", Uint(a), Uint(b)) => natural(a.checked_mul(*b)),
        ("_/_", Uint(a), Uint(b)) => natural(a.checked_div(*b)),
        ("_%_", Uint(a), Uint(b)) => natural(a.checked_rem(*b)),
        ("_*_", Double(a), Double(b)) => Ok(Double(a * b)),
        ("_/_", Double(a), Double(b)) => Ok(Double(a / b)),
        _ => return None,
    })
}
