//! Values that nest without end are dropped without recursion: a template may nest them deeper than any stack.

use crate::value::Value;

/// Takes the lists and maps out of values that nobody else has, and out of those, and so on.
pub(crate) fn unnest<'a>(values: impl Iterator<Item = &'a mut Value>) {
    let mut pending: Vec<_> = containers(values).collect();
    while let Some(mut value) = pending.pop() {
        match &mut value {
            Value::List(list) => pending.extend(containers(list.alone().iter_mut())),
            Value::Map(map) => {
                let mut entries = map.alone();
                pending.extend(containers(entries.values_mut()));
            }
            _ => {}
        }
    }
}

fn containers<'a>(values: impl Iterator<Item = &'a mut Value>) -> impl Iterator<Item = Value> {
    let found = values.filter(|value| matches!(value, Value::List(_) | Value::Map(_)));
    found.map(|value| std::mem::replace(value, Value::Nil))
}
