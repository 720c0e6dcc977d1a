//! Files to a chart.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    ArchiveError, Chart, Content, File, Invalid, Lock, Metadata,
    archive::{self, Budget},
    decode::{DecodeError, decode_into},
};
use crate::{
    ignore::PatternError,
    notice::Notice,
    values::{self, ValuesError},
};

/// How much a chart may hold. Where Helm has a limit too, this is its.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file.
    pub file: u64,
    /// Bytes of all files of an archive or folder.
    pub archive: u64,
    /// Bytes of all files, those of archives inside of archives counted too.
    pub total: u64,
    /// Files, those of dependencies counted too.
    pub files: usize,
    /// Charts inside each other.
    pub depth: usize,
}

impl Default for Limits {
    /// The first two are Helm's. The others leave room for five times the largest public charts.
    fn default() -> Self {
        Self { file: 5 << 20, archive: 100 << 20, total: 256 << 20, files: 4096, depth: 16 }
    }
}

/// A chart, and what Helm says of it while it loads.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The chart with its dependencies.
    pub chart: Chart,
    /// What is worth a word.
    pub notices: Vec<Notice>,
}

/// Why files are no chart; the text is Helm's where Helm has the error.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file of metadata cannot be read.
    #[error("cannot load {file}: {cause}")]
    Decode {
        /// The file.
        file: &'static str,
        /// Why.
        cause: DecodeError,
    },
    /// The default values cannot be read.
    #[error("cannot load values.yaml: {0}")]
    Values(ValuesError),
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    NoChart,
    /// The metadata is not what Helm accepts.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A dependency is no chart.
    #[error("error unpacking subchart {name} in {parent}: {cause}")]
    Subchart {
        /// Its file or folder.
        name: String,
        /// The chart it is in.
        parent: String,
        /// Why.
        cause: Box<LoadError>,
    },
    /// A folder below `charts/` is named like an archive.
    #[error("error unpacking subchart tar in {parent}: expected {name}, got {found}")]
    NoArchive {
        /// The name of the archive.
        name: String,
        /// The chart it is in.
        parent: String,
        /// What is there.
        found: String,
    },
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file of a folder is too large.
    #[error("chart file {} is larger than the maximum file size {limit}", sluice_yaml::quote(.name))]
    FileSize {
        /// Its name.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// More than [`Limits`] allow.
    #[error("the chart has more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// A line of `.helmignore` is no pattern.
    #[error(transparent)]
    Ignore(#[from] PatternError),
    /// A file of the folder cannot be read.
    #[error("error reading {path}: {cause}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        cause: String,
    },
}

/// Loads a chart from a `.tgz`.
///
/// # Errors
/// When it is no such archive, no chart, or too large.
pub fn load_archive(bytes: &[u8], limits: &Limits) -> Result<Loaded, LoadError> {
    let mut loader = Loader::new(limits);
    let files = archive::unpack(bytes, limits, &mut loader.budget)?;
    loader.finish(files)
}

/// Loads a chart from its files, named by their paths below its folder.
///
/// # Errors
/// When they are no chart, or too many.
pub fn load_files(files: Vec<File>, limits: &Limits) -> Result<Loaded, LoadError> {
    let mut loader = Loader::new(limits);
    for file in &files {
        loader.budget.take(file.data.len() as u64)?;
    }
    loader.finish(files)
}

/// Reads from a `.tgz` what a chart says of itself, whatever else is in it.
///
/// # Errors
/// When it is no such archive, has no metadata, or is too large.
pub fn archive_metadata(bytes: &[u8], limits: &Limits) -> Result<Metadata, LoadError> {
    described(&archive::unpack(bytes, limits, &mut Budget::of(limits))?)
}

/// Reads what files say of their chart.
pub(super) fn described(files: &[File]) -> Result<Metadata, LoadError> {
    let mut metadata = metadata(files)?.ok_or(LoadError::NoChart)?;
    for file in files.iter().filter(|file| file.name == "requirements.yaml") {
        decode("requirements.yaml", file, &mut metadata)?;
    }
    metadata.validate()?;
    Ok(metadata)
}

struct Loader<'a> {
    limits: &'a Limits,
    budget: Budget,
    notices: Vec<Notice>,
}

/// A chart on the way.
#[derive(Default)]
struct Parts {
    metadata: Option<Metadata>,
    lock: Option<Lock>,
    values: Option<sluice_template::Map>,
    content: Content,
    charts: BTreeMap<String, Vec<File>>,
}

impl<'a> Loader<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self { limits, budget: Budget::of(limits), notices: Vec::new() }
    }

    fn finish(mut self, files: Vec<File>) -> Result<Loaded, LoadError> {
        let chart = self.chart(files, 1)?;
        Ok(Loaded { chart, notices: self.notices })
    }

    fn chart(&mut self, files: Vec<File>, depth: usize) -> Result<Chart, LoadError> {
        if depth > self.limits.depth {
            return Err(LoadError::Limit { what: "charts inside each other", limit: self.limits.depth as u64 });
        }
        let mut parts = Parts { metadata: metadata(&files)?, ..Parts::default() };
        parts.content.raw = files.clone();
        for file in files {
            self.sort_in(file, &mut parts)?;
        }
        let mut metadata = parts.metadata.ok_or(LoadError::NoChart)?;
        metadata.validate()?;
        let dependencies = self.charts(parts.charts, &metadata.name, depth)?;
        let content = Arc::new(parts.content);
        Ok(Chart { metadata, lock: parts.lock, values: parts.values, dependencies, content })
    }

    /// Puts a file where it belongs.
    fn sort_in(&mut self, file: File, parts: &mut Parts) -> Result<(), LoadError> {
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => parts.lock = lock("Chart.lock", &file)?,
            "values.yaml" => parts.values = Some(values::read(&file.data).map_err(LoadError::Values)?),
            "values.schema.json" => parts.content.schema = Some(file),
            "requirements.yaml" => self.requirements(file, parts)?,
            "requirements.lock" => self.requirements_lock(file, parts)?,
            name if name.starts_with("templates/") => parts.content.templates.push(file),
            name if name.starts_with("charts/") && !name.ends_with(".prov") => {
                let name = name["charts/".len()..].to_owned();
                let first = name.split('/').next().unwrap_or_default().to_owned();
                parts.charts.entry(first).or_default().push(File { name, ..file });
            }
            _ => parts.content.files.push(file),
        }
        Ok(())
    }

    /// Dependencies of old charts. The file stays one of the chart's.
    fn requirements(&mut self, file: File, parts: &mut Parts) -> Result<(), LoadError> {
        let metadata = parts.metadata.get_or_insert_default();
        if metadata.api_version != "v1" {
            self.notices.push(Notice::info(
                "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". \
                 We recommend migrating dependencies to Chart.yaml.",
            ));
        }
        decode("requirements.yaml", &file, metadata)?;
        if metadata.api_version == "v1" {
            parts.content.files.push(file);
        }
        Ok(())
    }

    fn requirements_lock(&mut self, file: File, parts: &mut Parts) -> Result<(), LoadError> {
        parts.lock = lock("requirements.lock", &file)?;
        if parts.metadata.get_or_insert_default().api_version == "v1" {
            parts.content.files.push(file);
            return Ok(());
        }
        self.notices.push(Notice::info(
            "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". \
             We recommend migrating to Chart.lock.",
        ));
        Ok(())
    }

    fn charts(
        &mut self,
        charts: BTreeMap<String, Vec<File>>,
        parent: &str,
        depth: usize,
    ) -> Result<Vec<Chart>, LoadError> {
        let mut found = Vec::new();
        for (name, files) in charts {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let chart = match name.ends_with(".tgz") {
                true => self.packed(&archive_of(&name, files, parent)?, depth + 1),
                false => self.chart(below(files), depth + 1),
            };
            found.push(chart.map_err(|cause| in_chart(cause, &name, parent))?);
        }
        Ok(found)
    }

    fn packed(&mut self, archive: &File, depth: usize) -> Result<Chart, LoadError> {
        let files = archive::unpack(&archive.data, self.limits, &mut self.budget)?;
        self.chart(files, depth)
    }
}

/// Returns the archive that lies below `charts/` under a name; a folder may be called so too.
fn archive_of(name: &str, files: Vec<File>, parent: &str) -> Result<File, LoadError> {
    let found = match files.into_iter().next() {
        Some(file) if file.name == name => return Ok(file),
        other => other.map(|file| file.name).unwrap_or_default(),
    };
    Err(LoadError::NoArchive { name: name.to_owned(), parent: parent.to_owned(), found })
}

fn in_chart(cause: LoadError, name: &str, parent: &str) -> LoadError {
    match cause {
        limit @ LoadError::Limit { .. } => limit,
        cause => LoadError::Subchart { name: name.to_owned(), parent: parent.to_owned(), cause: Box::new(cause) },
    }
}

/// Reads `Chart.yaml`. A chart that does not say its version is one of the first.
fn metadata(files: &[File]) -> Result<Option<Metadata>, LoadError> {
    let mut found = None;
    for file in files.iter().filter(|file| file.name == "Chart.yaml") {
        let metadata: &mut Metadata = found.get_or_insert_default();
        decode("Chart.yaml", file, metadata)?;
        if metadata.api_version.is_empty() {
            metadata.api_version = "v1".into();
        }
    }
    Ok(found)
}

fn decode(name: &'static str, file: &File, metadata: &mut Metadata) -> Result<(), LoadError> {
    decode_into(&file.data, metadata).map_err(|cause| LoadError::Decode { file: name, cause })
}

fn lock(name: &'static str, file: &File) -> Result<Option<Lock>, LoadError> {
    let mut lock = Some(Lock::default());
    decode_into(&file.data, &mut lock).map_err(|cause| LoadError::Decode { file: name, cause })?;
    Ok(lock)
}

/// Returns the files in a folder below `charts/`, named from there; a file that lies beside the folders is no chart's.
fn below(files: Vec<File>) -> Vec<File> {
    let inside = |file: File| {
        let (_, name) = file.name.split_once('/')?;
        Some(File { name: name.to_owned(), ..file })
    };
    files.into_iter().filter_map(inside).collect()
}
