//! Values of users over those of charts, parents' over dependencies', as Helm 4.2 puts them together.
//!
//! A dependency's values are the map that stands under its name in its parent's: what a template changes in one, the
//! other shows.

use std::collections::BTreeSet;

use sluice_template::{Map, Str, Value};

use crate::{
    chart::Chart,
    notice::Notice,
    print::{as_boolean, shown},
    values::deep_copy,
};

/// The key whose map all charts see.
pub(crate) const GLOBAL: &str = "global";

/// What becomes of `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// It takes away what is below it, and goes with it.
    Delete,
    /// It stays, for a later time.
    Keep,
}

/// Why values and charts do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The name of a dependency stands for something else than a map.
    #[error("type mismatch on {name}: {value}")]
    Type {
        /// The dependency.
        name: String,
        /// The value as Go's `%t` prints it.
        value: String,
    },
    /// Dependencies under so many names that they are too many.
    #[error("the chart has more than {limit} charts in it, those with several names counted for each")]
    Charts {
        /// How many are allowed.
        limit: usize,
    },
    /// Values are imported to a place that is too deep.
    #[error("import-values of {dependency}: the path to the parent's values has more than {limit} names")]
    Path {
        /// The dependency.
        dependency: String,
        /// How many are allowed.
        limit: usize,
    },
}

/// Returns a copy of values, completed with the defaults of a chart and of all below it.
///
/// # Errors
/// When the name of a dependency stands for something else than a map.
pub fn coalesce(chart: &Chart, values: &Map, nulls: Nulls, notices: &mut Vec<Notice>) -> Result<Map, Mismatch> {
    let values = deep_copy(values);
    Coalesce { nulls, notices }.chart(chart, &values, "")?;
    Ok(values)
}

/// Puts a table below another, which counts where both say something, and returns that.
pub(crate) fn coalesce_tables(above: &Map, below: &Map, nulls: Nulls, notices: &mut Vec<Notice>) {
    Coalesce { nulls, notices }.tables(above, below, "", nulls);
}

struct Coalesce<'a> {
    nulls: Nulls,
    notices: &'a mut Vec<Notice>,
}

impl Coalesce<'_> {
    fn chart(&mut self, chart: &Chart, values: &Map, prefix: &str) -> Result<(), Mismatch> {
        self.defaults(chart, values, prefix);
        self.dependencies(chart, values, prefix)
    }

    fn dependencies(&mut self, chart: &Chart, values: &Map, prefix: &str) -> Result<(), Mismatch> {
        for child in &chart.dependencies {
            let name = child.name();
            let own = match values.get(name.as_bytes()) {
                Some(Value::Map(own)) => own,
                Some(other) => return Err(Mismatch::Type { name: name.to_owned(), value: as_boolean(&other) }),
                None => Map::default(),
            };
            values.set(name, Value::Map(own.clone()));
            let prefix = joined(prefix, chart.name());
            self.globals(&own, values, &prefix);
            self.chart(child, &own, &prefix)?;
        }
        Ok(())
    }

    /// Gives a dependency what all charts see; where it has some of it already, its parent's counts.
    fn globals(&mut self, child: &Map, parent: &Map, prefix: &str) {
        let (Some(own), Some(given)) = (self.global_of(child, "destination"), self.global_of(parent, "source")) else {
            return;
        };
        for (name, value) in given.entries() {
            match (own.get(name.as_bytes()), value) {
                (None, Value::Map(table)) => own.set(name, Value::Map(table.shallow_copy())),
                (Some(Value::Map(below)), Value::Map(table)) => {
                    let table = table.shallow_copy();
                    self.tables(&table, &below, &joined(prefix, &name.to_text()), Nulls::Keep);
                    own.set(name, Value::Map(table));
                }
                (Some(_), Value::Map(_)) => {
                    let name = sluice_yaml::quote(&name.to_text());
                    self.say(format!("Conflict: cannot merge map onto non-map for {name}. Skipping."));
                }
                (Some(Value::Map(_)), _) => self.say(format!("key {name} is table. Skipping")),
                (_, value) => own.set(name, value),
            }
        }
        child.set(GLOBAL, Value::Map(own));
    }

    fn global_of(&mut self, values: &Map, role: &str) -> Option<Map> {
        match values.get(GLOBAL.as_bytes()) {
            None => Some(Map::default()),
            Some(Value::Map(global)) => Some(global),
            Some(_) => {
                self.say(format!("warning: skipping globals because {role} {GLOBAL} is not a table."));
                None
            }
        }
    }

    /// Puts a chart's defaults below its values.
    fn defaults(&mut self, chart: &Chart, values: &Map, prefix: &str) {
        let prefix = joined(prefix, chart.name());
        for (name, default) in deep_copy(&chart.default_values()).entries() {
            match values.get(name.as_bytes()) {
                Some(Value::Nil) if self.nulls == Nulls::Delete => {
                    values.remove(name.as_bytes());
                }
                Some(Value::Map(own)) => self.table(chart, &own, &name.to_text(), default, &prefix),
                Some(_) => {}
                None => self.copied(values, name, default),
            }
        }
    }

    /// Puts a default below a table.
    fn table(&mut self, chart: &Chart, own: &Map, name: &str, default: Value, prefix: &str) {
        match default {
            Value::Map(default) => {
                // What is a dependency's is not settled yet: its own defaults come later.
                let of_child = chart.dependencies.iter().any(|child| child.name() == name);
                let nulls = if of_child { Nulls::Keep } else { self.nulls };
                if nulls == Nulls::Delete {
                    without_nulls(&default);
                }
                self.tables(own, &default, &joined(prefix, name), nulls);
            }
            Value::Nil => {}
            _ => self.say(format!("warning: skipped value for {prefix}.{name}: Not a table.")),
        }
    }

    fn copied(&mut self, values: &Map, name: Str, default: Value) {
        if self.nulls == Nulls::Delete {
            match &default {
                Value::Nil => return,
                Value::Map(table) => without_nulls(table),
                _ => {}
            }
        }
        values.set(name, default);
    }

    fn tables(&mut self, above: &Map, below: &Map, prefix: &str, nulls: Nulls) {
        let set = below.entries().into_iter().filter(|(_, value)| !matches!(value, Value::Nil));
        let set: BTreeSet<_> = set.map(|(name, _)| name).collect();
        for (name, value) in above.entries() {
            if matches!(value, Value::Nil) {
                below.set(name, Value::Nil);
            }
        }
        for (name, value) in below.entries() {
            let full = joined(prefix, &name.to_text());
            let was_set = set.contains(&name);
            match (above.get(name.as_bytes()), value) {
                (Some(Value::Nil), _) if nulls == Nulls::Delete && was_set => {
                    above.remove(name.as_bytes());
                }
                (None, value) => above.set(name, value),
                (Some(Value::Map(own)), Value::Map(table)) => self.tables(&own, &table, &full, nulls),
                (Some(_), Value::Map(table)) => {
                    let value = shown(&Value::Map(table));
                    self.say(format!("warning: cannot overwrite table with non table for {full} ({value})"));
                }
                (Some(Value::Map(_)), value) if !matches!(value, Value::Nil) => {
                    let value = shown(&value);
                    let text = "is a table. Ignoring non-table value";
                    self.say(format!("warning: destination for {full} {text} ({value})"));
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, text: String) {
        self.notices.push(Notice::info(text));
    }
}

/// Takes away every `null`, below too.
pub(crate) fn without_nulls(values: &Map) {
    for (name, value) in values.entries() {
        match value {
            Value::Nil => {
                values.remove(name.as_bytes());
            }
            Value::Map(inner) => without_nulls(&inner),
            _ => {}
        }
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}
