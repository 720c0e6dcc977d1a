//! `.helmignore`: which files of a folder are no part of its chart.
//!
//! The first pattern that fits decides, and a `!` does not take anything back: it ignores all that it does not name.

mod pattern;

use pattern::Pattern;
pub use pattern::PatternError;

/// The lines of a `.helmignore`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    pattern: Pattern,
    against: Against,
    negated: bool,
    directories: bool,
}

/// What a pattern is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Against {
    Path,
    Name,
}

impl Default for Rules {
    /// What Helm ignores in any case: files below `templates` whose names begin with a dot.
    fn default() -> Self {
        Self(Rule::parse("templates/.?*").ok().flatten().into_iter().collect())
    }
}

impl Rules {
    /// Reads a `.helmignore`.
    ///
    /// # Errors
    /// When a line is no pattern.
    pub fn parse(bytes: &[u8]) -> Result<Self, PatternError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        let rules: Result<Vec<_>, _> = text.lines().map(Rule::parse).collect();
        let written = rules?.into_iter().flatten();
        Ok(Self(written.chain(Self::default().0).collect()))
    }

    /// Says whether a path below the chart's folder is ignored, for a directory with all that is in it.
    pub fn ignore(&self, path: &str, is_dir: bool) -> bool {
        if matches!(path, "" | "." | "./") {
            return false;
        }
        self.0.iter().any(|rule| rule.ignores(path, is_dir))
    }
}

/// Says whether a whole path fits a pattern of Go's `filepath.Match`; one that is none fits nothing.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    Pattern::parse(pattern).matches(path).unwrap_or(false)
}

impl Rule {
    fn parse(line: &str) -> Result<Option<Self>, PatternError> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if line.contains("**") {
            return Err(PatternError::DoubleStar);
        }
        // Helm looks only at what it meets on the way to the end of a name; the rest is never found out.
        Pattern::parse(line).matches("abc")?;
        let (negated, text) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (directories, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        let against = if text.contains('/') { Against::Path } else { Against::Name };
        let pattern = Pattern::parse(text.strip_prefix('/').unwrap_or(text));
        Ok(Some(Self { pattern, against, negated, directories }))
    }

    fn ignores(&self, path: &str, is_dir: bool) -> bool {
        let possible = is_dir || !self.directories;
        let compared = match self.against {
            Against::Path => path,
            Against::Name => base(path),
        };
        (possible && self.pattern.matches(compared) == Ok(true)) != self.negated
    }
}

/// Returns the last part of a path, as Go's `filepath.Base`.
fn base(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}
