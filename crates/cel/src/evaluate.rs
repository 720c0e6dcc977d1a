//! A tree and an object into a value, in a bounded number of steps.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json};

use crate::{
    declared,
    error::Fault,
    functions::{self, Patterns},
    steps::Steps,
    syntax::{Element, Kind, Loop, Mode, Node, Over},
    value::{Key, Value},
};

/// Evaluates an expression whose variables are the fields of an object.
pub(crate) fn evaluate(node: &Node, variables: &Map<String, Json>) -> Result<Value, Fault> {
    let (steps, patterns) = (Steps::new(), Patterns::default());
    Machine { variables, read: BTreeMap::new(), scope: Vec::new(), steps, patterns }.value(node)
}

/// Evaluates a part that mentions no variable.
pub(crate) fn constant(node: &Node) -> Result<Value, Fault> {
    evaluate(node, &Map::new())
}

struct Machine<'a> {
    variables: &'a Map<String, Json>,
    /// Variables that were asked for already.
    read: BTreeMap<Arc<str>, Value>,
    /// Variables of loops, the innermost last.
    scope: Vec<(Arc<str>, Value)>,
    steps: Steps,
    patterns: Patterns,
}

type Evaluated = Result<Value, Fault>;

impl Machine<'_> {
    fn value(&mut self, node: &Node) -> Evaluated {
        self.steps.spend(1)?;
        match &node.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Name(name) => self.name(name),
            Kind::Select { operand, field, mode } => self.select(operand, field, *mode),
            Kind::Index { operand, key, optional } => self.index(operand, key, *optional),
            Kind::Call { name, arguments, .. } => self.call(name, arguments),
            Kind::All(parts) => self.until(parts, false),
            Kind::Any(parts) => self.until(parts, true),
            Kind::If(parts) => match self.value(&parts[0])? {
                Value::Bool(true) => self.value(&parts[1]),
                Value::Bool(false) => self.value(&parts[2]),
                other => Err(no_overload("_?_:_", &[other])),
            },
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Loop(all) => self.over(all),
            Kind::Bind { flat, value, name, body } => self.bind(*flat, value, name, body),
        }
    }

    fn name(&mut self, name: &Arc<str>) -> Evaluated {
        if let Some((_, value)) = self.scope.iter().rev().find(|(known, _)| known == name) {
            return Ok(value.clone());
        }
        if let Some(value) = self.read.get(name) {
            return Ok(value.clone());
        }
        if let Some(json) = self.variables.get(&**name) {
            let value = Value::of_json(json);
            self.read.insert(name.clone(), value.clone());
            return Ok(value);
        }
        let found = declared::named_type(name).map(|_| Value::Type(name.clone()));
        found.ok_or_else(|| Fault::Unbound(name.to_string()))
    }

    fn select(&mut self, operand: &Node, field: &Arc<str>, mode: Mode) -> Evaluated {
        let object = self.operand(operand, Some(field))?;
        let (object, optional) = opened(object, mode == Mode::May);
        let found = match object {
            None => None,
            Some(Value::Map(entries)) => entries.get(&Key::String(field.clone())).cloned(),
            Some(Value::List(_)) => return Err(wrong_index("string")),
            Some(_) => None,
        };
        match mode {
            Mode::Test => Ok(Value::Bool(found.is_some())),
            _ if optional => Ok(Value::Optional(found.map(Arc::new))),
            _ => found.ok_or_else(|| no_such_key(Some(field))),
        }
    }

    /// Evaluates what a field or element is asked of. A variable that is missing is told with the fields behind it.
    fn operand(&mut self, operand: &Node, field: Option<&str>) -> Evaluated {
        self.value(operand).map_err(|fault| match (fault, field) {
            (Fault::Unbound(name), Some(field)) if operand.is_attribute() => Fault::Unbound(format!("{name}.{field}")),
            (fault, _) => fault,
        })
    }

    fn index(&mut self, operand: &Node, key: &Node, optional: bool) -> Evaluated {
        let told = match &key.kind {
            Kind::Literal(Value::String(text)) => Some(text.to_string()),
            Kind::Literal(value) => Some(value.to_string()),
            _ => None,
        };
        let object = self.operand(operand, told.as_deref())?;
        let key = self.value(key)?;
        let (object, optional) = opened(object, optional);
        let found = match &object {
            Some(Value::List(elements)) => element(elements, &key)?,
            Some(Value::Map(entries)) => key.key().and_then(|key| entries.get(&key).cloned()),
            _ => None,
        };
        if optional {
            return Ok(Value::Optional(found.map(Arc::new)));
        }
        found.ok_or_else(|| match object {
            Some(Value::List(_)) => Fault::told(format!("index out of bounds: {key}")),
            _ => no_such_key(told.as_deref()),
        })
    }

    fn call(&mut self, name: &str, arguments: &[Node]) -> Evaluated {
        let arguments = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        functions::call(name, &arguments, &mut self.steps, &mut self.patterns)
            .unwrap_or_else(|| Err(no_overload(name, &arguments)))
    }

    /// Ends with the first part that decides; only if there is none an error counts.
    fn until(&mut self, parts: &[Node], decides: bool) -> Evaluated {
        let mut fault = None;
        for part in parts {
            match self.value(part) {
                Ok(Value::Bool(found)) if found == decides => return Ok(Value::Bool(decides)),
                Ok(Value::Bool(_)) => {}
                Err(Fault::TooLong) => return Err(Fault::TooLong),
                other => _ = fault.get_or_insert(not_bool(other)),
            }
        }
        fault.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn list(&mut self, elements: &[Element]) -> Evaluated {
        let mut list = Vec::with_capacity(elements.len());
        for element in elements {
            list.extend(self.element(element)?);
        }
        Ok(Value::list(list))
    }

    fn map(&mut self, entries: &[(Node, Element)]) -> Evaluated {
        let mut map = BTreeMap::new();
        for (key, element) in entries {
            let key = self.value(key)?;
            let key = key.key().ok_or_else(|| Fault::told(format!("unsupported key type: {}", key.type_name())))?;
            if let Some(value) = self.element(element)? {
                map.insert(key, value);
            }
        }
        Ok(Value::Map(Arc::new(map)))
    }

    fn element(&mut self, element: &Element) -> Result<Option<Value>, Fault> {
        match (self.value(&element.node)?, element.optional) {
            (value, false) => Ok(Some(value)),
            (Value::Optional(value), true) => Ok(value.map(|value| (*value).clone())),
            (other, true) => {
                let found = other.type_name();
                Err(Fault::told(format!("cannot initialize an optional entry from a value of type {found}")))
            }
        }
    }

    fn over(&mut self, all: &Loop) -> Evaluated {
        let elements = match self.value(&all.range)? {
            Value::List(elements) => elements,
            Value::Map(entries) => Arc::new(entries.keys().map(Key::value).collect()),
            other => {
                return Err(Fault::told(format!("expected a list or a map to go over, found {}", other.type_name())));
            }
        };
        self.scope.push((all.name.clone(), Value::Null));
        let found = match all.over {
            Over::All => self.first(all, &elements, false),
            Over::Exists => self.first(all, &elements, true),
            Over::ExistsOne => self.chosen(all, &elements).map(|chosen| Value::Bool(chosen.len() == 1)),
            Over::Filter | Over::Map => self.chosen(all, &elements).map(Value::list),
        };
        self.scope.pop();
        found
    }

    fn with(&mut self, element: &Value, node: &Node) -> Evaluated {
        if let Some((_, value)) = self.scope.last_mut() {
            value.clone_from(element);
        }
        self.value(node)
    }

    /// As [`Self::until`], with the elements of a list.
    fn first(&mut self, all: &Loop, elements: &[Value], decides: bool) -> Evaluated {
        let mut fault = None;
        for element in elements {
            let Some(condition) = &all.condition else { continue };
            match self.with(element, condition) {
                Ok(Value::Bool(found)) if found == decides => return Ok(Value::Bool(decides)),
                Ok(Value::Bool(_)) => {}
                Err(Fault::TooLong) => return Err(Fault::TooLong),
                other => _ = fault.get_or_insert(not_bool(other)),
            }
        }
        fault.map_or(Ok(Value::Bool(!decides)), Err)
    }

    /// Returns the elements for which the condition holds, transformed.
    fn chosen(&mut self, all: &Loop, elements: &[Value]) -> Result<Vec<Value>, Fault> {
        let mut chosen = Vec::new();
        for element in elements {
            self.steps.spend(1)?;
            let holds = match &all.condition {
                None => true,
                Some(condition) => match self.with(element, condition)? {
                    Value::Bool(holds) => holds,
                    other => return Err(no_overload("_?_:_", &[other])),
                },
            };
            if holds {
                chosen.push(match &all.transform {
                    None => element.clone(),
                    Some(transform) => self.with(element, transform)?,
                });
            }
        }
        Ok(chosen)
    }

    fn bind(&mut self, flat: bool, value: &Node, name: &Arc<str>, body: &Node) -> Evaluated {
        let inner = match self.value(value)? {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => (*inner).clone(),
            other => return Err(no_overload("hasValue", &[other])),
        };
        self.scope.push((name.clone(), inner));
        let found = self.value(body);
        self.scope.pop();
        if flat { found } else { found.map(Value::some) }
    }
}

/// Opens an optional; what is asked of one is optional as well. Nothing is an optional without value.
fn opened(object: Value, optional: bool) -> (Option<Value>, bool) {
    match object {
        Value::Optional(inner) => (inner.map(|inner| (*inner).clone()), true),
        other => (Some(other), optional),
    }
}

fn element(elements: &[Value], key: &Value) -> Result<Option<Value>, Fault> {
    let index = key.whole().ok_or_else(|| wrong_index(key.type_name()))?;
    Ok(usize::try_from(index).ok().and_then(|index| elements.get(index)).cloned())
}

fn wrong_index(found: &str) -> Fault {
    Fault::told(format!("unsupported index type '{found}' in list"))
}

/// Only a key that stands in the expression is told: others may be values of a Secret.
fn no_such_key(key: Option<&str>) -> Fault {
    Fault::told(key.map_or_else(|| "no such key".into(), |key| format!("no such key: {key}")))
}

fn no_overload(name: &str, arguments: &[Value]) -> Fault {
    let types: Vec<_> = arguments.iter().map(Value::type_name).collect();
    Fault::NoOverload(format!("{name}({})", types.join(", ")))
}

fn not_bool(found: Evaluated) -> Fault {
    match found {
        Ok(other) => Fault::NoOverload(format!("expected bool, found {}", other.type_name())),
        Err(fault) => fault,
    }
}
