//! What Helm logs beside its result.

use std::fmt;

/// A line of Helm's log. It may show values, as Helm's does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// What is said.
    pub message: String,
    /// What it is said of.
    pub attributes: Vec<(&'static str, String)>,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What Helm says with `log.Print`.
    Info,
    /// What Helm says with `slog.Warn`.
    Warn,
}

impl Notice {
    /// Makes a line as `log.Print` does.
    pub fn info(message: impl Into<String>) -> Self {
        Self { level: Level::Info, message: message.into(), attributes: Vec::new() }
    }

    /// Makes a warning.
    pub fn warn(message: impl Into<String>, attributes: Vec<(&'static str, String)>) -> Self {
        Self { level: Level::Warn, message: message.into(), attributes }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.attributes.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
