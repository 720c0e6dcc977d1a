//! Values to TOML: two spaces for each level, keys sorted, tables after what is no table.

use serde_json::Value as Json;
use sluice_yaml::format_g;

use super::{Refusal, keys};
use crate::{
    function::{Call, Failure},
    list::List,
    map::Map,
    object::Object,
    text::Str,
    time::{RFC3339_NANO, Time},
    types::IntKind,
    value::Value,
};

/// What Go says where there is nothing to write.
pub(super) const NO_VALUE: &str = "reflect: call of reflect.Value.Type on zero Value";

const DEEPEST: usize = 1000;

/// Writes a value.
pub(super) fn encode(value: &Value, call: &mut Call<'_>) -> Result<Vec<u8>, Refusal> {
    let mut writer = Writer { out: Vec::new(), call, depth: 0 };
    writer.value(&[], &plain(value))?;
    Ok(writer.out)
}

/// What a value is in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// `nil`, which is left out.
    Nothing,
    /// A map.
    Table,
    /// A list of nothing but maps.
    Tables,
    /// All else.
    Other,
}

/// Returns a struct as the map of its fields.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(object) => fields(object.as_ref()).map_or_else(|| value.clone(), Value::Map),
        other => other.clone(),
    }
}

fn fields(object: &dyn Object) -> Option<Map> {
    let Json::Object(fields) = object.to_json() else {
        return None;
    };
    let field = |(name, value): (&String, &Json)| (Str::from(name.as_str()), Value::from_json(value));
    Some(Map::new(fields.iter().map(field).collect()))
}

fn sort(value: &Value, depth: usize) -> Result<Sort, Refusal> {
    Ok(match value {
        Value::Nil => Sort::Nothing,
        Value::Map(_) => Sort::Table,
        Value::List(list) => list_sort(list, depth)?,
        Value::Object(object) if matches!(object.to_json(), Json::Object(_)) => Sort::Table,
        _ => Sort::Other,
    })
}

fn list_sort(list: &List, depth: usize) -> Result<Sort, Refusal> {
    within(depth)?;
    let mut tables = !list.items().is_empty();
    for item in list.items() {
        match sort(item, depth + 1)? {
            Sort::Nothing => return Err(Refusal::Go("toml: cannot encode array with nil element".into())),
            sort => tables &= sort == Sort::Table,
        }
    }
    Ok(if tables { Sort::Tables } else { Sort::Other })
}

fn within(depth: usize) -> Result<(), Refusal> {
    let text = format!("toml: values lie in each other more than {DEEPEST} times");
    if depth < DEEPEST { Ok(()) } else { Err(Refusal::Limit(Failure::new(text))) }
}

type Entries = Vec<(Str, Value)>;

struct Writer<'c, 'w> {
    out: Vec<u8>,
    call: &'c mut Call<'w>,
    depth: usize,
}

impl Writer<'_, '_> {
    /// Writes what stands under a key; nothing of a key is the whole text.
    fn value(&mut self, key: &[Str], value: &Value) -> Result<(), Refusal> {
        match (value, sort(value, self.depth)?) {
            (Value::Nil, _) if key.is_empty() => Err(Refusal::Go(NO_VALUE.into())),
            (Value::Map(map), _) => self.table(key, map),
            (Value::List(_), Sort::Tables) if key.is_empty() => {
                Err(Refusal::Go("toml: top-level values must be Go maps or structs".into()))
            }
            (Value::List(list), Sort::Tables) => self.tables(key, list),
            _ => self.line(key, value),
        }
    }

    fn table(&mut self, key: &[Str], map: &Map) -> Result<(), Refusal> {
        if key.len() == 1 {
            self.end_line();
        }
        if !key.is_empty() {
            self.header(key, "[", "]")?;
        }
        self.entries(key, map)
    }

    fn tables(&mut self, key: &[Str], list: &List) -> Result<(), Refusal> {
        for item in list.items() {
            let Value::Map(map) = plain(item) else {
                continue;
            };
            self.end_line();
            self.header(key, "[[", "]]")?;
            self.entries(key, &map)?;
        }
        Ok(())
    }

    fn header(&mut self, key: &[Str], open: &str, close: &str) -> Result<(), Refusal> {
        self.indent(key)?;
        self.write(open.as_bytes())?;
        let parts: Vec<_> = key.iter().map(Str::as_bytes).collect();
        self.write(&keys::dotted(&parts))?;
        self.write(close.as_bytes())?;
        self.end_line();
        Ok(())
    }

    fn entries(&mut self, key: &[Str], map: &Map) -> Result<(), Refusal> {
        self.depth += 1;
        within(self.depth)?;
        let (simple, tables) = self.split(map)?;
        for (name, value) in simple.into_iter().chain(tables) {
            if !matches!(value, Value::Nil) {
                self.value(&[key, &[name]].concat(), &plain(&value))?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Returns what is written first, and what opens tables.
    fn split(&self, map: &Map) -> Result<(Entries, Entries), Refusal> {
        let (mut simple, mut tables) = (Vec::new(), Vec::new());
        for (name, value) in map.entries() {
            match sort(&value, self.depth)? {
                Sort::Table | Sort::Tables => tables.push((name, value)),
                Sort::Nothing | Sort::Other => simple.push((name, value)),
            }
        }
        Ok((simple, tables))
    }

    fn line(&mut self, key: &[Str], value: &Value) -> Result<(), Refusal> {
        let Some(name) = key.last() else {
            return self.element(value);
        };
        self.indent(key)?;
        self.pair(name, value)?;
        self.end_line();
        Ok(())
    }

    fn pair(&mut self, name: &Str, value: &Value) -> Result<(), Refusal> {
        self.write(&keys::quoted(name.as_bytes()))?;
        self.write(b" = ")?;
        self.element(value)
    }

    fn element(&mut self, value: &Value) -> Result<(), Refusal> {
        match value {
            Value::Nil => Ok(()),
            Value::Bool(value) => self.write(if *value { b"true" } else { b"false" }),
            Value::Int(IntKind::Uint | IntKind::Uint64, bits) => self.write((*bits as u64).to_string().as_bytes()),
            Value::Int(_, number) => self.write(number.to_string().as_bytes()),
            Value::Float(float) => self.write(float_text(*float).as_bytes()),
            Value::String(text) => self.write(&keys::text(text.as_bytes())),
            Value::List(list) => self.array(list),
            Value::Map(map) => self.inline(map),
            Value::Object(object) => self.object(value, object.as_ref()),
        }
    }

    fn array(&mut self, list: &List) -> Result<(), Refusal> {
        self.depth += 1;
        within(self.depth)?;
        self.write(b"[")?;
        for (index, item) in list.items().iter().enumerate() {
            self.write(if index > 0 { b", " } else { b"" })?;
            self.element(&plain(item))?;
        }
        self.depth -= 1;
        self.write(b"]")
    }

    /// A comma follows what is not the last of its kind, also where what follows is left out.
    fn inline(&mut self, map: &Map) -> Result<(), Refusal> {
        self.depth += 1;
        within(self.depth)?;
        self.write(b"{")?;
        let (simple, tables) = self.split(map)?;
        for (group, more) in [(&simple, !tables.is_empty()), (&tables, false)] {
            for (index, (name, value)) in group.iter().enumerate() {
                if matches!(value, Value::Nil) {
                    continue;
                }
                self.pair(name, &plain(value))?;
                self.write(if more || index + 1 < group.len() { b", " } else { b"" })?;
            }
        }
        self.depth -= 1;
        self.write(b"}")
    }

    fn object(&mut self, value: &Value, object: &dyn Object) -> Result<(), Refusal> {
        match (value.as_time(), value.as_duration(), object.to_json()) {
            (Some(time), ..) => self.write(time_text(time).as_bytes()),
            (_, Some(duration), _) => self.write(&keys::text(duration.to_string().as_bytes())),
            (.., Json::String(text)) => self.write(&keys::text(text.as_bytes())),
            (.., other) => self.element(&Value::from_json(&other)),
        }
    }

    fn indent(&mut self, key: &[Str]) -> Result<(), Refusal> {
        self.write(&b"  ".repeat(key.len() - 1))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.call.take(bytes.len())?;
        self.out.extend(bytes);
        Ok(())
    }

    fn end_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }
}

fn float_text(float: f64) -> String {
    let sign = if float.is_sign_negative() { "-" } else { "" };
    if float.is_nan() {
        return format!("{sign}nan");
    }
    if float.is_infinite() {
        return format!("{sign}inf");
    }
    let text = format_g(float);
    if text.contains(['e', '.']) { text } else { text + ".0" }
}

/// Times that were read without a zone are written without it.
fn time_text(time: &Time) -> String {
    time.format(match time.zone.fixed_name() {
        Some("datetime-local") => "2006-01-02T15:04:05.999999999",
        Some("date-local") => "2006-01-02",
        Some("time-local") => "15:04:05.999999999",
        _ => RFC3339_NANO,
    })
}
