//! Text to nodes.

use crate::{
    compose::Composer,
    error::Error,
    node::{Node, Position},
    resolve::Flavor,
    scan,
};

/// How much one text may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Collections inside each other, aliases expanded.
    pub depth: usize,
    /// Nodes, aliases expanded.
    pub nodes: usize,
}

impl Default for Limits {
    /// Far above what an API server takes (1.5 MiB per object), far below what hurts.
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 400, nodes: 8_000_000 }
    }
}

/// What to do about a key that a mapping has twice under go-yaml v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The last one counts, as for `yaml.Unmarshal`.
    #[default]
    LastWins,
    /// They are refused, as by `yaml.UnmarshalStrict`; so is a key that overrides a merged one.
    Refuse,
}

/// Reads all documents as go-yaml v3 does.
///
/// Aliases and merge keys are expanded. A document without content is a null node.
///
/// # Errors
/// Where go-yaml fails, and where the text goes beyond the limits.
pub fn parse_all(text: &str, limits: &Limits) -> Result<Vec<Node>, Error> {
    documents(text, Rules { flavor: Flavor::V3, duplicates: Duplicates::Refuse }, limits)
}

/// Reads all documents as go-yaml v2 does, which is what `sigs.k8s.io/yaml` reads with.
///
/// # Errors
/// Where go-yaml fails, and where the text goes beyond the limits.
pub fn parse_all_v2(text: &str, duplicates: Duplicates, limits: &Limits) -> Result<Vec<Node>, Error> {
    documents(text, Rules { flavor: Flavor::V2, duplicates }, limits)
}

/// Whose rules the composer follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) flavor: Flavor,
    pub(crate) duplicates: Duplicates,
}

/// Reads the first document and leaves the rest unread, as `Unmarshal` of both libraries does.
///
/// # Errors
/// Where go-yaml fails before the end of the document, and where the text goes beyond the limits.
pub fn parse_first(text: &str, flavor: Flavor, duplicates: Duplicates, limits: &Limits) -> Result<Node, Error> {
    let mut composer = composer(text, Rules { flavor, duplicates }, limits)?;
    Ok(composer.document()?.unwrap_or_else(Node::null))
}

fn documents(text: &str, rules: Rules, limits: &Limits) -> Result<Vec<Node>, Error> {
    let mut composer = composer(text, rules, limits)?;
    let mut documents = Vec::new();
    while let Some(document) = composer.document()? {
        documents.push(document);
    }
    Ok(documents)
}

fn composer<'a>(text: &'a str, rules: Rules, limits: &Limits) -> Result<Composer<'a>, Error> {
    if text.len() > limits.bytes {
        let at = Position::default();
        return Err(Error::Limit { what: "size in bytes", limit: limits.bytes, at });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    scan::check_characters(text)?;
    Ok(Composer::new(text, rules, limits))
}
