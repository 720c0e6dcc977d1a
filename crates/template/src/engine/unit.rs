//! Texts, compiled.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use minijinja::Environment;

use super::{
    Language,
    lower::{Lowered, lower},
};
use crate::{
    builtins::Scope,
    syntax::{Parsed, parse},
    text::Str,
};

/// A text: the templates in it.
pub(crate) struct Unit {
    pub(crate) source: Str,
    pub(crate) programs: Vec<Program>,
    /// Which of them is the text itself.
    pub(crate) own: usize,
    /// Whether no definition in it has the name that it was compiled under.
    reusable: bool,
    /// Where minijinja keeps its templates, under the numbers of the programs.
    pub(crate) environment: Environment<'static>,
}

/// A template of a text.
#[derive(Debug)]
pub(crate) struct Program {
    /// What it was defined as; of the text itself the name of the first file with that text.
    pub(crate) name: Str,
    pub(crate) empty: bool,
    /// As minijinja knows it.
    pub(crate) number: String,
    pub(crate) lowered: Lowered,
}

/// Texts that are compiled already, by text.
///
/// Those of files stay; of those that `tpl` has brought only so many are kept.
#[derive(Debug, Default)]
pub(crate) struct Units(Mutex<HashMap<Str, Arc<Unit>>>);

/// Charts have dozens of texts for `tpl`. One that makes ever new ones shall not fill the memory.
const MOST_UNITS: usize = 4096;
const LONGEST_TEXT: usize = 64 << 10;

impl Units {
    /// Returns a text's unit. Errors begin with the name.
    pub(crate) fn compile(&self, name: &Str, text: &Str, language: &Language) -> Result<Arc<Unit>, String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
        if let Some(unit) = known.filter(|unit| unit.fits(name)) {
            return Ok(unit);
        }
        let unit = Arc::new(Unit::new(name, text, language)?);
        let mut units = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if units.len() < MOST_UNITS && text.len() <= LONGEST_TEXT && unit.reusable {
            units.insert(text.clone(), Arc::clone(&unit));
        }
        Ok(unit)
    }
}

impl Unit {
    fn new(name: &Str, text: &Str, language: &Language) -> Result<Self, String> {
        let Parsed { trees, own, redefined } =
            parse(name, text.as_bytes(), &language.delimiters, &Scope(&language.functions))?;
        let mut environment = Environment::empty();
        let mut programs = Vec::with_capacity(trees.len());
        for (number, tree) in trees.into_iter().enumerate() {
            let (name, empty, number) = (tree.name.clone(), tree.empty, number.to_string());
            let lowered = lower(tree);
            if !lowered.code.is_empty() {
                let added = environment.add_template_owned(number.clone(), lowered.code.clone());
                added.map_err(|error| format!("template: {name}:1: {error}"))?;
            }
            programs.push(Program { name, empty, number, lowered });
        }
        Ok(Self { source: text.clone(), programs, own, reusable: !redefined, environment })
    }

    /// The text itself is a template beside those that it defines: one of them may have a file's name.
    fn fits(&self, name: &Str) -> bool {
        self.programs.iter().enumerate().all(|(index, program)| index == self.own || program.name != *name)
    }
}

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unit").field("source", &self.source).field("programs", &self.programs).finish_non_exhaustive()
    }
}
