//! The tables of a document, and which keys may be said again.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{keys, scan::Wrong};
use crate::{text::Str, value::Value};

/// Tables lie in each other no deeper than this.
const DEEPEST: usize = 400;

/// What stands under a key.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    Value(Value),
    Table(Entries),
    Tables(Vec<Entries>),
}

type Entries = BTreeMap<Str, Tree>;

/// The state that keys are checked against.
#[derive(Debug, Default)]
pub(super) struct Tables {
    root: Entries,
    /// The table that pairs go into.
    context: Vec<Str>,
    /// The key whose value is being read.
    current: Option<Str>,
    /// Tables that only exist because something is in them. They may be said once.
    implicit: HashSet<Vec<u8>>,
    lists: HashMap<Vec<u8>, bool>,
    /// The line of the last key, where errors about keys are.
    pub(super) line: usize,
}

/// Where reading goes on after a value.
pub(super) struct Outer {
    context: Vec<Str>,
    current: Option<Str>,
}

/// Where an inline table stands, and what is in it.
pub(super) struct Inline {
    outer: Outer,
    context: Vec<Str>,
}

impl Tables {
    /// Returns the document.
    pub(super) fn finish(self) -> Vec<(Str, Tree)> {
        self.root.into_iter().collect()
    }

    /// Returns the key that an error tells.
    pub(super) fn last_key(&self) -> String {
        let context = keys::dotted(&self.context.iter().map(Str::as_bytes).collect::<Vec<_>>());
        let current = self.current.as_ref().map(Str::as_bytes).unwrap_or_default();
        let parts: Vec<&[u8]> = [&context[..], current].into_iter().filter(|part| !part.is_empty()).collect();
        String::from_utf8_lossy(&parts.join(&b'.')).into_owned()
    }

    /// Opens the table, or the next one of an array, that a header names.
    pub(super) fn open(&mut self, name: &[Str], array: bool) -> Result<(), Wrong> {
        self.establish(name, array)?;
        self.lists.insert(path(&self.context), false);
        Ok(())
    }

    /// Goes to the table that a dotted key names, and waits for its value.
    pub(super) fn enter(&mut self, mut key: Vec<Str>) -> Result<Outer, Wrong> {
        let outer = Outer { context: self.context.clone(), current: None };
        self.current = key.pop();
        for part in key {
            let parent = [&self.context[..], &[part]].concat();
            self.implicit.insert(path(&parent));
            self.establish(&parent, false)?;
        }
        Ok(outer)
    }

    /// Writes the value that was waited for.
    pub(super) fn set(&mut self, value: Tree) -> Result<(), Wrong> {
        let Some(key) = self.current.clone() else {
            return Ok(());
        };
        let list = matches!(value, Tree::Value(Value::List(_)));
        self.write(&key, value)?;
        self.lists.insert(path(&[&self.context[..], &[key]].concat()), list);
        Ok(())
    }

    /// Goes back to where the pair stood.
    pub(super) fn leave(&mut self, outer: Outer, inline: bool) {
        self.context = outer.context;
        if !inline {
            self.current = outer.current;
        }
    }

    /// Notes that the value which is waited for is a list.
    pub(super) fn mark_list(&mut self) {
        let key = self.here();
        self.lists.insert(path(&key), true);
    }

    /// Opens the table that is the value which is waited for.
    pub(super) fn begin_inline(&mut self, in_list: bool) -> Result<Inline, Wrong> {
        let outer = Outer { context: self.context.clone(), current: self.current.clone() };
        let context = self.here();
        self.context.clone_from(&context);
        self.current = None;
        self.implicit.insert(path(&context));
        self.establish(&context, in_list)?;
        Ok(Inline { outer, context })
    }

    /// Goes back and returns what was in the table.
    pub(super) fn end_inline(&mut self, inline: Inline) -> Tree {
        let Inline { outer, context } = inline;
        let found = self.table(&context).map(|entries| entries.clone()).unwrap_or_default();
        self.context = outer.context;
        self.current = outer.current;
        Tree::Table(found)
    }

    fn here(&self) -> Vec<Str> {
        let current = self.current.clone().unwrap_or_else(|| Str::from(""));
        [&self.context[..], &[current]].concat()
    }

    fn wrong(&self, text: String) -> Wrong {
        Wrong { text, line: self.line }
    }

    /// Makes sure that a table is there, with those that it is in, and makes it the one that pairs go into.
    fn establish(&mut self, name: &[Str], array: bool) -> Result<(), Wrong> {
        let Some((last, parents)) = name.split_last() else {
            return Ok(());
        };
        if name.len() > DEEPEST {
            return Err(self.wrong(format!("tables lie in each other more than {DEEPEST} times")));
        }
        let mut made = Vec::new();
        let mut entries = &mut self.root;
        for (at, part) in parents.iter().enumerate() {
            let missing = !entries.contains_key(part);
            if missing {
                made.push(path(&name[..=at]));
            }
            entries = match entries.entry(part.clone()).or_insert_with(|| Tree::Table(Entries::new())) {
                Tree::Table(inner) => inner,
                Tree::Tables(tables) => match tables.last_mut() {
                    Some(inner) => inner,
                    None => return Ok(()),
                },
                Tree::Value(_) => {
                    let text = format!("Key '{}' was already created as a hash.", display(&name[..=at]));
                    return Err(self.wrong(text));
                }
            };
        }
        if array {
            match entries.entry(last.clone()).or_insert_with(|| Tree::Tables(Vec::new())) {
                Tree::Tables(tables) => tables.push(Entries::new()),
                _ => {
                    self.context = parents.to_vec();
                    let text = format!("Key '{}' was already created and cannot be used as an array.", display(name));
                    return Err(self.wrong(text));
                }
            }
        }
        self.implicit.extend(made);
        self.context = parents.to_vec();
        if !array {
            self.write(last, Tree::Table(Entries::new()))?;
        }
        self.context = name.to_vec();
        Ok(())
    }

    /// Writes below the table that pairs go into, unless that was said already.
    fn write(&mut self, key: &Str, value: Tree) -> Result<(), Wrong> {
        let context = self.context.clone();
        let full = [&context[..], std::slice::from_ref(key)].concat();
        let name = path(&full);
        let (implicit, list) = (self.implicit.contains(&name), self.lists.get(&name) == Some(&true));
        let line = self.line;
        let Some(entries) = self.table(&context) else {
            return Err(Wrong { text: format!("Key '{}' has already been defined.", display(&context)), line });
        };
        match (entries.contains_key(key), implicit) {
            (false, _) => {
                entries.insert(key.clone(), value);
            }
            (true, false) => {
                return Err(Wrong { text: format!("Key '{}' has already been defined.", display(&full)), line });
            }
            (true, true) => {
                if list {
                    entries.insert(key.clone(), value);
                }
                self.implicit.remove(&name);
            }
        }
        Ok(())
    }

    fn table(&mut self, context: &[Str]) -> Option<&mut Entries> {
        let mut entries = &mut self.root;
        for part in context {
            entries = match entries.get_mut(part)? {
                Tree::Table(inner) => inner,
                Tree::Tables(tables) => tables.last_mut()?,
                Tree::Value(_) => return None,
            };
        }
        Some(entries)
    }
}

fn path(key: &[Str]) -> Vec<u8> {
    keys::dotted(&key.iter().map(Str::as_bytes).collect::<Vec<_>>())
}

fn display(key: &[Str]) -> String {
    String::from_utf8_lossy(&path(key)).into_owned()
}
