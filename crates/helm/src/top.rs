//! The values that a chart's templates are rendered with.

mod methods;

use sluice_template::{Map, Str, Type, Value};

use crate::{
    chart::Chart,
    coalesce::{Mismatch, Nulls, coalesce},
    notice::Notice,
    schema::{self, Documents, Known, SchemaError},
};

pub use methods::VALUES;

/// What `.Release` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Where it is installed.
    pub namespace: String,
    /// How often it has been.
    pub revision: i64,
    /// Whether there was one before.
    pub is_upgrade: bool,
}

/// Why there are no values to render with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopError {
    /// The values do not fit the charts.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The values do not fit the schemas.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// Whether schemas count.
#[derive(Debug, Clone, Copy)]
pub enum Schemas<'a> {
    /// They do; the documents are those that they may refer to.
    Checked(&'a Documents),
    /// They do, and what is compiled for that is kept.
    Kept(&'a Documents, &'a Known),
    /// `--skip-schema-validation`
    Skipped,
}

impl<'a> Schemas<'a> {
    /// Keeps what is compiled for checks, if there are any.
    pub(crate) fn kept(self, known: &'a Known) -> Self {
        match self {
            Self::Checked(documents) => Self::Kept(documents, known),
            other => other,
        }
    }
}

/// Returns the map that the root's templates are rendered with: `Chart`, `Capabilities`, `Release` and `Values`.
///
/// # Errors
/// When values do not fit the chart, one below it, or their schemas.
pub fn top(
    chart: &Chart,
    values: &Map,
    release: &Release,
    capabilities: Value,
    schemas: Schemas<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Map, TopError> {
    let values = coalesce(chart, values, Nulls::Delete, notices)?;
    match schemas {
        Schemas::Checked(documents) => schema::validate(chart, &values, documents, notices)?,
        Schemas::Kept(documents, known) => schema::validate_known(chart, &values, documents, known, notices)?,
        Schemas::Skipped => {}
    }
    Ok(map([
        ("Chart", Value::Map(chart.metadata.to_value())),
        ("Capabilities", capabilities),
        ("Release", Value::Map(release.to_value())),
        ("Values", Value::Map(values.converted(Type::Named(&VALUES)))),
    ]))
}

impl Release {
    fn to_value(&self) -> Map {
        map([
            ("Name", Value::string(self.name.as_str())),
            ("Namespace", Value::string(self.namespace.as_str())),
            ("IsUpgrade", Value::Bool(self.is_upgrade)),
            ("IsInstall", Value::Bool(!self.is_upgrade)),
            ("Revision", Value::int(self.revision)),
            ("Service", Value::string("Helm")),
        ])
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
    Map::new(entries.into_iter().map(|(key, value)| (Str::from(key), value)).collect())
}
