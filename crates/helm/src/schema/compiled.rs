//! Schemas, ready to check values any number of times.

use std::sync::Arc;

use boon::{CompileError, Compiler, SchemaIndex, Schemas};
use serde_json::Value as Json;
use sluice_yaml::quote;

use super::{Documents, NAME, formats, load::Loader, message, steps};
use crate::{
    kept::{Bounds, Kept, digest},
    notice::Notice,
};

/// Schemas that are compiled already.
#[derive(Debug)]
pub struct Known(Kept<Compiled>);

/// The schemas of the charts of a large cluster.
const BOUNDS: Bounds = Bounds { count: 256, bytes: 4 << 20 };

/// A schema.
pub(super) struct Compiled {
    pub(super) json: Json,
    pub(super) schemas: Schemas,
    pub(super) index: SchemaIndex,
    /// What was noticed.
    pub(super) notices: Vec<Notice>,
}

/// Why a schema is none.
pub(super) enum Flaw {
    /// It is not written as one; and what was noticed before that was.
    Told(String, Vec<Notice>),
    /// It refers to documents that are not at hand.
    Needs(Vec<String>),
}

impl Default for Known {
    fn default() -> Self {
        Self(Kept::new(BOUNDS))
    }
}

impl Known {
    /// Returns a schema, compiled. What documents it may refer to counts as well.
    pub(super) fn get(&self, text: &[u8], documents: &Documents) -> Result<Arc<Compiled>, Flaw> {
        let documents_text = documents.iter().map(|(url, document)| format!("{url} {document}"));
        let documents_text: Vec<_> = documents_text.collect();
        let parts = || std::iter::once(text).chain(documents_text.iter().map(String::as_bytes));
        self.0.get(digest(parts()), parts().map(<[u8]>::len).sum(), || Compiled::new(text, documents))
    }
}

impl Compiled {
    fn new(text: &[u8], documents: &Documents) -> Result<Self, Flaw> {
        let json: Json = serde_json::from_slice(text).map_err(|error| Flaw::Told(syntax(&error), Vec::new()))?;
        if !steps::is_small(&json, documents) {
            return Err(Flaw::Told(format!("{}\n", steps::TOO_LARGE), Vec::new()));
        }
        let loader = Loader::new(documents);
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(loader.clone()));
        formats::FORMATS.iter().for_each(|format| compiler.register_format(*format));
        let mut schemas = Schemas::new();
        let flaw = |error: &CompileError| Flaw::Told(not_compiled(error), loader.notices());
        compiler.add_resource(NAME, json.clone()).map_err(|error| flaw(&error))?;
        let compiled = compiler.compile(NAME, &mut schemas);
        match loader.needs() {
            needs if !needs.is_empty() => Err(Flaw::Needs(needs)),
            _ => {
                let index = compiled.map_err(|error| flaw(&error))?;
                Ok(Self { json, schemas, index, notices: loader.notices() })
            }
        }
    }
}

fn syntax(error: &serde_json::Error) -> String {
    match error.to_string() {
        _ if error.is_eof() => "unexpected EOF".into(),
        text if text.starts_with("trailing characters") => "invalid character after top-level value".into(),
        text => text,
    }
}

fn not_compiled(error: &CompileError) -> String {
    match error {
        CompileError::ValidationError { url, src } => {
            let url = quote(&message::with_fragment(url));
            format!("{url} is not valid against metaschema: {}", message::text(src, &Json::Null))
        }
        CompileError::LoadUrlError { url, src } => format!("failing loading {}: {src}", quote(url)),
        CompileError::JsonPointerNotFound(url) => format!("json-pointer in {} not found", quote(url)),
        CompileError::AnchorNotFound { url, reference } => {
            format!("anchor in {} not found in schema {}", quote(reference), quote(url))
        }
        // What it takes for a mistake of its own are regular expressions that Go might read, and Rust does not.
        CompileError::Bug(cause) => cause.to_string(),
        other => format!("{other:#}"),
    }
}
