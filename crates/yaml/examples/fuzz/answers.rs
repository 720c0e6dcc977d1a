//! What a text means to a reader, and how what it means is written.

use serde::Deserialize;
use serde_json::Value as Json;
use sluice_yaml::{
    Duplicates, EmitOptions, Flavor, LayoutOptions, Limits, Node, Sequences, Value, emit_v2, emit_v3, json_text,
    parse_all, parse_first, to_json,
};

/// The answers of one side; nothing where the text is refused.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Answers {
    /// The JSON of the first document, as sigs.k8s.io/yaml makes it.
    v2: Option<String>,
    /// The JSON of all documents, as go-yaml v3 makes it.
    v3: Option<String>,
    /// That of the first, printed as sigs.k8s.io/yaml prints it.
    printed: Option<String>,
    /// The first document, printed by go-yaml v3 with lists indented.
    wide: Option<String>,
    /// The same, with lists not indented.
    compact: Option<String>,
    /// Whether the layouts can be compared: anchors, aliases and merge keys are written out here, and kept by Go.
    laid_out: bool,
    /// Whether there is nothing to compare with.
    skipped: bool,
    /// Whether different keys are the same in JSON, as `1` and `1.0`: which one counts is chance in Go.
    #[serde(default)]
    collides: bool,
}

impl Answers {
    /// Answers for this crate.
    pub(crate) fn of(text: &str) -> Self {
        let limits = Limits::default();
        let v2 = parse_first(text, Flavor::V2, Duplicates::LastWins, &limits);
        let pair = v2.ok().and_then(|node| Some((to_json(&node, Flavor::V2).ok()?, node)));
        let collides = pair.as_ref().is_some_and(|(json, node)| collides(node, json));
        let v2 = pair.map(|(json, _)| json);
        let documents = parse_all(text, &limits).ok();
        let v3 = documents.as_ref().and_then(|documents| {
            let values = documents.iter().map(|node| to_json(node, Flavor::V3)).collect::<Result<_, _>>();
            values.ok().map(serde_json::Value::Array)
        });
        let node = documents.as_ref().filter(|_| v3.is_some()).and_then(|documents| documents.first());
        let layout = |sequences| Some(emit_v3(node?, &LayoutOptions { sequences, ..LayoutOptions::default() }));
        Self {
            printed: v2.as_ref().map(|json| emit_v2(json, &EmitOptions::FOLDED)),
            v2: v2.as_ref().map(json_text),
            v3: v3.as_ref().map(json_text),
            wide: layout(Sequences::Wide),
            compact: layout(Sequences::Compact),
            laid_out: true,
            skipped: false,
            collides,
        }
    }

    /// Says where the other side answers something else.
    pub(crate) fn difference(&self, ours: &Self) -> Option<String> {
        if self.skipped || ours.collides {
            return None;
        }
        let fields = [
            ("v2", &self.v2, &ours.v2),
            ("v3", &self.v3, &ours.v3),
            ("printed", &self.printed, &ours.printed),
            ("wide", &self.wide, &ours.wide),
            ("compact", &self.compact, &ours.compact),
        ];
        let compared = if self.laid_out { &fields[..] } else { &fields[..3] };
        // Bytes that are no text are written as an escape by Go, and as the character that stands for them here.
        let unescaped = |text: &Option<String>| text.as_ref().map(|text| text.replace("\\ufffd", "\u{fffd}"));
        let same =
            |theirs: &Option<String>, ours: &Option<String>| theirs == ours || unescaped(theirs) == unescaped(ours);
        let (name, theirs, ours) = compared.iter().find(|(_, theirs, ours)| !same(theirs, ours))?;
        Some(format!("{name}\n  Go    {theirs:?}\n  here  {ours:?}"))
    }
}

fn collides(node: &Node, json: &Json) -> bool {
    match (&node.value, json) {
        (Value::Mapping(mapping), Json::Object(map)) => {
            let values = || mapping.entries().iter().map(|(_, value)| value);
            // Where none collide, both have the same values; their order differs.
            mapping.len() != map.len()
                || values().any(|value| to_json(value, Flavor::V2).is_ok_and(|json| collides(value, &json)))
        }
        (Value::Sequence(nodes), Json::Array(items)) => {
            nodes.iter().zip(items).any(|(node, json)| collides(node, json))
        }
        _ => false,
    }
}
