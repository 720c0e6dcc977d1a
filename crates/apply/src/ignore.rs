//! Fields that are left to others (`spec.ignore`). Source: fluxcd/pkg `ssa`, drift ignore rules.
//!
//! live object, dry-run answer, rules → what still counts as drift, and what is sent when something does

use std::fmt;

use regex::Regex;
use serde_json::Value;
use sluice_object::{LabelSelector, Object};

/// Which fields of which objects are left to others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IgnoreRule {
    /// JSON pointers (RFC 6901).
    pub paths: Vec<String>,
    /// The objects; all of them if not set.
    pub target: Option<IgnoreTarget>,
}

/// Selects objects by regular expressions, which match as a whole, and by selectors. An empty text fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IgnoreTarget {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Selector of labels.
    pub labels: String,
    /// Selector of annotations.
    pub annotations: String,
}

/// A rule whose target cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRule(String);

impl fmt::Display for InvalidRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to create ignore rule selector: {}", self.0)
    }
}

impl std::error::Error for InvalidRule {}

/// Rules that are ready to use.
#[derive(Debug, Clone, Default)]
pub struct IgnoreRules(Vec<Rule>);

/// Two sets are the same when they were made alike; only tests ask.
impl PartialEq for IgnoreRules {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

#[derive(Debug, Clone)]
struct Rule {
    target: Option<Target>,
    paths: Vec<Pointer>,
    /// One of the paths is that of the whole object.
    whole: bool,
}

#[derive(Debug, Clone)]
struct Target {
    parts: [Option<Regex>; 5],
    labels: LabelSelector,
    annotations: LabelSelector,
}

/// The keys and indices of a JSON pointer.
type Pointer = Vec<String>;

impl IgnoreRules {
    /// Reads rules.
    ///
    /// # Errors
    /// When a target has something that is no regular expression or no selector.
    pub fn new(rules: &[IgnoreRule]) -> Result<Self, InvalidRule> {
        rules.iter().map(Rule::new).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the fields of an object that are left to others. One form of the object decides for all: the dry-run's
    /// answer for a Kustomization, the manifest for a release.
    pub(crate) fn of(&self, object: &Object) -> Vec<&Pointer> {
        self.0.iter().filter(|rule| rule.fits(object)).flat_map(|rule| &rule.paths).collect()
    }

    /// Says whether an object is left to others as a whole, by an empty path.
    pub(crate) fn leave_all_of(&self, object: &Object) -> bool {
        self.0.iter().any(|rule| rule.whole && rule.fits(object))
    }
}

impl Rule {
    fn new(rule: &IgnoreRule) -> Result<Self, InvalidRule> {
        let target = rule.target.as_ref().map(Target::new).transpose()?;
        let paths = rule.paths.iter().map(|path| pointer(path)).collect();
        Ok(Self { target, paths, whole: rule.paths.iter().any(String::is_empty) })
    }

    fn fits(&self, object: &Object) -> bool {
        self.target.as_ref().is_none_or(|target| target.fits(object))
    }
}

impl Target {
    fn new(target: &IgnoreTarget) -> Result<Self, InvalidRule> {
        let IgnoreTarget { group, version, kind, name, namespace, labels, annotations } = target;
        let part = |what, pattern| anchored(what, pattern);
        let selector = |what: &str, text: &str| {
            LabelSelector::parse(text).map_err(|error| InvalidRule(format!("invalid {what} selector: {error}")))
        };
        Ok(Self {
            parts: [
                part("group", group)?,
                part("version", version)?,
                part("kind", kind)?,
                part("name", name)?,
                part("namespace", namespace)?,
            ],
            labels: selector("label", labels)?,
            annotations: selector("annotation", annotations)?,
        })
    }

    fn fits(&self, object: &Object) -> bool {
        let gvk = object.gvk();
        let texts = [&*gvk.group, &gvk.version, &gvk.kind, object.name(), object.namespace()];
        let parts = self.parts.iter().zip(texts);
        let fits = |(part, text): (&Option<Regex>, &str)| part.as_ref().is_none_or(|regex| regex.is_match(text));
        parts.into_iter().all(fits)
            && self.labels.matches(|key| object.label(key))
            && self.annotations.matches(|key| object.annotation(key))
    }
}

fn anchored(what: &str, pattern: &str) -> Result<Option<Regex>, InvalidRule> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let regex = Regex::new(&format!("^(?:{pattern})$"));
    regex.map(Some).map_err(|_| InvalidRule(format!("invalid {what} regex: `{pattern}` is not a regular expression")))
}

fn pointer(text: &str) -> Pointer {
    let keys = text.strip_prefix('/').map(|rest| rest.split('/'));
    keys.into_iter().flatten().map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

/// Returns an object without some of its fields.
pub(crate) fn without(object: &Object, paths: &[&Pointer]) -> Object {
    let mut left = object.clone();
    paths.iter().for_each(|path| remove(left.value_mut(), path));
    left
}

/// Returns an object with some of its fields as they are in the live one.
pub(crate) fn with_live(object: &Object, live: &Object, paths: &[&Pointer]) -> Object {
    let mut taken = object.clone();
    for path in paths {
        match find(live.value(), path) {
            Some(value) => put_back(taken.value_mut(), path, value.clone()),
            None => remove(taken.value_mut(), path),
        }
    }
    taken
}

/// Returns what is sent in place of `desired` when something else of the object has drifted.
///
/// A field that differs is left out where another applier owns it, so that it stays theirs; else the live value is sent,
/// so that an object that needs the field keeps it.
pub(crate) fn payload(desired: &Object, live: &Object, answer: &Object, paths: &[&Pointer], manager: &str) -> Object {
    let mut sent = desired.clone();
    let drifted = paths.iter().filter(|path| find(live.value(), path) != find(answer.value(), path));
    for path in drifted {
        match find(live.value(), path) {
            Some(value) if !is_owned_by_another(live, path, manager) => put(sent.value_mut(), path, value.clone()),
            _ => remove(sent.value_mut(), path),
        }
    }
    sent
}

fn find<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| match value {
        Value::Object(map) => map.get(key),
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

fn parent<'a, 'b>(value: &'a mut Value, path: &'b [String]) -> Option<(&'a mut Value, &'b str)> {
    let (last, before) = path.split_last()?;
    let parent = before.iter().try_fold(value, |value, key| match value {
        Value::Object(map) => map.get_mut(key),
        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })?;
    Some((parent, last))
}

fn remove(value: &mut Value, path: &[String]) {
    match parent(value, path) {
        Some((Value::Object(map), key)) => _ = map.remove(key),
        Some((Value::Array(list), key)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < list.len()) {
                list.remove(index);
            }
        }
        _ => {}
    }
}

/// A field whose surroundings are not in the manifest is not brought into it.
fn put(value: &mut Value, path: &[String], new: Value) {
    match parent(value, path) {
        Some((Value::Object(map), key)) => _ = map.insert(key.into(), new),
        Some((Value::Array(list), key)) => {
            if let Some(item) = key.parse().ok().and_then(|index: usize| list.get_mut(index)) {
                *item = new;
            }
        }
        _ => {}
    }
}

/// As [`put`], but an element that comes right after the last is appended.
fn put_back(value: &mut Value, path: &[String], new: Value) {
    match parent(value, path) {
        Some((Value::Array(list), key)) if key.parse() == Ok(list.len()) => list.push(new),
        _ => put(value, path, new),
    }
}

fn is_owned_by_another(live: &Object, path: &[String], manager: &str) -> bool {
    let entries = live.value().pointer("/metadata/managedFields").and_then(Value::as_array);
    let applied =
        |entry: &&Value| entry["operation"] == "Apply" && entry["subresource"].as_str().is_none_or(str::is_empty);
    let appliers: Vec<_> = entries.into_iter().flatten().filter(applied).collect();
    let others = appliers.iter().filter(|entry| entry["manager"] != manager);
    others.into_iter().any(|entry| owns(&entry["fieldsV1"], live.value(), path))
}

/// Walks `fieldsV1` along a pointer: `f:<key>` for members, `k:<keys>` for items of lists.
fn owns(fields: &Value, value: &Value, path: &[String]) -> bool {
    let Some((key, rest)) = path.split_first() else { return true };
    let (owned, value) = match value {
        Value::Array(list) => {
            let Some(item) = key.parse::<usize>().ok().and_then(|index| list.get(index)) else { return false };
            (item_of(fields, item), item)
        }
        value => (fields.get(format!("f:{key}")), value.get(key).unwrap_or(&Value::Null)),
    };
    owned.is_some_and(|owned| owns(owned, value, rest))
}

fn item_of<'a>(fields: &'a Value, item: &Value) -> Option<&'a Value> {
    let names = |key: &str| {
        let keys: Option<serde_json::Map<String, Value>> = serde_json::from_str(key.strip_prefix("k:")?).ok();
        Some(keys?.iter().all(|(name, value)| item.get(name) == Some(value)))
    };
    fields.as_object()?.iter().find(|(key, _)| names(key) == Some(true)).map(|(_, owned)| owned)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn object(spec: Value, managers: Value) -> Object {
        let metadata = json!({"name": "web", "namespace": "apps", "labels": {"a/b": "x"}, "managedFields": managers});
        Object::new(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})).unwrap()
    }

    fn rules(target: Option<IgnoreTarget>) -> Result<IgnoreRules, InvalidRule> {
        IgnoreRules::new(&[IgnoreRule { paths: vec!["/spec/replicas".into()], target }])
    }

    fn kind(kind: &str) -> IgnoreTarget {
        IgnoreTarget { kind: kind.into(), ..IgnoreTarget::default() }
    }

    #[rstest]
    #[case(None, true)]
    #[case(Some(kind("Deployment")), true)]
    #[case(Some(kind("Deploy.*")), true)]
    #[case(Some(kind("Deploy")), false)]
    #[case(Some(IgnoreTarget { group: "apps|batch".into(), version: "v1".into(), ..kind("") }), true)]
    #[case(Some(IgnoreTarget { name: "we.".into(), namespace: "other".into(), ..kind("") }), false)]
    #[case(Some(IgnoreTarget { labels: "a/b in (x)".into(), ..kind("") }), true)]
    #[case(Some(IgnoreTarget { annotations: "a/b".into(), ..kind("") }), false)]
    fn targets_select_as_patches_do(#[case] target: Option<IgnoreTarget>, #[case] selected: bool) {
        assert_eq!(!rules(target).unwrap().of(&object(json!({}), json!([]))).is_empty(), selected);
    }

    #[rstest]
    #[case(kind("("), "failed to create ignore rule selector: invalid kind regex: `(` is not")]
    #[case(IgnoreTarget { labels: "a b".into(), ..kind("") }, "invalid label selector: unable to parse")]
    fn a_target_that_cannot_be_read_is_refused(#[case] target: IgnoreTarget, #[case] told: &str) {
        let error = rules(Some(target)).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }

    #[rstest]
    #[case("/spec/replicas", json!({"other": 1}))]
    #[case("/spec/list/1", json!({"replicas": 1, "list": [1]}))]
    #[case("/spec/missing/deep", json!({"replicas": 1, "list": [1, 2]}))]
    #[case("/spec/list/9", json!({"replicas": 1, "list": [1, 2]}))]
    fn fields_are_taken_out_where_they_are(#[case] path: &str, #[case] expected: Value) {
        let spec = match path {
            "/spec/replicas" => json!({"replicas": 1, "other": 1}),
            _ => json!({"replicas": 1, "list": [1, 2]}),
        };
        assert_eq!(without(&object(spec, json!([])), &[&pointer(path)]).value()["spec"], expected);
    }

    #[test]
    fn pointers_are_unescaped() {
        assert_eq!(pointer("/metadata/labels/a~1b~0c"), ["metadata", "labels", "a/b~c"]);
        let labels = without(&object(json!({}), json!([])), &[&pointer("/metadata/labels/a~1b")]);
        assert_eq!(labels.label("a/b"), None);
    }

    fn manager(name: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": name, "operation": operation, "fieldsV1": fields})
    }

    fn replicas() -> Value {
        json!({"f:spec": {"f:replicas": {}}})
    }

    #[rstest]
    #[case::theirs(manager("scaler", "Apply", replicas()), json!({"paused": true}))]
    #[case::an_updater_owns_nothing_for_good(manager("scaler", "Update", replicas()), json!({"paused": true, "replicas": 5}))]
    #[case::ours(manager("us", "Apply", replicas()), json!({"paused": true, "replicas": 5}))]
    #[case::of_another_field(manager("scaler", "Apply", json!({"f:spec": {}})), json!({"paused": true, "replicas": 5}))]
    fn a_drifted_field_is_left_out_or_taken_as_it_is(#[case] other: Value, #[case] expected: Value) {
        let live = object(json!({"replicas": 5, "paused": false}), json!([other]));
        let desired = object(json!({"replicas": 1, "paused": true}), json!([]));
        let path = pointer("/spec/replicas");
        assert_eq!(payload(&desired, &live, &desired, &[&path], "us").value()["spec"], expected);
    }

    #[test]
    fn a_field_that_has_not_drifted_or_is_gone_is_not_adopted() {
        let desired = object(json!({"replicas": 1}), json!([]));
        let path = pointer("/spec/replicas");
        assert_eq!(payload(&desired, &desired, &desired, &[&path], "us"), desired);
        let live = object(json!({}), json!([]));
        assert_eq!(payload(&desired, &live, &desired, &[&path], "us").value()["spec"], json!({}));
    }

    #[test]
    fn items_of_lists_are_owned_by_their_keys() {
        let fields = json!({"f:spec": {"f:containers": {"k:{\"name\":\"b\"}": {"f:image": {}}}}});
        let containers = json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]});
        let live = object(containers, json!([manager("updater", "Apply", fields)]));
        let owned = |path| is_owned_by_another(&live, &pointer(path), "us");
        assert_eq!((owned("/spec/containers/1/image"), owned("/spec/containers/0/image")), (true, false));
    }
}
