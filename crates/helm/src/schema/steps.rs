//! How much work it is to check values against a schema, before it is done.
//!
//! The library that checks has no bounds, and schemas can make it go through each value any number of times: by
//! alternatives that all refer to one another a few lines are enough for more steps than anybody waits for. So the steps
//! are counted first, on the same way through schema and values, but without asking what holds: all alternatives are
//! taken, and whatever a reference may mean. That is never less than what the library does.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::Documents;

/// What is said of schemas that are not checked for their steps.
pub(super) const TOO_MANY: &str = "the schema takes more steps than it may; \
    hint: its alternatives refer to one another, or it nests too deep for these values";
/// What is said of those that are too large even to be read.
pub(super) const TOO_LARGE: &str = "the schema consists of more than 16000 schemas";

/// About a second.
const MOST: u64 = 2_000_000;
/// The library compares each with all before it. Public charts have less than two thousand.
const MOST_SCHEMAS: usize = 16_000;
/// Schemas in schemas, on a thread with a stack of [`STACK`](super::STACK).
const DEEPEST: usize = 500;
/// What a regular expression with repetitions can grow to before it is refused.
const LARGEST_PATTERN: u64 = 300_000;

/// Says whether a schema and what it may refer to can be read in bounded time.
pub(super) fn is_small(schema: &Json, documents: &Documents) -> bool {
    let all = std::iter::once(schema).chain(documents.values());
    all.map(schemas).sum::<usize>() <= MOST_SCHEMAS
}

/// Returns how many schemas there may be in one, itself included.
fn schemas(json: &Json) -> usize {
    usize::from(json.is_object() || json.is_boolean()) + parts(json).map(schemas).sum::<usize>()
}

/// Says whether values can be checked in a bounded number of steps.
pub(super) fn are_bounded(schema: &Json, documents: &Documents, values: &Json) -> bool {
    let mut places = Places::default();
    places.note_all(schema, None);
    documents.values().for_each(|document| places.note_all(document, None));
    let mut walk = Walk { places: &places, left: MOST, chain: Vec::new(), depth: 0 };
    walk.apply(schema, values).is_some()
}

/// Where references can lead.
#[derive(Default)]
struct Places<'a> {
    /// Documents, and what has an `$id` of its own, each with the one around it.
    resources: Vec<(&'a Json, Option<usize>)>,
    /// The innermost resource of each schema, by address.
    owners: HashMap<*const Json, usize>,
    /// Schemas by their anchors.
    anchors: HashMap<&'a str, Vec<&'a Json>>,
}

impl<'a> Places<'a> {
    /// Notes a schema and all within, wherever it stands: references may lead everywhere.
    fn note_all(&mut self, json: &'a Json, owner: Option<usize>) {
        let mut owner = owner;
        let text = |keyword: &str| json.get(keyword).and_then(Json::as_str);
        let ids = ["$id", "id"].map(text).into_iter().flatten();
        let (anchored, named): (Vec<_>, Vec<_>) = ids.partition(|id| id.starts_with('#'));
        if owner.is_none() || !named.is_empty() {
            self.resources.push((json, owner));
            owner = Some(self.resources.len() - 1);
        }
        let names = ["$anchor", "$dynamicAnchor"].map(text).into_iter().flatten();
        let fragments = anchored.into_iter().chain(named).filter_map(|id| Some(id.split_once('#')?.1));
        for name in names.chain(fragments) {
            self.anchors.entry(name).or_default().push(json);
        }
        self.owners.insert(json, owner.unwrap_or_default());
        parts(json).for_each(|part| self.note_all(part, owner));
    }

    /// Returns what a reference in a schema may mean.
    fn targets(&self, from: &Json, reference: &str) -> Vec<&'a Json> {
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let fragment = percent_decoded(fragment);
        let resources = match url {
            "" => self.around(from),
            _ => self.resources.iter().map(|(resource, _)| *resource).collect(),
        };
        let pointed = resources.into_iter().filter_map(|resource| resource.pointer(&fragment));
        pointed.chain(self.anchors.get(fragment.as_str()).into_iter().flatten().copied()).collect()
    }

    /// Returns the resources that a schema is in. Which of them the library takes for one depends on drafts.
    fn around(&self, schema: &Json) -> Vec<&'a Json> {
        let mut next = self.owners.get(&std::ptr::from_ref(schema)).copied();
        let mut found = Vec::new();
        while let Some((resource, around)) = next.and_then(|index| self.resources.get(index)) {
            found.push(*resource);
            next = *around;
        }
        found
    }
}

fn parts(json: &Json) -> Box<dyn Iterator<Item = &Json> + '_> {
    match json {
        Json::Object(fields) => Box::new(fields.values()),
        Json::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The way through schema and values. Each step ends it with `None` when there are too many.
struct Walk<'a> {
    places: &'a Places<'a>,
    left: u64,
    /// Schemas that are being applied, each to a value. One that comes to itself again at the same value is refused.
    chain: Vec<(*const Json, *const Json)>,
    depth: usize,
}

impl Walk<'_> {
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.left = self.left.checked_sub(steps as u64)?;
        Some(())
    }

    fn apply(&mut self, schema: &Json, value: &Json) -> Option<()> {
        // An error tells where its value stands, and evaluated properties are kept.
        self.spend(1 + self.depth / 8 + length(value))?;
        let Json::Object(fields) = schema else { return Some(()) };
        let link = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        let same = self.chain.iter().rev().take_while(|(_, at)| *at == link.1).count();
        self.spend(same / 8)?;
        if self.chain.iter().rev().take(same).any(|known| *known == link) || !may_be(fields, value) {
            return Some(());
        }
        if self.chain.len() >= DEEPEST {
            return None;
        }
        self.chain.push(link);
        self.assertions(fields, value)?;
        self.in_place(schema, fields, value)?;
        self.below(fields, value)?;
        self.chain.pop();
        Some(())
    }

    /// What is looked at without another schema.
    fn assertions(&mut self, schema: &Map<String, Json>, value: &Json) -> Option<()> {
        let items = |keyword: &str| schema.get(keyword).and_then(Json::as_array).map_or(0, Vec::len);
        self.spend(items("required") + items("enum"))?;
        if is_compound(value) && schema.contains_key("const") | schema.contains_key("enum") {
            self.spend((1 + items("enum")).saturating_mul(nodes(value)))?;
        }
        if value.is_array() && schema.get("uniqueItems") == Some(&Json::Bool(true)) {
            self.spend(20 * nodes(value))?;
        }
        let Json::String(text) = value else { return Some(()) };
        self.spend(text.len() / 64)?;
        if schema.contains_key("format") {
            self.spend(text.len() / 16 + text.len().saturating_mul(text.len()) / 4096)?;
        }
        self.pattern(schema.get("pattern").and_then(Json::as_str).unwrap_or_default(), text)
    }

    fn pattern(&mut self, pattern: &str, text: &str) -> Option<()> {
        let steps = pattern_size(pattern).saturating_mul(text.len() as u64) / 1024;
        self.spend(usize::try_from(steps).unwrap_or(usize::MAX))
    }

    /// Schemas for the same value.
    fn in_place(&mut self, schema: &Json, fields: &Map<String, Json>, value: &Json) -> Option<()> {
        let all = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|keyword| fields.get(keyword)).flat_map(parts);
        let one = ["not", "if", "then", "else"].into_iter().filter_map(|keyword| fields.get(keyword));
        let depending = ["dependentSchemas", "dependencies"].into_iter().filter_map(|keyword| fields.get(keyword));
        for schema in all.chain(one).chain(depending.flat_map(parts)) {
            self.apply(schema, value)?;
        }
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let Some(reference) = fields.get(keyword).and_then(Json::as_str) else { continue };
            if reference.contains("json-schema.org/") {
                self.spend(256 * nodes(value))?;
            }
            let targets = self.places.targets(schema, reference);
            self.spend(targets.len() + self.places.resources.len() / 8)?;
            for target in targets {
                self.apply(target, value)?;
            }
        }
        Some(())
    }

    /// Schemas for what is in the value.
    fn below(&mut self, schema: &Map<String, Json>, value: &Json) -> Option<()> {
        self.depth += 1;
        match value {
            Json::Object(values) => values.iter().try_for_each(|(name, value)| self.property(schema, name, value))?,
            Json::Array(items) => {
                items.iter().enumerate().try_for_each(|(index, item)| self.item(schema, index, item))?;
            }
            _ => {}
        }
        self.depth -= 1;
        Some(())
    }

    fn property(&mut self, schema: &Map<String, Json>, name: &str, value: &Json) -> Option<()> {
        let own = schema.get("properties").and_then(|properties| properties.get(name));
        if let Some(patterns) = schema.get("patternProperties").and_then(Json::as_object) {
            for (pattern, schema) in patterns {
                self.pattern(pattern, name)?;
                self.apply(schema, value)?;
            }
        }
        if let Some(names) = schema.get("propertyNames") {
            self.apply(names, &Json::String(name.to_owned()))?;
        }
        match own {
            Some(own) => self.apply(own, value),
            None => self.each(schema, &["additionalProperties", "unevaluatedProperties"], value),
        }
    }

    fn item(&mut self, schema: &Map<String, Json>, index: usize, item: &Json) -> Option<()> {
        let tuple = |keyword: &str| schema.get(keyword).and_then(|items| items.get(index));
        let own = [tuple("prefixItems"), tuple("items")];
        own.into_iter().flatten().try_for_each(|schema| self.apply(schema, item))?;
        self.each(schema, &["items", "additionalItems", "contains", "unevaluatedItems"], item)
    }

    fn each(&mut self, schema: &Map<String, Json>, keywords: &[&str], value: &Json) -> Option<()> {
        keywords.iter().filter_map(|keyword| schema.get(*keyword)).try_for_each(|schema| self.apply(schema, value))
    }
}

/// Says whether a value has the type that a schema wants; otherwise it is refused at once. Older drafts do not look at
/// types beside references.
fn may_be(schema: &Map<String, Json>, value: &Json) -> bool {
    let fits = |name: &Json| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("number" | "integer") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    match schema.get("type") {
        None => true,
        Some(_) if schema.contains_key("$ref") => true,
        Some(Json::Array(names)) => names.iter().any(fits),
        Some(name) => fits(name),
    }
}

fn length(value: &Json) -> usize {
    value.as_object().map_or(0, Map::len) + value.as_array().map_or(0, Vec::len)
}

fn is_compound(value: &Json) -> bool {
    value.is_object() || value.is_array()
}

/// Returns how many values there are in a value, itself included.
fn nodes(value: &Json) -> usize {
    1 + parts(value).map(nodes).sum::<usize>()
}

/// Returns about how large a regular expression becomes when its repetitions are written out.
fn pattern_size(pattern: &str) -> u64 {
    let counts = pattern.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let most = counts.filter_map(|count| count.split(',').filter_map(|part| part.trim().parse::<u64>().ok()).max());
    let size = most.fold(pattern.len() as u64, |size, count| size.saturating_mul(count.max(1)));
    size.min(LARGEST_PATTERN)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// Each of the definitions refers to the next twice.
    fn doubling(keyword: &str, reference: impl Fn(usize) -> Json, count: usize) -> Json {
        let two = |index: usize| json!({keyword: [reference(index + 1), reference(index + 1)]});
        let mut definitions: Map<_, _> = (0..count).map(|index| (format!("d{index}"), two(index))).collect();
        definitions.insert(format!("d{count}"), json!({"$anchor": "last"}));
        json!({"$defs": definitions, "$ref": "#/$defs/d0"})
    }

    fn pointer(index: usize) -> Json {
        json!({"$ref": format!("#/$defs/d{index}")})
    }

    #[rstest]
    #[case::few(doubling("anyOf", pointer, 8), true)]
    #[case::any_of(doubling("anyOf", pointer, 60), false)]
    #[case::one_of(doubling("oneOf", pointer, 60), false)]
    #[case::all_of(doubling("allOf", pointer, 60), false)]
    #[case::escaped(doubling("allOf", |index| json!({"$ref": format!("#/%24defs/d{index}")}), 60), false)]
    #[case::by_name(doubling("allOf", |index| json!({"$ref": format!("values.schema.json#/$defs/d{index}")}), 60), false)]
    #[case::dynamic(doubling("allOf", |index| json!({"$dynamicRef": format!("#/$defs/d{index}")}), 60), false)]
    #[case::circle(json!({"allOf": [{"$ref": "#"}]}), true)]
    #[case::circles(json!({"$defs": (0..20).map(|index| {
        let all: Vec<_> = (0..20).map(pointer).collect();
        (format!("d{index}"), json!({"allOf": all}))
    }).collect::<Map<_, _>>(), "$ref": "#/$defs/d0"}), false)]
    fn alternatives_that_refer_to_one_another_are_counted(#[case] schema: Json, #[case] bounded: bool) {
        assert_eq!(are_bounded(&schema, &Documents::new(), &json!({"a": 1})), bounded);
    }

    #[test]
    fn depth_is_bounded() {
        let chain = |count: usize| {
            let next = |index: usize| (format!("d{index}"), json!({"allOf": [pointer(index + 1)]}));
            json!({"$defs": (0..count).map(next).collect::<Map<_, _>>(), "$ref": "#/$defs/d0"})
        };
        assert!(are_bounded(&chain(100), &Documents::new(), &Json::Null));
        assert!(!are_bounded(&chain(1000), &Documents::new(), &Json::Null));
    }

    #[test]
    fn alternatives_of_another_type_cost_nothing() {
        let schema = json!({"anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"$ref": "#"}},
            {"type": "object", "additionalProperties": {"$ref": "#"}},
        ]});
        let deep = (0..60).fold(json!("x"), |inner, _| json!({"a": [inner]}));
        assert!(are_bounded(&schema, &Documents::new(), &deep));
        let twice = json!({"anyOf": [
            {"additionalProperties": {"$ref": "#"}, "items": {"$ref": "#"}},
            {"additionalProperties": {"$ref": "#"}, "items": {"$ref": "#"}},
        ]});
        assert!(!are_bounded(&twice, &Documents::new(), &deep));
    }

    #[rstest]
    #[case("^[a-z]+$", 20, true)]
    #[case("^([a-z]{0,63}){0,63}$", 1 << 20, false)]
    fn patterns_count_by_their_size(#[case] pattern: &str, #[case] length: usize, #[case] bounded: bool) {
        let schema = json!({"pattern": pattern});
        assert_eq!(are_bounded(&schema, &Documents::new(), &Json::String("a".repeat(length))), bounded);
    }
}
