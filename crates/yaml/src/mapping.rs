//! The end of a mapping: double keys, merge keys.

use std::collections::{BTreeMap, HashMap};

use crate::{
    error::{DuplicateKey, Error},
    go,
    node::{Mapping, Node, Position, Tag, Value},
    parse::{Duplicates, Rules},
    resolve::Flavor,
    shown::shown,
};

/// A node and what it was before aliases were expanded.
pub(crate) struct Child {
    pub(crate) node: Node,
    /// The alias's name.
    pub(crate) alias: Option<String>,
    /// Whether it is `<<` in a form that merges.
    pub(crate) merge: bool,
    /// Where it stands; for an alias not the place of its node.
    pub(crate) at: Position,
}

type Entries = Vec<(Child, Child)>;

/// Makes a mapping of its entries; complaints come back beside it.
pub(crate) fn close(entries: Entries, rules: Rules) -> Result<(Mapping, Vec<DuplicateKey>), Error> {
    let complaints = match rules.flavor {
        Flavor::V3 => duplicates(&entries),
        Flavor::V2 => Vec::new(),
    };
    if !complaints.is_empty() {
        return Ok((Mapping::new(), complaints));
    }
    check_keys(&entries)?;
    match rules.flavor {
        Flavor::V3 => Ok((merged(entries)?, complaints)),
        Flavor::V2 => written_over(entries, rules.duplicates),
    }
}

/// v3 compares kind and text, so that `1` and `"1"` are the same key.
fn duplicates(entries: &Entries) -> Vec<DuplicateKey> {
    let mut seen: HashMap<(u8, &str), Vec<Position>> = HashMap::with_capacity(entries.len());
    let mut later = Vec::new();
    for (key, _) in entries {
        let places = seen.entry(identity(key)).or_default();
        later.extend(places.iter().map(|first| (*first, key)));
        places.push(key.at);
    }
    // Go reports by the first of each pair.
    later.sort_by_key(|(first, _)| (first.line, first.column));
    later.into_iter().map(|(first, key)| complaint(first, key)).collect()
}

fn complaint(first: Position, later: &Child) -> DuplicateKey {
    let key = identity(later).1.to_owned();
    DuplicateKey { key: go::quote(&key), at: later.at, first: first.line }
}

fn identity(key: &Child) -> (u8, &str) {
    match (&key.alias, &key.node.value) {
        (Some(name), _) => (0, name),
        (None, Value::Scalar(text)) if key.node.tag == Tag::Binary => (1, text),
        (None, Value::Scalar(text)) => (1, text),
        (None, Value::Sequence(_)) => (2, ""),
        (None, Value::Mapping(_)) => (3, ""),
    }
}

fn check_keys(entries: &Entries) -> Result<(), Error> {
    let scalar = |key: &Child| matches!(key.node.value, Value::Scalar(_));
    match entries.iter().find(|(key, _)| !scalar(key)) {
        Some((key, _)) => Err(Error::Key { key: shown(&key.node), at: key.at }),
        None => Ok(()),
    }
}

/// v3: what a mapping says itself counts, then what is merged, the first first.
fn merged(entries: Entries) -> Result<Mapping, Error> {
    let mut mapping = Mapping::new();
    let mut sources = Vec::new();
    for (key, value) in entries {
        match key.merge {
            true => sources.extend(merge_sources(key.at, value)?),
            false => mapping.push(key.node, value.node),
        }
    }
    for (key, value) in sources.iter().flat_map(Mapping::entries) {
        if position(&mapping, key).is_none() {
            mapping.push(key.clone(), value.clone());
        }
    }
    Ok(mapping)
}

/// v2: each entry writes over what came before it, merged or not.
fn written_over(entries: Entries, duplicates: Duplicates) -> Result<(Mapping, Vec<DuplicateKey>), Error> {
    let mut map = Written { duplicates, ..Written::default() };
    for (key, value) in entries {
        if !key.merge {
            map.write(key.node, value.node, value.at);
            continue;
        }
        for source in merge_sources(key.at, value)?.into_iter().rev() {
            for (key, value) in source.entries() {
                map.write(key.clone(), value.clone(), value.at);
            }
        }
    }
    Ok((map.mapping, map.complaints))
}

/// A mapping under way, and where its keys are by what they mean: `yes` and `true` are one key.
#[derive(Default)]
struct Written {
    mapping: Mapping,
    places: BTreeMap<(bool, String), usize>,
    complaints: Vec<DuplicateKey>,
    duplicates: Duplicates,
}

impl Written {
    fn write(&mut self, key: Node, value: Node, at: Position) {
        let shown = shown(&key);
        let identity = (key.tag == Tag::Float, shown);
        match self.places.get(&identity) {
            None => {
                self.places.insert(identity, self.mapping.len());
                self.mapping.push(key, value);
            }
            Some(_) if self.duplicates == Duplicates::Refuse => {
                self.complaints.push(DuplicateKey { key: identity.1, at, first: 0 });
            }
            Some(&index) => {
                if let Some((_, old)) = self.mapping.entries_mut().get_mut(index) {
                    *old = value;
                }
            }
        }
    }
}

fn position(mapping: &Mapping, key: &Node) -> Option<usize> {
    mapping.entries().iter().position(|(known, _)| known == key)
}

fn merge_sources(at: Position, value: Child) -> Result<Vec<Mapping>, Error> {
    match value.node.value {
        Value::Mapping(mapping) => Ok(vec![mapping]),
        // A list of mappings may not hide behind an alias.
        Value::Sequence(items) if value.alias.is_none() => {
            items.into_iter().map(|item| into_mapping(item, at)).collect()
        }
        _ => Err(Error::Merge { at }),
    }
}

fn into_mapping(node: Node, at: Position) -> Result<Mapping, Error> {
    match node.value {
        Value::Mapping(mapping) => Ok(mapping),
        _ => Err(Error::Merge { at }),
    }
}
