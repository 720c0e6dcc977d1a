//! Functions that a template calls.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use crate::{map::Map, types::Type, value::Value};

/// A function: its name, what Go's compiler would know of it, and what it does.
#[derive(Clone, Copy)]
pub struct Function {
    /// What templates call it.
    pub name: &'static str,
    /// Its types: arguments are checked against them before the call.
    pub signature: Signature,
    /// Does it. As many arguments come as the signature allows, of its types.
    pub call: fn(&mut Call<'_>, &[Value]) -> Result<Value, Failure>,
}

/// The types of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Of its arguments.
    pub params: &'static [Type],
    /// Of the arguments after those, if it takes any number of them.
    pub variadic: Option<Type>,
    /// Of its result.
    pub result: Type,
}

/// What a function reaches beside its arguments.
pub trait World {
    /// Returns the time.
    fn now(&self) -> Timestamp;
    /// Fills a buffer with random bytes.
    fn random(&mut self, bytes: &mut [u8]);
    /// Returns an object of the cluster, or with an empty name a list of them; an empty map where there is none.
    ///
    /// # Errors
    /// When the cluster refuses, or was not asked yet: then the caller answers, and renders again.
    fn lookup(&mut self, _what: &Lookup<'_>) -> Result<Value, Failure> {
        Ok(Value::Map(Map::default()))
    }
    /// Returns an address of a host; nothing where names are not resolved.
    ///
    /// # Errors
    /// When the host has none, or was not asked for yet.
    fn resolve(&mut self, _host: &str) -> Result<String, Failure> {
        Ok(String::new())
    }
    /// Takes what a template says to its author, while it is linted.
    fn warn(&mut self, _message: &str) {}
}

/// What a template looks up in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookup<'a> {
    /// Group and version.
    pub api_version: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The namespace; empty for all of them, and for objects without one.
    pub namespace: &'a str,
    /// The name; empty for a list.
    pub name: &'a str,
}

/// A call that is under way.
pub struct Call<'a> {
    pub(crate) world: &'a mut dyn World,
    /// Bytes that may still be made.
    pub(crate) budget: &'a mut usize,
    /// Whether templates are only looked at: what they require may be missing.
    pub(crate) lint: bool,
}

/// An error of Go: its text, and what `errors.Unwrap` returns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Failure {
    /// The whole text, with that of the causes.
    pub text: String,
    /// The cause.
    pub cause: Option<Box<Failure>>,
}

/// Functions by name. Go's own need not be in it.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    by_name: BTreeMap<&'static str, Function>,
    templates: bool,
}

impl Signature {
    /// Makes one with a fixed number of arguments.
    pub const fn of(params: &'static [Type], result: Type) -> Self {
        Self { params, variadic: None, result }
    }

    /// Makes one with any number of arguments after the fixed ones.
    pub const fn variadic(params: &'static [Type], rest: Type, result: Type) -> Self {
        Self { params, variadic: Some(rest), result }
    }
}

impl Call<'_> {
    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Fills a buffer with random bytes.
    pub fn random(&mut self, bytes: &mut [u8]) {
        self.world.random(bytes);
    }

    /// Looks something up in the cluster.
    ///
    /// # Errors
    /// What the cluster says, or that it was not asked yet.
    pub fn lookup(&mut self, what: &Lookup<'_>) -> Result<Value, Failure> {
        self.world.lookup(what)
    }

    /// Returns an address of a host.
    ///
    /// # Errors
    /// When the host has none, or was not asked for yet.
    pub fn resolve(&mut self, host: &str) -> Result<String, Failure> {
        self.world.resolve(host)
    }

    /// Takes bytes from what a render may make, before they are made.
    ///
    /// # Errors
    /// When so much is not left.
    pub fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        match self.budget.checked_sub(bytes) {
            Some(left) => *self.budget = left,
            None => return Err(Failure::new("the template makes more text than it may")),
        }
        Ok(())
    }
}

impl Failure {
    /// Makes an error without a cause.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), cause: None }
    }
}

impl Functions {
    /// Adds functions; of two with one name the later counts.
    pub fn with(mut self, functions: &[Function]) -> Self {
        self.by_name.extend(functions.iter().map(|function| (function.name, *function)));
        self
    }

    /// Adds Helm's functions that reach other templates or end a render: `include`, `tpl`, `required` and `fail`.
    pub fn with_templates(self) -> Self {
        let functions = self.with(crate::engine::CHECKS);
        Self { templates: true, ..functions }
    }

    /// Says whether `include` and `tpl` are there.
    pub(crate) fn has_templates(&self) -> bool {
        self.templates
    }

    /// Returns a function.
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.by_name.get(name)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).field("signature", &self.signature).finish_non_exhaustive()
    }
}
