//! The flags of Helm's command line that give values.

use serde_json::Value as Json;
use sluice_template::{Map, Value};

use super::{ReadFile, SetError, Style, ValuesError, merged, read, set};

/// What the flags say, each as often as it was given.
#[derive(Clone, Default)]
pub struct Flags {
    /// `-f`, `--values`: the name and the contents of each file.
    pub files: Vec<(String, Vec<u8>)>,
    /// `--set-json`
    pub json: Vec<String>,
    /// `--set`
    pub typed: Vec<String>,
    /// `--set-string`
    pub text: Vec<String>,
    /// `--set-file`
    pub file: Vec<String>,
    /// `--set-literal`
    pub literal: Vec<String>,
}

/// Why the flags give no values; the text is Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// A file holds no values.
    #[error("failed to parse {file}: {cause}")]
    File {
        /// Its name.
        file: String,
        /// Why.
        cause: ValuesError,
    },
    /// What is in braces is no JSON object.
    #[error("failed parsing --set-json data JSON: {0}")]
    JsonObject(String),
    /// There is no JSON after a `=`.
    #[error("failed parsing --set-json data {0}")]
    Json(String),
    /// Another flag cannot be read.
    #[error("failed parsing {flag} data: {cause}")]
    Set {
        /// The flag.
        flag: &'static str,
        /// Why.
        cause: SetError,
    },
}

impl Flags {
    /// Returns the values: the files in their order, and above them the flags by their kinds, as Helm takes them.
    ///
    /// # Errors
    /// When a file or flag cannot be read.
    pub fn values(&self, files: ReadFile<'_>) -> Result<Map, FlagError> {
        let mut base = Map::default();
        for (file, bytes) in &self.files {
            let values = read(bytes).map_err(|cause| FlagError::File { file: file.clone(), cause })?;
            base = merged(&base, &values);
        }
        for text in &self.json {
            base = with_json(base, text)?;
        }
        let flags = [
            ("--set", &self.typed, Style::Typed),
            ("--set-string", &self.text, Style::Text),
            ("--set-file", &self.file, Style::File(files)),
            ("--set-literal", &self.literal, Style::Literal),
        ];
        for (flag, texts, style) in flags {
            for text in texts {
                set(text, &base, style).map_err(|cause| FlagError::Set { flag, cause })?;
            }
        }
        Ok(base)
    }
}

fn with_json(base: Map, text: &str) -> Result<Map, FlagError> {
    if !text.trim().starts_with('{') {
        set(text, &base, Style::Json).map_err(|_| FlagError::Json(text.to_owned()))?;
        return Ok(base);
    }
    let json: Json = serde_json::from_str(text.trim()).map_err(|_| FlagError::JsonObject(text.to_owned()))?;
    match Value::from_json(&json) {
        Value::Map(values) => Ok(merged(&base, &values)),
        _ => Err(FlagError::JsonObject(text.to_owned())),
    }
}
