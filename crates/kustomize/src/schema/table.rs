//! Reads the tables of merge keys that are compiled in. Their first lines say what they mean.

use std::collections::HashMap;

use super::{Property, Shape, Types};

/// Reads the table. Lines that can't be read are left out.
pub(super) fn parse(text: &str) -> Types {
    let mut names = Names::default();
    let mut kinds = HashMap::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            ["=", api_version, kind, name] => {
                kinds.insert((api_version.to_owned(), kind.to_owned()), names.index(name));
            }
            [name] if !line.starts_with(' ') => current = Some(names.index(name)),
            [name, ref rest @ ..] => {
                let property = property(rest, &mut names);
                if let Some(fields) = current.and_then(|index| names.types.get_mut(index)) {
                    fields.insert(name.to_owned(), property);
                }
            }
            [] => {}
        }
    }
    let indexes = names.indexes.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect();
    Types { kinds, names: indexes, types: names.types }
}

#[derive(Default)]
struct Names<'a> {
    indexes: HashMap<&'a str, usize>,
    types: Vec<HashMap<String, Property>>,
}

impl<'a> Names<'a> {
    fn index(&mut self, name: &'a str) -> usize {
        let next = self.types.len();
        let index = *self.indexes.entry(name).or_insert(next);
        if index == next {
            self.types.push(HashMap::new());
        }
        index
    }
}

fn property<'a>(mut words: &[&'a str], names: &mut Names<'a>) -> Property {
    let mut property = Property::default();
    while let [word, rest @ ..] = words {
        words = rest;
        match (*word, rest) {
            ("->", [name, after @ ..]) => {
                property.of = Some(names.index(name));
                words = after;
            }
            ("*", _) => property.shape = Shape::List,
            ("%", _) => property.shape = Shape::Map,
            ("!", _) => property.retained = true,
            ("~", _) => property.replaced = true,
            ("+", keys) => property.merge = Some(keys.first().map(|keys| split(keys)).unwrap_or_default()),
            _ => {}
        }
    }
    property
}

fn split(keys: &str) -> Vec<String> {
    keys.split(',').map(str::to_owned).collect()
}
