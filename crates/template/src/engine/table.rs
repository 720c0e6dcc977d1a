//! Templates by name.

use std::{collections::HashMap, sync::Arc};

use super::unit::Unit;
use crate::text::Str;

/// Names, and those below them: what `tpl` defines lies over what was there.
#[derive(Debug, Default)]
pub(crate) struct Table {
    own: HashMap<Str, Entry>,
    below: Option<Arc<Table>>,
}

/// A template under a name.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) unit: Arc<Unit>,
    /// Which of the unit's.
    pub(crate) program: usize,
    /// What errors call it.
    pub(crate) name: Str,
    /// What errors call the text that it is from.
    pub(crate) file: Str,
}

impl Table {
    pub(crate) fn over(below: Arc<Table>) -> Self {
        Self { own: HashMap::new(), below: Some(below) }
    }

    pub(crate) fn get(&self, name: &Str) -> Option<Entry> {
        let mut table = self;
        loop {
            match (table.own.get(name), &table.below) {
                (Some(entry), _) => return Some(entry.clone()),
                (None, Some(below)) => table = below,
                (None, None) => return None,
            }
        }
    }

    /// Adds the templates of a file. What is empty replaces nothing. Returns the file's own.
    pub(crate) fn add(&mut self, unit: Arc<Unit>, file: &Str) -> Option<Entry> {
        let mut own = None;
        for (program, template) in unit.programs.iter().enumerate() {
            let name = if program == unit.own { file } else { &template.name };
            let entry = Entry { unit: Arc::clone(&unit), program, name: name.clone(), file: file.clone() };
            if !template.empty || self.get(name).is_none() {
                self.own.insert(name.clone(), entry.clone());
            }
            if program == unit.own {
                own = Some(entry);
            }
        }
        own
    }
}
