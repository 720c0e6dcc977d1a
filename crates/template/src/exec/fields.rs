//! Fields, keys of maps, and methods.

use super::{Evaluator, Outcome};
use crate::{
    builtins::{Operand, Params, zero},
    map::Map,
    object::Method,
    print,
    syntax::{Syntax, Term},
    text::Str,
    types::Type,
    value::Value,
};

impl<'u> Evaluator<'u> {
    /// Follows names from a value on. Arguments are for the last of them.
    pub(super) fn fields(
        &mut self,
        mut receiver: Operand,
        names: &'u [Str],
        node: &'u dyn Syntax,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        let Some((name, path)) = names.split_last() else { return Ok(receiver) };
        for name in path {
            receiver = self.field(receiver, name, node, &[], None)?;
        }
        self.field(receiver, name, node, args, last)
    }

    fn field(
        &mut self,
        receiver: Operand,
        name: &Str,
        node: &'u dyn Syntax,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        if receiver.is_invalid() {
            return self.field_of_nothing(name);
        }
        if matches!(receiver.value, Value::Nil) {
            return self.fail(format!("nil pointer evaluating {}.{name}", receiver.type_name()));
        }
        if let Some(method) = method(&receiver.value, name) {
            let params = Params::Typed(method.function.signature);
            return self.call_typed(&method.function, params, Some(receiver.value), node, args, last);
        }
        let has_arguments = !args.is_empty() || last.is_some();
        match &receiver.value {
            Value::Map(_) if has_arguments => self.fail(format!("{name} is not a method but has arguments")),
            Value::Map(map) => self.key(map, name),
            Value::Object(object) => match object.field(&name.to_text()) {
                Some(_) if has_arguments => {
                    self.fail(format!("{name} has arguments but cannot be invoked as function"))
                }
                Some(value) => Ok(Operand::plain(value)),
                None => self.no_field(&receiver, name),
            },
            _ => self.no_field(&receiver, name),
        }
    }

    fn field_of_nothing(&mut self, name: &Str) -> Outcome<Operand> {
        if !self.machine().strict() {
            return Ok(Operand::plain(Value::Nil));
        }
        let name = print::quote(name.as_bytes());
        self.fail(format!("nil data; no entry for key {}", String::from_utf8_lossy(&name)))
    }

    fn no_field(&mut self, receiver: &Operand, name: &Str) -> Outcome<Operand> {
        self.fail(format!("can't evaluate field {name} in type {}", receiver.type_name()))
    }

    fn key(&mut self, map: &Map, name: &Str) -> Outcome<Operand> {
        let of = map.type_of().element();
        match map.get(name.as_bytes()) {
            Some(value) => Ok(Operand::of(value, of)),
            None if self.machine().strict() => {
                let name = print::quote(name.as_bytes());
                self.fail(format!("map has no entry for key {}", String::from_utf8_lossy(&name)))
            }
            None => Ok(Operand::of(zero(of), of)),
        }
    }
}

/// Returns a method of a value's type, if it has a name.
fn method<'a>(value: &Value, name: &Str) -> Option<&'a Method> {
    let named = match value {
        Value::Object(object) => object.type_of(),
        Value::Map(map) => named(map.type_of())?,
        Value::List(list) => named(list.type_of())?,
        _ => return None,
    };
    named.methods.iter().find(|method| method.function.name.as_bytes() == name.as_bytes())
}

fn named(of: Type) -> Option<&'static crate::Named> {
    match of {
        Type::Named(named) => Some(named),
        _ => None,
    }
}
