//! Values against `values.schema.json`, of a chart and of all below it.

mod formats;
mod load;
mod message;
mod multiple;

use std::collections::BTreeMap;

use boon::{CompileError, Compiler, Schemas};
use serde_json::Value as Json;
use sluice_template::{Map, Value};
use sluice_yaml::quote;

use crate::{
    chart::{Chart, File},
    notice::Notice,
    values::to_json,
};
use load::Loader;

/// The name that Helm gives each schema while it reads it.
const NAME: &str = "file:///values.schema.json";

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
    let mut check = Check { documents, notices, violations: String::new(), needs: Vec::new() };
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
    let mut check = Check { documents, notices: &mut notices, violations: String::new(), needs: Vec::new() };
    let outcome = check.single(schema, values);
    if check.needs.is_empty() { outcome } else { Err(SchemaError::Needs(check.needs).to_string()) }
}

struct Check<'a> {
    documents: &'a Documents,
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
        let schema: Json = serde_json::from_slice(&schema.data).map_err(|error| syntax(&error))?;
        let loader = Loader::new(self.documents);
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(loader.clone()));
        formats::FORMATS.iter().for_each(|format| compiler.register_format(*format));
        let mut schemas = Schemas::new();
        compiler.add_resource(NAME, schema.clone()).map_err(|error| not_compiled(&error))?;
        let compiled = compiler.compile(NAME, &mut schemas);
        self.needs.extend(loader.needs());
        self.notices.extend(loader.notices());
        let index = compiled.map_err(|error| not_compiled(&error))?;
        let instance = to_json(&Value::Map(values.clone()));
        let Err(mut error) = schemas.validate(&instance, index) else { return Ok(()) };
        if !multiple::retain(&mut error) {
            return Ok(());
        }
        let text = message::text(&error, &schema);
        let first = format!("jsonschema validation failed with '{NAME}#'\n");
        Err(format!("{}\n", text.strip_prefix(&first).unwrap_or(&text)))
    }
}

fn syntax(error: &serde_json::Error) -> String {
    match error.to_string() {
        _ if error.is_eof() => "unexpected EOF".into(),
        text if text.starts_with("trailing characters") => "invalid character after top-level value".into(),
        text => text,
    }
}

fn not_compiled(error: &CompileError) -> String {
    match error {
        CompileError::ValidationError { url, src } => {
            let url = quote(&message::with_fragment(url));
            format!("{url} is not valid against metaschema: {}", message::text(src, &Json::Null))
        }
        CompileError::LoadUrlError { url, src } => format!("failing loading {}: {src}", quote(url)),
        CompileError::JsonPointerNotFound(url) => format!("json-pointer in {} not found", quote(url)),
        CompileError::AnchorNotFound { url, reference } => {
            format!("anchor in {} not found in schema {}", quote(reference), quote(url))
        }
        other => format!("{other:#}"),
    }
}
