//! What a chart says of itself.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value as Json;
use sluice_yaml::quote as quoted;

use crate::compat;

/// `Chart.yaml`, with Go's names of the fields in templates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// The name of the chart.
    pub name: String,
    /// A page about it.
    pub home: String,
    /// Where its source is.
    pub sources: Vec<String>,
    /// Its version.
    pub version: String,
    /// A sentence about it.
    pub description: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Who looks after it.
    pub maintainers: Vec<Option<Maintainer>>,
    /// A picture.
    pub icon: String,
    /// `v1` or `v2`.
    pub api_version: String,
    /// A condition; Helm reads it and does nothing with it.
    pub condition: String,
    /// Tags; Helm reads them and does nothing with them.
    pub tags: String,
    /// The version of what is installed.
    pub app_version: String,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Anything else.
    pub annotations: BTreeMap<String, String>,
    /// Which versions of Kubernetes it is for.
    pub kube_version: String,
    /// The charts it needs; `None` where nothing is said, or `null`.
    pub dependencies: Option<Vec<Option<Dependency>>>,
    /// `application` or `library`; `type` in the file.
    pub kind: String,
}

/// Someone who looks after a chart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maintainer {
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: String,
    /// Their page.
    pub url: String,
}

/// A chart that another needs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dependency {
    /// Its name; after processing its alias.
    pub name: String,
    /// The versions that will do.
    pub version: String,
    /// Where it is to be had.
    pub repository: String,
    /// Paths in the values, with commas between them; the first that is a boolean decides.
    pub condition: String,
    /// Names in the values' `tags`.
    pub tags: Vec<String>,
    /// Whether it is used; true after processing.
    pub enabled: bool,
    /// Which of its values the parent takes over.
    pub import_values: Vec<Import>,
    /// Another name for it.
    pub alias: String,
}

/// An entry of `import-values`.
#[derive(Debug, Clone, PartialEq)]
pub enum Import {
    /// As it was written: a name below `exports`, or a mapping of `child` and `parent`.
    Written(Json),
    /// As processing leaves it.
    Mapped {
        /// The path in the child's values.
        child: String,
        /// The path in the parent's values.
        parent: String,
    },
}

/// `Chart.lock`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lock {
    /// When it was made.
    pub generated: Generated,
    /// A digest of the dependencies it was made for.
    pub digest: String,
    /// The dependencies, with their exact versions.
    pub dependencies: Vec<Option<Dependency>>,
}

/// When a lock file was made, where it says so. As a text it keeps the offset that was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generated(pub(super) Option<(Timestamp, String)>);

/// A chart that Helm does not accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("validation: {0}")]
pub struct Invalid(pub String);

impl Generated {
    /// Makes it of a time.
    pub fn at(time: Timestamp) -> Self {
        Self(Some((time, time.to_string())))
    }

    /// Returns the time.
    pub fn time(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|(time, _)| *time)
    }

    /// Returns the time as RFC 3339; without one that of Go's zero.
    pub fn text(&self) -> &str {
        self.0.as_ref().map_or("0001-01-01T00:00:00Z", |(_, text)| text)
    }
}

impl Metadata {
    /// Returns the dependencies.
    pub fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().flatten().flatten()
    }

    /// Makes spaces of tabs and line ends, drops what cannot be printed, and checks all fields as Helm does.
    ///
    /// # Errors
    /// With Helm's text.
    pub fn validate(&mut self) -> Result<(), Invalid> {
        self.sanitize();
        self.check_names()?;
        self.check_version()?;
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return invalid("chart.metadata.type must be application or library");
        }
        for maintainer in &mut self.maintainers {
            let Some(maintainer) = maintainer else {
                return invalid("maintainers must not contain empty or null nodes");
            };
            sanitize_all([&mut maintainer.name, &mut maintainer.email, &mut maintainer.url]);
        }
        self.validate_dependencies()
    }

    fn sanitize(&mut self) {
        sanitize_all([&mut self.name, &mut self.description, &mut self.home, &mut self.icon, &mut self.condition]);
        sanitize_all([&mut self.tags, &mut self.app_version, &mut self.kube_version]);
        sanitize_all(self.sources.iter_mut().chain(&mut self.keywords));
    }

    fn check_names(&self) -> Result<(), Invalid> {
        match (self.api_version.as_str(), self.name.as_str()) {
            ("", _) => invalid("chart.metadata.apiVersion is required"),
            (_, "") => invalid("chart.metadata.name is required"),
            (_, name @ ("." | "..")) => invalid(format!("chart.metadata.name {} is not allowed", quoted(name))),
            // Go compares with `filepath.Base`: only `/` alone is its own base.
            (_, name) if name.contains('/') && name != "/" => {
                invalid(format!("chart.metadata.name {} is invalid", quoted(name)))
            }
            _ => Ok(()),
        }
    }

    fn check_version(&self) -> Result<(), Invalid> {
        match self.version.as_str() {
            "" => invalid("chart.metadata.version is required"),
            version if !compat::is_version(version) => {
                invalid(format!("chart.metadata.version {} is invalid", quoted(version)))
            }
            _ => Ok(()),
        }
    }

    fn validate_dependencies(&mut self) -> Result<(), Invalid> {
        let mut seen: Vec<&str> = Vec::new();
        for dependency in self.dependencies.iter_mut().flatten() {
            let Some(dependency) = dependency else {
                return invalid("dependencies must not contain empty or null nodes");
            };
            dependency.validate()?;
            let key = dependency.key();
            if seen.contains(&key) {
                return invalid(format!("more than one dependency with name or alias {}", quoted(key)));
            }
            seen.push(key);
        }
        Ok(())
    }
}

impl Dependency {
    /// Returns the name that the values know it by.
    pub fn key(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    fn validate(&mut self) -> Result<(), Invalid> {
        sanitize_all([&mut self.name, &mut self.version, &mut self.repository, &mut self.condition]);
        sanitize_all(&mut self.tags);
        let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-');
        if !self.alias.bytes().all(allowed) {
            return invalid(format!("dependency {} has disallowed characters in the alias", quoted(&self.name)));
        }
        Ok(())
    }
}

fn invalid<T>(text: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid(text.into()))
}

fn sanitize_all<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    for text in texts {
        let plain = |letter: char| letter == ' ' || letter.is_ascii_graphic();
        if !text.chars().all(plain) {
            *text = sanitized(text);
        }
    }
}

fn sanitized(text: &str) -> String {
    let spaced: String = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter }).collect();
    UNPRINTABLE.replace_all(&spaced, "").into_owned()
}

/// What Go's `unicode.IsPrint` denies.
static UNPRINTABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[^\pL\pM\pN\pP\pS ]").expect("invariant: the pattern is a regular expression"));
