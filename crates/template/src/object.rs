//! Values of Go's structs and pointers.

use std::{any::Any, fmt};

use crate::{
    function::Function,
    types::{Kind, Named},
    value::Value,
};

/// A method of a type: a function whose first argument is the receiver.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// What it does; its `name` is the method's.
    pub function: Function,
}

impl PartialEq for Method {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name
    }
}

/// A value of a struct, or of a pointer to one: `time.Time`, `*semver.Version`, a certificate, `.Files`.
pub trait Object: fmt::Debug + Send + Sync + Any {
    /// Returns the type, with its methods.
    fn type_of(&self) -> &'static Named;
    /// Returns `Kind::Struct`, `Kind::Pointer`, …
    fn kind(&self) -> Kind;
    /// Returns an exported field.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }
    /// Says whether it counts as true; structs do.
    fn is_true(&self) -> bool {
        true
    }
    /// Returns what an action prints: Go takes the address of a field first, and may find `String()` there.
    fn show(&self) -> String {
        self.print()
    }
    /// Returns what `%v` prints: the text of `String()` where the type has it.
    fn print(&self) -> String;
    /// Returns what `encoding/json` makes of it.
    fn to_json(&self) -> serde_json::Value;
}
