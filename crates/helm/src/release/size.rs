//! Releases that are too large to be stored, and what of them is large.

use std::fmt;

use super::Release;

/// How many bytes the data of a Secret may have.
pub(super) const LARGEST: usize = 1 << 20;
/// How many files are named.
const NAMED: usize = 5;

/// A part of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// Its size before it is compressed.
    pub bytes: usize,
}

/// A release that does not fit into a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// The release.
    pub release: String,
    /// The size of what would be stored, compressed.
    pub bytes: usize,
    /// The parts, the largest first.
    pub parts: Vec<Part>,
    /// The largest files of the chart.
    pub files: Vec<Part>,
}

impl TooLarge {
    pub(super) fn of(release: &Release, bytes: usize) -> Self {
        let name = format!("{}/{}.v{}", release.namespace, release.name, release.version);
        Self { release: name, bytes, parts: parts(release), files: files(release) }
    }
}

fn parts(release: &Release) -> Vec<Part> {
    let chart = release.chart.as_deref().cloned().unwrap_or_default();
    let sum = |sizes: &mut dyn Iterator<Item = usize>| sizes.sum::<usize>();
    let part = |name: &str, bytes: usize| Part { name: name.to_owned(), bytes };
    let json = |values| super::text::object(values).len();
    let mut parts = vec![
        part("templates", sum(&mut chart.templates.iter().map(|file| file.data.len()))),
        part("files", sum(&mut chart.files.iter().map(|file| file.data.len()))),
        part("schema", chart.schema.as_ref().map_or(0, |schema| schema.data.len())),
        part("default values", chart.values.as_ref().map_or(0, json)),
        part("values", json(&release.config)),
        part("manifest", release.manifest.len()),
        part("hooks", sum(&mut release.hooks.iter().map(|hook| hook.manifest.len()))),
        part("notes", release.info.notes.len()),
    ];
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    parts
}

fn files(release: &Release) -> Vec<Part> {
    let Some(chart) = &release.chart else { return Vec::new() };
    let all = chart.templates.iter().chain(&chart.files).chain(&chart.schema);
    let mut files: Vec<_> = all.map(|file| Part { name: file.name.clone(), bytes: file.data.len() }).collect();
    files.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    files.truncate(NAMED);
    files
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "release {} has {} bytes compressed, and a Secret holds {LARGEST}", self.release, self.bytes)?;
        let known = self.parts.iter().filter(|part| part.bytes > 0);
        known.chain(&self.files).try_for_each(|part| writeln!(f, "{:>12} {}", part.bytes, part.name))?;
        f.write_str("hint: keep files that templates do not read out of the chart with .helmignore")
    }
}

impl std::error::Error for TooLarge {}
