//! Arguments, checked against the types of parameters.

use super::{Evaluator, Outcome};
use crate::{
    builtins::Operand,
    list::List,
    map::Map,
    syntax::{Number, Term},
    types::{IntKind, Named, Type},
    value::Value,
};

impl<'u> Evaluator<'u> {
    /// Evaluates an argument for a parameter of a type.
    pub(super) fn argument(&mut self, of: Type, term: &'u Term) -> Outcome<Value> {
        self.look_at(term);
        if matches!(term, Term::Nil(_)) {
            return match nil(of) {
                Some(value) => Ok(value),
                None => self.fail(format!("cannot assign nil to {of}")),
            };
        }
        match self.evaluated(term)? {
            Some(operand) => self.checked(operand, of),
            None => self.constant(of, term),
        }
    }

    /// Evaluates an argument for a parameter that takes `reflect.Value`.
    pub(super) fn reflected_argument(&mut self, term: &'u Term) -> Outcome<Operand> {
        self.look_at(term);
        if matches!(term, Term::Nil(_)) {
            return Ok(Operand::plain(Value::Nil));
        }
        match self.evaluated(term)? {
            Some(operand) => Ok(operand),
            None => self.untyped_constant(term).map(Operand::plain),
        }
    }

    /// Evaluates what fields are asked of.
    pub(super) fn untyped_argument(&mut self, term: &'u Term) -> Outcome<Operand> {
        self.look_at(term);
        match self.evaluated(term)? {
            Some(operand) => Ok(operand),
            None => self.fail("can't evaluate fields of a literal"),
        }
    }

    /// Evaluates what is no literal.
    fn evaluated(&mut self, term: &'u Term) -> Outcome<Option<Operand>> {
        Ok(Some(match term {
            Term::Dot(_) => self.dot.clone(),
            Term::Field(_, names) => {
                let dot = self.dot.clone();
                self.fields(dot, names, term, &[], None)?
            }
            Term::Variable(variable) => self.variable(variable, &[], None)?,
            Term::Pipe(pipe) => Operand::plain(self.parenthesized(pipe)?),
            Term::Function(_, callee) => self.call(callee, term, &[], None)?,
            Term::Chain(_, inner, names) => self.chain(term, inner, names, &[], None)?,
            _ => return Ok(None),
        }))
    }

    fn constant(&mut self, of: Type, term: &'u Term) -> Outcome<Value> {
        match of.underlying() {
            Type::Any => self.untyped_constant(term),
            Type::Bool => match term {
                Term::Bool(_, value) => Ok(Value::Bool(*value)),
                _ => self.expected("bool", term),
            },
            Type::Int(kind) => self.integer(kind, term),
            Type::Float => match term {
                Term::Number(_, number) if number.float.is_some() => Ok(Value::Float(number.float.unwrap_or_default())),
                _ => self.expected("float", term),
            },
            Type::String => match term {
                Term::String(_, _, value) => Ok(value.clone()),
                _ => self.expected("string", term),
            },
            _ => {
                let text = self.text_of(term);
                self.fail(format!("can't handle {text} for arg of type {of}"))
            }
        }
    }

    fn integer(&mut self, kind: IntKind, term: &'u Term) -> Outcome<Value> {
        let value = |number: &Number| match kind.is_unsigned() {
            true => number.uint.map(u64::cast_signed),
            false => number.int,
        };
        match term {
            Term::Number(_, number) if value(number).is_some() => {
                Ok(Value::Int(kind, value(number).unwrap_or_default()))
            }
            _ if kind.is_unsigned() => self.expected("unsigned integer", term),
            _ => self.expected("integer", term),
        }
    }

    fn untyped_constant(&mut self, term: &'u Term) -> Outcome<Value> {
        match term {
            Term::Bool(_, value) => Ok(Value::Bool(*value)),
            Term::Number(_, number) => self.number(number),
            Term::String(_, _, value) => Ok(value.clone()),
            _ => {
                let text = self.text_of(term);
                self.fail(format!("can't handle assignment of {text} to empty interface argument"))
            }
        }
    }

    fn expected<T>(&mut self, what: &str, term: &'u Term) -> Outcome<T> {
        let text = self.text_of(term);
        self.fail(format!("expected {what}; found {text}"))
    }

    /// Makes sure that a value can be given to a parameter.
    pub(super) fn checked(&mut self, operand: Operand, of: Type) -> Outcome<Value> {
        if of == Type::Any {
            return Ok(operand.value);
        }
        if operand.is_invalid() {
            return match nil(of) {
                Some(value) => Ok(value),
                None => self.fail(format!("invalid value; expected {of}")),
            };
        }
        let found = match operand.value.type_of() {
            None => Type::Any,
            Some(found) if found == of => return Ok(operand.value),
            Some(found) if is_assignable(found, of) => return Ok(converted(operand.value, of)),
            Some(found) => found,
        };
        self.fail(format!("wrong type for value; expected {of}; got {found}"))
    }
}

/// Returns the nil of a type, if it has one. Nil lists and maps are empty ones.
fn nil(of: Type) -> Option<Value> {
    match of {
        Type::Any => Some(Value::Nil),
        // Of what has nothing under its name only pointers may be `nil`.
        Type::Named(Named { underlying: None, name, .. }) => name.starts_with('*').then_some(Value::Nil),
        _ => match of.underlying() {
            Type::Slice(_) => Some(Value::List(List::nil(of))),
            Type::Map(_) => Some(Value::Map(Map::nil(of))),
            _ => None,
        },
    }
}

/// Types with the same structure fit, if one of them has no name.
fn is_assignable(found: Type, of: Type) -> bool {
    let named = |of: Type| matches!(of, Type::Named(_));
    found.underlying() == of.underlying() && !(named(found) && named(of))
}

fn converted(value: Value, of: Type) -> Value {
    match value {
        Value::Map(map) => Value::Map(map.converted(of)),
        Value::List(list) => Value::List(list.converted(of)),
        other => other,
    }
}
