//! The type of an expression over declared variables, which are objects. Source: cel-go's checker.

use std::sync::Arc;

use crate::{
    declared,
    error::Flaw,
    syntax::{Element, Kind, Loop, Mode, Node, Over},
    types::{BOOL, DURATION, INT, Known, NULL, TIMESTAMP, Type},
    value::Value,
};

/// Returns the type of an expression.
///
/// # Errors
/// A name that is not declared, or parts that do not fit together.
pub(crate) fn check(node: &Node, variables: &[&str]) -> Result<Type, Flaw> {
    let object = || Type::map(Type::Plain("string"), Type::Dyn);
    let scope = variables.iter().map(|name| ((*name).into(), object())).collect();
    let mut checker = Checker { scope, known: Known::new(), next: 0, mixed: 0 };
    let found = checker.type_of(node)?;
    Ok(settled(&checker.known.resolve(&found)))
}

/// What is still any type is `dyn`.
fn settled(found: &Type) -> Type {
    match found {
        Type::Any(_) => Type::Dyn,
        Type::List(element) => Type::list(settled(element)),
        Type::Map(parts) => Type::map(settled(&parts[0]), settled(&parts[1])),
        Type::Optional(value) => Type::optional(settled(value)),
        Type::Of(of) => Type::Of(Box::new(settled(of))),
        Type::Dyn | Type::Plain(_) => found.clone(),
    }
}

struct Checker {
    /// Variables with their types, the innermost last.
    scope: Vec<(Arc<str>, Type)>,
    known: Known,
    next: usize,
    /// How many calls around allow lists of mixed types.
    mixed: usize,
}

impl Checker {
    fn type_of(&mut self, node: &Node) -> Result<Type, Flaw> {
        match &node.kind {
            Kind::Literal(value) => Ok(literal(value)),
            Kind::Name(name) => self.name(name, node.at),
            Kind::Select { operand, field, mode } => self.select(operand, field, *mode, node.at),
            Kind::Index { operand, key, optional } => {
                let given = [self.type_of(operand)?, self.type_of(key)?];
                self.call(if *optional { "_[?_]" } else { "_[_]" }, false, &given, node.at)
            }
            Kind::Call { name, method, arguments } => self.function(name, *method, arguments, node.at),
            Kind::All(parts) | Kind::Any(parts) => {
                parts.iter().try_for_each(|part| self.must_be_bool(part))?;
                Ok(BOOL)
            }
            Kind::If(parts) => {
                let given = [self.type_of(&parts[0])?, self.type_of(&parts[1])?, self.type_of(&parts[2])?];
                self.call("_?_:_", false, &given, node.at)
            }
            Kind::List(elements) => {
                let element = self.elements(elements.iter())?;
                Ok(Type::list(element))
            }
            Kind::Map(entries) => self.map(entries),
            Kind::Loop(all) => self.over(all),
            Kind::Bind { flat, value, name, body } => self.bind(*flat, value, name, body, node.at),
        }
    }

    fn name(&mut self, name: &str, at: usize) -> Result<Type, Flaw> {
        let found = self.scope.iter().rev().find(|(known, _)| **known == *name).map(|(_, found)| found.clone());
        let found = found.or_else(|| Some(Type::Of(Box::new(declared::named_type(name)?))));
        found.ok_or_else(|| undeclared(name, at))
    }

    fn select(&mut self, operand: &Node, field: &str, mode: Mode, at: usize) -> Result<Type, Flaw> {
        let given = self.type_of(operand)?;
        let given = self.known.resolve(&given);
        let (object, optional) = match given {
            Type::Optional(value) => (*value, true),
            other => (other, mode == Mode::May),
        };
        let found = match self.known.resolve(&object) {
            Type::Map(parts) => parts[1].clone(),
            Type::Dyn => Type::Dyn,
            any @ Type::Any(_) => {
                self.known.accept_all(&[Type::Dyn], &[any]);
                Type::Dyn
            }
            other => return Err(Flaw::new(at, format!("type '{other}' has no fields, `{field}` is asked for"))),
        };
        Ok(match mode {
            Mode::Test => BOOL,
            _ if optional => Type::optional(found),
            _ => found,
        })
    }

    fn function(&mut self, name: &str, method: bool, arguments: &[Node], at: usize) -> Result<Type, Flaw> {
        if !declared::is_function(name) {
            return Err(undeclared(name, at));
        }
        // Flux: lists in the arguments of `format` may be of mixed types.
        self.mixed += usize::from(name == "format");
        let given = arguments.iter().map(|argument| self.type_of(argument)).collect::<Result<Vec<_>, _>>()?;
        self.mixed -= usize::from(name == "format");
        self.call(name, method, &given, at)
    }

    /// Where several overloads fit and do not agree on the result, it is `dyn`.
    fn call(&mut self, name: &str, method: bool, given: &[Type], at: usize) -> Result<Type, Flaw> {
        let mut result: Option<Type> = None;
        for overload in declared::overloads(name).iter().filter(|overload| overload.method == method) {
            let first = self.next;
            self.next += 2;
            let takes: Vec<_> = overload.takes.iter().map(|wanted| wanted.fresh(first)).collect();
            if self.known.accept_all(given, &takes) {
                let gives = self.known.resolve(&overload.gives.fresh(first));
                result = Some(match result {
                    Some(before) if before != gives => Type::Dyn,
                    _ => gives,
                });
            }
        }
        result.ok_or_else(|| {
            let given: Vec<_> = given.iter().map(|given| self.known.resolve(given).to_string()).collect();
            Flaw::new(at, format!("found no matching overload for '{name}' applied to '({})'", given.join(", ")))
        })
    }

    fn must_be_bool(&mut self, node: &Node) -> Result<(), Flaw> {
        let found = self.type_of(node)?;
        if self.known.accept_all(std::slice::from_ref(&found), &[BOOL]) {
            return Ok(());
        }
        let found = self.known.resolve(&found);
        Err(Flaw::new(node.at, format!("expected type 'bool' but found '{found}'")))
    }

    fn map(&mut self, entries: &[(Node, Element)]) -> Result<Type, Flaw> {
        let keys: Vec<_> = entries.iter().map(|(key, _)| Element { node: key.clone(), optional: false }).collect();
        let key = self.elements(keys.iter())?;
        let value = self.elements(entries.iter().map(|(_, value)| value))?;
        Ok(Type::map(key, value))
    }

    /// Returns the type that all elements have.
    fn elements<'a>(&mut self, elements: impl Iterator<Item = &'a Element>) -> Result<Type, Flaw> {
        let mut all: Option<Type> = None;
        for element in elements {
            let mut found = self.type_of(&element.node)?;
            if let (true, Type::Optional(value)) = (element.optional, self.known.resolve(&found)) {
                found = *value;
            } else if element.optional && found != Type::Dyn {
                let at = element.node.at;
                return Err(Flaw::new(at, format!("expected type 'optional_type(dyn)' but found '{found}'")));
            }
            all = Some(match all {
                None => found,
                Some(all) => self.joined(all, &found, element.node.at)?,
            });
        }
        Ok(all.unwrap_or_else(|| self.any()))
    }

    fn joined(&mut self, all: Type, found: &Type, at: usize) -> Result<Type, Flaw> {
        self.known.accept_all(std::slice::from_ref(found), std::slice::from_ref(&all));
        let (one, other) = (self.known.resolve(&all), self.known.resolve(found));
        match one == other {
            true => Ok(all),
            false if self.mixed > 0 => Ok(Type::Dyn),
            false => Err(Flaw::new(at, format!("expected type '{one}' but found '{other}' in one list or map"))),
        }
    }

    fn any(&mut self) -> Type {
        self.next += 1;
        Type::Any(self.next - 1)
    }

    fn over(&mut self, all: &Loop) -> Result<Type, Flaw> {
        let range = self.type_of(&all.range)?;
        let element = match self.known.resolve(&range) {
            Type::List(element) => *element,
            Type::Map(parts) => parts[0].clone(),
            Type::Dyn | Type::Any(_) => Type::Dyn,
            other => {
                let reason = format!("expression of type '{other}' cannot be range of a comprehension");
                return Err(Flaw::new(all.range.at, reason));
            }
        };
        self.scope.push((all.name.clone(), element.clone()));
        if let Some(condition) = &all.condition {
            self.must_be_bool(condition)?;
        }
        let transformed = all.transform.as_ref().map(|transform| self.type_of(transform)).transpose()?;
        self.scope.pop();
        Ok(match all.over {
            Over::All | Over::Exists | Over::ExistsOne => BOOL,
            Over::Filter | Over::Map => Type::list(transformed.unwrap_or(element)),
        })
    }

    fn bind(&mut self, flat: bool, value: &Node, name: &Arc<str>, body: &Node, at: usize) -> Result<Type, Flaw> {
        let given = self.type_of(value)?;
        let inner = self.call("value", true, &[given], at)?;
        self.scope.push((name.clone(), inner));
        let found = self.type_of(body)?;
        self.scope.pop();
        if !flat {
            return Ok(Type::optional(found));
        }
        let none = Type::optional(self.any());
        self.call("_?_:_", false, &[BOOL, found, none], at)
    }
}

fn undeclared(name: &str, at: usize) -> Flaw {
    Flaw::new(at, format!("undeclared reference to '{name}'"))
}

fn literal(value: &Value) -> Type {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOL,
        Value::Int(_) => INT,
        Value::Uint(_) => Type::Plain("uint"),
        Value::Double(_) => Type::Plain("double"),
        Value::String(_) => Type::Plain("string"),
        Value::Bytes(_) => Type::Plain("bytes"),
        Value::Timestamp(_) => Type::Plain(TIMESTAMP),
        Value::Duration(_) => Type::Plain(DURATION),
        Value::List(_) | Value::Map(_) | Value::Type(_) | Value::Optional(_) => Type::Dyn,
    }
}
