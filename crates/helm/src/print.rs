//! Values as Go's `fmt` prints them in Helm's messages.

use sluice_template::Value;

/// Returns a value as `%v` prints it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(_, value) => value.to_string(),
        Value::Float(value) => float(*value),
        Value::String(text) => text.to_string(),
        Value::List(list) => listed(list.items(), shown),
        Value::Map(map) => {
            let entries: Vec<_> = map.entries().iter().map(|(key, value)| format!("{key}:{}", shown(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
        Value::Object(object) => object.print(),
    }
}

/// Returns a value as `%t` prints it, which is meant for booleans.
pub(crate) fn as_boolean(value: &Value) -> String {
    match (value, value.type_of()) {
        (Value::Bool(value), _) => value.to_string(),
        (Value::List(list), _) => listed(list.items(), as_boolean),
        (_, Some(of)) => format!("%!t({of}={})", shown(value)),
        (_, None) => "%!t(<nil>)".into(),
    }
}

fn listed(items: &[Value], print: fn(&Value) -> String) -> String {
    let items: Vec<_> = items.iter().map(print).collect();
    format!("[{}]", items.join(" "))
}

/// `%v` turns to exponents later than `strconv`'s shortest form.
fn float(value: f64) -> String {
    if value == 0.0 || (1e-4..1e21).contains(&value.abs()) {
        return sluice_yaml::format_json(value);
    }
    sluice_yaml::format_g(value)
}
