//! Values to text, byte for byte as Go's two YAML libraries print them.
//!
//! JSON value or node → [`item::Item`] (text and style) → [`layout`] → [`writer::Writer`]

mod analyse;
mod item;
mod layout;
mod order;
mod scalar;
mod writer;

use serde_json::Value as Json;

pub(crate) use order::sort as sort_keys;

use crate::{
    error::Error,
    go,
    json::into_json,
    node::Node,
    parse::{Duplicates, Limits, parse_first},
    resolve::Flavor,
};

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmitOptions {
    /// The column after which long text is folded; `None` for never.
    pub width: Option<usize>,
}

impl EmitOptions {
    /// As kustomize, Helm and `sigs.k8s.io/yaml` print: folded after column 80.
    pub const FOLDED: Self = Self { width: Some(80) };
    /// As go-yaml prints after `FutureLineWrap`: long lines stay.
    pub const UNFOLDED: Self = Self { width: None };
}

impl Default for EmitOptions {
    fn default() -> Self {
        Self::FOLDED
    }
}

/// The order of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// As go-yaml sorts the keys of a map.
    Natural,
    /// By their bytes.
    Bytewise,
}

/// Writes a value as `sigs.k8s.io/yaml.Marshal` does, with go-yaml v2's sorted keys and quotes.
pub fn emit_v2(json: &Json, options: &EmitOptions) -> String {
    emit_json(json, Keys::Natural, options)
}

/// Writes a value as [`emit_v2`] does, but the keys in the order of their bytes: as Flux's digests of values want it.
pub fn emit_v2_bytewise(json: &Json, options: &EmitOptions) -> String {
    emit_json(json, Keys::Bytewise, options)
}

fn emit_json(json: &Json, keys: Keys, options: &EmitOptions) -> String {
    let dialect = writer::Dialect::V2;
    let settings = writer::Settings { width: options.width, indent: 2, dialect };
    layout::document(&item::of_json(json, keys), settings)
}

/// How go-yaml v3 lays out a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutOptions {
    /// Spaces per level.
    pub indent: usize,
    /// Where lists below a key stand.
    pub sequences: Sequences,
}

/// Where the dashes of a list below a key stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequences {
    /// Under the key's first letter, as kyaml writes.
    Compact,
    /// One level further in.
    Wide,
}

impl Default for LayoutOptions {
    /// What kyaml uses.
    fn default() -> Self {
        Self { indent: 2, sequences: Sequences::Compact }
    }
}

/// Writes a node as go-yaml v3 does: order and styles are kept, nothing is folded. Comments,
/// anchors and tags that go without saying are not written.
pub fn emit_v3(node: &Node, options: &LayoutOptions) -> String {
    let dialect = match options.sequences {
        Sequences::Compact => writer::Dialect::V3Compact,
        Sequences::Wide => writer::Dialect::V3,
    };
    // go-yaml goes back to two spaces for indents it finds strange.
    let indent = if (2..=9).contains(&options.indent) { options.indent } else { 2 };
    layout::document(&item::of_node(node), writer::Settings { width: None, indent, dialect })
}

/// Does what `sigs.k8s.io/yaml.JSONToYAML` and `Marshal` do: the value is written as JSON, read
/// back as YAML and printed as by [`emit_v2`].
///
/// # Errors
/// Where go-yaml can't read the JSON: characters it refuses, keys of more than 1024 characters.
pub fn json_to_yaml(json: &Json, options: &EmitOptions) -> Result<String, Error> {
    if survives_reading(json) {
        return Ok(emit_v2(json, options));
    }
    let text = go::json_text(json);
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    let node = parse_first(&text, Flavor::V2, Duplicates::LastWins, &limits)?;
    Ok(emit_v2(&into_json(node)?, options))
}

/// Says whether reading a value's JSON as YAML surely gives the value again.
fn survives_reading(json: &Json) -> bool {
    // Escaped, a character takes six at most.
    const LONGEST_KEY: usize = 1000 / 6;
    match json {
        Json::String(text) => is_plain(text),
        Json::Array(items) => items.iter().all(survives_reading),
        Json::Object(map) => {
            map.iter().all(|(key, value)| key.len() <= LONGEST_KEY && is_plain(key) && survives_reading(value))
        }
        _ => true,
    }
}

/// Says whether text has nothing that Go's JSON leaves as it is and YAML reads otherwise.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'))
}
