//! The patch that a client sends so that an object becomes what a new release of a chart says: Helm's client-side apply.
//!
//! [`Change`] → [`three_way`] → [`ClientPatch`]
//!
//! The patches are those of Helm 4.2.4, which compares with client-go's types. What goes is found between the original
//! and the modified object, what comes or changes between the current and the modified one. Fields and kinds that
//! client-go's types lack are compared as JSON; there the original refuses many changes.

mod diff;
mod elements;
mod json;
mod merge;

use serde_json::{Map, Number, Value};

use self::diff::{Pass, Wanted};
use crate::schema::{Schema, Types};

type Fields = Map<String, Value>;

/// The key that says what to do with an element.
const DIRECTIVE: &str = "$patch";
/// What that key says of an element that goes.
const DELETE: &str = "delete";
/// The key with the keys of a mapping that stay.
const RETAIN_KEYS: &str = "$retainKeys";
/// Begins the key with the elements of a list of texts that go.
const DELETE_TEXTS: &str = "$deleteFromPrimitiveList/";
/// Begins the key with the order of a list.
const ORDER: &str = "$setElementOrder/";

/// An object in its three states.
#[derive(Debug, Clone, Copy)]
pub struct Change<'v> {
    /// As it was applied last.
    pub original: &'v Value,
    /// As it shall be.
    pub modified: &'v Value,
    /// As it is in the cluster.
    pub current: &'v Value,
}

/// How objects of kinds are compared that client-go does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherKinds {
    /// The original with the modified object; the current one counts for nothing.
    #[default]
    TwoWay,
    /// All three.
    ThreeWay,
}

/// A patch, by the way in which the server applies it.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientPatch {
    /// A strategic merge patch.
    Strategic(Value),
    /// A JSON merge patch.
    Merge(Value),
}

/// Why no patch can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("compare `{field}`: {problem}")]
pub struct ThreeWayError {
    field: String,
    problem: Incomparable,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Incomparable {
    #[error("an element has no `{0}`; hint: elements of this list are told apart by it")]
    NoKey(String),
    #[error("its elements are not of one type")]
    Type,
    #[error("elements with the same key are not beside each other; hint: move them together, or rename them")]
    Order,
    #[error("the current object has another one; hint: delete it first")]
    Identity,
}

impl ThreeWayError {
    fn new(problem: Incomparable) -> Self {
        Self { field: String::new(), problem }
    }

    /// Says in which field the problem's field is.
    fn below(mut self, name: &str) -> Self {
        self.field = if self.field.is_empty() { name.to_owned() } else { format!("{name}.{}", self.field) };
        self
    }
}

/// Returns the patch that makes the change; `None` means that there is nothing to send.
///
/// ```
/// use serde_json::json;
/// use sluice_kustomize::{Change, ClientPatch, OtherKinds, three_way};
///
/// let service = |ports: &[u16]| {
///     let ports: Vec<_> = ports.iter().map(|port| json!({ "port": port })).collect();
///     json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "a" }, "spec": { "ports": ports } })
/// };
/// let (original, modified, current) = (service(&[80, 81]), service(&[80]), service(&[80, 81]));
/// let change = Change { original: &original, modified: &modified, current: &current };
/// let gone = json!({ "ports": [{ "port": 81, "$patch": "delete" }], "$setElementOrder/ports": [{ "port": 80 }] });
/// assert_eq!(three_way(&change, OtherKinds::TwoWay)?, Some(ClientPatch::Strategic(json!({ "spec": gone }))));
/// # Ok::<(), sluice_kustomize::ThreeWayError>(())
/// ```
///
/// # Errors
/// When elements of lists that are merged can't be told apart, or the current object is another one.
pub fn three_way(change: &Change<'_>, others: OtherKinds) -> Result<Option<ClientPatch>, ThreeWayError> {
    let text = |key: &str| change.modified.get(key).and_then(Value::as_str).unwrap_or_default();
    let [original, modified, current] = [change.original, change.modified, change.current].map(fields);
    let types = Types::of_clients().of(text("apiVersion"), text("kind"));
    let strategic = types.map(|types| strategic(&original, &modified, &current, types));
    let (wrap, patch): (fn(Value) -> ClientPatch, _) = match (strategic, others) {
        // What does not fit the type is for the server to refuse.
        (None | Some(Err(ThreeWayError { problem: Incomparable::Type, .. })), OtherKinds::TwoWay) => {
            (ClientPatch::Merge, json::two_way(&original, &modified))
        }
        (None | Some(Err(ThreeWayError { problem: Incomparable::Type, .. })), OtherKinds::ThreeWay) => {
            (ClientPatch::Merge, json::three_way(&original, &modified, &current)?)
        }
        (Some(strategic), _) => (ClientPatch::Strategic, strategic?),
    };
    Ok((!patch.is_empty()).then(|| wrap(Value::Object(patch))))
}

fn strategic(
    original: &Fields,
    modified: &Fields,
    current: &Fields,
    types: Schema<'_>,
) -> Result<Fields, ThreeWayError> {
    let changes = diff::mappings(current, modified, Some(types), Pass::new(Wanted::Changes))?;
    let mut patch = diff::mappings(original, modified, Some(types), Pass::new(Wanted::Deletions))?;
    merge::mappings(&mut patch, changes, Some(types))?;
    Ok(patch)
}

/// Returns an object's fields as they are when Go has written and read them.
fn fields(object: &Value) -> Fields {
    match normal(object) {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// A number without a fraction is the same however it was written.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), normal(value))).collect(),
        Value::Number(number) => whole(number).map_or_else(|| value.clone(), Value::from),
        other => other.clone(),
    }
}

fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    (float.abs() < 9e18).then_some(float as i64)
}
