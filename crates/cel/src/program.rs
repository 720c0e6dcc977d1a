//! An expression that was read, and may be evaluated.

use serde_json::{Map, Value as Json};

use crate::{
    check, constants,
    error::{Error, Flaw, Unanswered, shown},
    evaluate,
    parse::parse,
    syntax::Node,
    types::{BOOL, Type},
    value::Value,
};

/// An expression that was read, and may be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    text: String,
    root: Node,
}

impl Program {
    /// Reads an expression. Its variables are the fields of the object that it is evaluated with, and types show only
    /// then: so does Flux with health checks.
    ///
    /// # Errors
    /// What cannot be read, or cannot have an answer whatever the object is.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).map_err(|flaw| flaw.of(text))
    }

    /// Reads an expression that must come to true or false, over declared variables that are objects.
    ///
    /// # Errors
    /// As [`Self::parse`]; names that are not declared; types that do not fit together; a type other than bool.
    pub fn condition(text: &str, variables: &[&str]) -> Result<Self, Error> {
        let (program, found) = Self::typed(text, variables)?;
        if found == BOOL { Ok(program) } else { Err(Error::NotBool { found: found.to_string() }) }
    }

    /// Returns the name of the type that an expression has over declared variables.
    ///
    /// # Errors
    /// As [`Self::condition`], but for the type.
    pub fn type_of(text: &str, variables: &[&str]) -> Result<String, Error> {
        Ok(Self::typed(text, variables)?.1.to_string())
    }

    fn typed(text: &str, variables: &[&str]) -> Result<(Self, Type), Error> {
        let checked = Self::read(text).and_then(|program| {
            let found = check::check(&program.root, variables)?;
            Ok((program, found))
        });
        checked.map_err(|flaw| flaw.of(text))
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        let root = parse(text)?;
        constants::check(&root)?;
        Ok(Self { text: text.to_owned(), root })
    }

    /// Evaluates with the fields of an object as variables.
    ///
    /// # Errors
    /// What the expression asks for is missing, or cannot be done, or takes too long.
    pub fn evaluate(&self, variables: &Map<String, Json>) -> Result<Value, Unanswered> {
        evaluate::evaluate(&self.root, variables)
            .map_err(|fault| Unanswered::Failed { text: shown(&self.text), reason: fault.to_string() })
    }

    /// Says whether the expression holds.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; a value other than true and false.
    pub fn holds(&self, variables: &Map<String, Json>) -> Result<bool, Unanswered> {
        match self.evaluate(variables)? {
            Value::Bool(holds) => Ok(holds),
            _ => Err(Unanswered::NotBool { text: shown(&self.text) }),
        }
    }
}
