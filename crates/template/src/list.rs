//! Slices.

use std::sync::{Arc, OnceLock};

use crate::{
    drops,
    text::Str,
    types::{IntKind, Type},
    value::Value,
};

/// A slice of Go. No function of Helm changes one in place, so copies are shared.
#[derive(Debug, Clone)]
pub struct List {
    items: Items,
    of: Type,
}

#[derive(Debug, Clone)]
enum Items {
    /// Nothing in a slice that is `nil`: it is empty, but JSON has `null` for it.
    Nil,
    Values(Arc<[Value]>),
    Bytes(Arc<Bytes>),
}

/// Bytes of files, which are values of their own only for those who look at them one by one.
#[derive(Debug)]
struct Bytes {
    text: Str,
    values: OnceLock<Box<[Value]>>,
}

impl List {
    /// Makes a `[]interface {}`.
    pub fn new(items: Vec<Value>) -> Self {
        Self::typed(Type::LIST, items)
    }

    /// Makes a slice of a type; its elements are of that type's element.
    pub fn typed(of: Type, items: Vec<Value>) -> Self {
        Self { items: Items::Values(items.into()), of }
    }

    /// Makes a slice that is `nil`.
    pub fn nil(of: Type) -> Self {
        Self { items: Items::Nil, of }
    }

    /// Makes a `[]string`.
    pub fn strings<S: Into<Str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::typed(Type::STRINGS, items.into_iter().map(|item| Value::String(item.into())).collect())
    }

    /// Makes a `[]uint8`.
    pub fn bytes(text: impl Into<Str>) -> Self {
        Self { items: Items::Bytes(Arc::new(Bytes { text: text.into(), values: OnceLock::new() })), of: Type::BYTES }
    }

    /// Returns the elements.
    pub fn items(&self) -> &[Value] {
        match &self.items {
            Items::Nil => &[],
            Items::Values(values) => values,
            Items::Bytes(bytes) => bytes.values(),
        }
    }

    /// Returns the bytes of a slice of bytes.
    pub fn as_bytes(&self) -> Option<Str> {
        if self.of.underlying() != Type::BYTES {
            return None;
        }
        Some(match &self.items {
            Items::Bytes(bytes) => bytes.text.clone(),
            _ => self.items().iter().filter_map(byte).collect::<Vec<_>>().into(),
        })
    }

    /// Says whether the slice is `nil`, which is not the same as empty to `deepEqual` and JSON.
    pub fn is_nil(&self) -> bool {
        matches!(self.items, Items::Nil)
    }

    /// Returns the same slice under another type, as a conversion does.
    pub fn converted(&self, of: Type) -> Self {
        Self { items: self.items.clone(), of }
    }

    /// Returns the slice's type.
    pub fn type_of(&self) -> Type {
        self.of
    }

    /// Returns the elements of a slice that nobody else has.
    pub(crate) fn alone(&mut self) -> &mut [Value] {
        match &mut self.items {
            Items::Values(values) => Arc::get_mut(values).unwrap_or_default(),
            Items::Nil | Items::Bytes(_) => &mut [],
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        drops::unnest(self.alone().iter_mut());
    }
}

impl Bytes {
    fn values(&self) -> &[Value] {
        let values = || self.text.as_bytes().iter().map(|byte| Value::Int(IntKind::Uint8, (*byte).into())).collect();
        self.values.get_or_init(values)
    }
}

fn byte(value: &Value) -> Option<u8> {
    match value {
        Value::Int(_, byte) => u8::try_from(*byte).ok(),
        _ => None,
    }
}
