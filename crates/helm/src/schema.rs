//! Values against `values.schema.json`, of a chart and of all below it.

mod compiled;
mod formats;
mod load;
mod message;
mod multiple;
mod steps;

use std::{collections::BTreeMap, thread};

use serde_json::Value as Json;
use sluice_template::{Map, Value};

use crate::{
    chart::{Chart, File},
    notice::Notice,
    values::to_json,
};
use compiled::Flaw;

pub use compiled::Known;

/// The name that Helm gives each schema while it reads it.
const NAME: &str = "file:///values.schema.json";

/// Address space for the thread that checks: schemas nest as their authors like.
const STACK: usize = 128 << 20;

/// Documents that schemas refer to, by their URLs. What is not among them is asked for.
pub type Documents = BTreeMap<String, Json>;

/// Why values are not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// They are not what schemas say; Helm's text.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
    Violated(String),
    /// Schemas refer to documents elsewhere.
    #[error(
        "the schema of the values refers to {}; hint: nothing is fetched for schemas here, vendor it into values.schema.json", .0.join(", ")
    )]
    Needs(Vec<String>),
}

/// Checks the values of a chart, completed by [`coalesce()`](crate::coalesce()), and in them those of all below it.
///
/// # Errors
/// When they violate a schema, a schema is none, or it refers to a document that is not at hand.
pub fn validate(
    chart: &Chart,
    values: &Map,
    documents: &Documents,
    notices: &mut Vec<Notice>,
) -> Result<(), SchemaError> {
    validate_known(chart, values, documents, &Known::default(), notices)
}

/// Checks as [`validate`] does, and keeps what it compiles.
///
/// # Errors
/// As [`validate`].
pub(crate) fn validate_known(
    chart: &Chart,
    values: &Map,
    documents: &Documents,
    known: &Known,
    notices: &mut Vec<Notice>,
) -> Result<(), SchemaError> {
    let mut check = Check { documents, known, notices, violations: String::new(), needs: Vec::new() };
    check.chart(chart, values);
    match (check.needs, check.violations) {
        (needs, _) if !needs.is_empty() => Err(SchemaError::Needs(needs)),
        (_, violations) if !violations.is_empty() => Err(SchemaError::Violated(violations)),
        _ => Ok(()),
    }
}

/// Checks values against one schema, as `helm lint` does.
///
/// # Errors
/// When they violate it, it is none, or it refers to a document that is not at hand.
pub(crate) fn validate_one(schema: &File, values: &Map, documents: &Documents) -> Result<(), String> {
    let mut notices = Vec::new();
    let known = Known::default();
    let mut check =
        Check { documents, known: &known, notices: &mut notices, violations: String::new(), needs: Vec::new() };
    let outcome = check.single(schema, values);
    if check.needs.is_empty() { outcome } else { Err(SchemaError::Needs(check.needs).to_string()) }
}

struct Check<'a> {
    documents: &'a Documents,
    known: &'a Known,
    notices: &'a mut Vec<Notice>,
    violations: String,
    needs: Vec<String>,
}

impl Check<'_> {
    fn chart(&mut self, chart: &Chart, values: &Map) {
        let checked = chart.content.schema.as_ref().map_or(Ok(()), |schema| self.single(schema, values));
        if let Err(text) = checked {
            self.violations.push_str(&format!("{}:\n{text}", chart.name()));
        }
        for child in &chart.dependencies {
            match values.get(child.name().as_bytes()) {
                None | Some(Value::Nil) => {}
                Some(Value::Map(values)) => self.chart(child, &values),
                Some(other) => {
                    let found = other.type_of().map_or("<nil>".to_owned(), |of| of.to_string());
                    let text = "invalid type for values: expected object (map), got";
                    self.violations.push_str(&format!("{}:\n{text} {found}\n", child.name()));
                }
            }
        }
    }

    /// Checks values against one schema; the text of a violation ends with its line.
    fn single(&mut self, schema: &File, values: &Map) -> Result<(), String> {
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("schema".into()).stack_size(STACK);
            let thread = thread.spawn_scoped(scope, || self.check(schema, values));
            let thread = thread.map_err(|error| format!("start a thread for a schema: {error}\n"))?;
            thread.join().unwrap_or_else(|_| Err("the check has ended with a panic\n".to_owned()))
        })
    }

    fn check(&mut self, schema: &File, values: &Map) -> Result<(), String> {
        let compiled = match self.known.get(&schema.data, self.documents) {
            Ok(compiled) => compiled,
            Err(Flaw::Told(text, notices)) => {
                self.notices.extend(notices);
                return Err(text);
            }
            Err(Flaw::Needs(needs)) => {
                self.needs.extend(needs);
                return Ok(());
            }
        };
        self.notices.extend(compiled.notices.iter().cloned());
        let instance = to_json(&Value::Map(values.clone()));
        if !steps::are_bounded(&compiled.json, self.documents, &instance) {
            return Err(format!("{}\n", steps::TOO_MANY));
        }
        let Err(mut error) = compiled.schemas.validate(&instance, compiled.index) else { return Ok(()) };
        if !multiple::retain(&mut error) {
            return Ok(());
        }
        let text = message::text(&error, &compiled.json);
        let first = format!("jsonschema validation failed with '{NAME}#'\n");
        Err(format!("{}\n", text.strip_prefix(&first).unwrap_or(&text)))
    }
}
