//! Texts, compiled.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
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

/// Texts that were compiled, as long as somebody has them: sets in which texts are equal share what they came to.
#[derive(Debug, Default)]
pub struct Texts {
    language: Language,
    units: Mutex<HashMap<Str, Weak<Unit>>>,
    compiled: AtomicU64,
}

impl Texts {
    /// Begins with none. All of them are of one language.
    pub fn new(language: Language) -> Self {
        Self { language, ..Self::default() }
    }

    /// Returns how many texts were compiled so far.
    pub fn compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    pub(super) fn language(&self) -> &Language {
        &self.language
    }

    /// Returns a text's unit. Errors begin with the name.
    pub(super) fn compile(&self, name: &Str, text: &Str) -> Result<Arc<Unit>, String> {
        let known = self.units().get(text).and_then(Weak::upgrade);
        if let Some(unit) = known.filter(|unit| unit.fits(name)) {
            return Ok(unit);
        }
        let unit = Arc::new(Unit::new(name, text, &self.language)?);
        self.compiled.fetch_add(1, Ordering::Relaxed);
        if unit.reusable {
            self.units().insert(text.clone(), Arc::downgrade(&unit));
        }
        Ok(unit)
    }

    /// Forgets the texts that nobody has any more.
    pub(super) fn forget(&self) {
        self.units().retain(|_, unit| unit.strong_count() > 0);
    }

    fn units(&self) -> MutexGuard<'_, HashMap<Str, Weak<Unit>>> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The texts that `tpl` has brought in one render.
#[derive(Debug, Default)]
pub(super) struct Brought {
    units: HashMap<Str, Arc<Unit>>,
    bytes: usize,
}

/// Charts have dozens of texts for `tpl`. One that makes ever new ones shall not fill the memory.
const MOST_BYTES: usize = 4 << 20;

impl Brought {
    /// Returns a text's unit. Errors begin with the name.
    pub(super) fn compile(&mut self, name: &Str, text: &Str, texts: &Texts) -> Result<Arc<Unit>, String> {
        if let Some(unit) = self.units.get(text).filter(|unit| unit.fits(name)) {
            return Ok(Arc::clone(unit));
        }
        let unit = Arc::new(Unit::new(name, text, &texts.language)?);
        if unit.reusable && self.bytes + text.len() <= MOST_BYTES {
            self.bytes += text.len();
            self.units.insert(text.clone(), Arc::clone(&unit));
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
