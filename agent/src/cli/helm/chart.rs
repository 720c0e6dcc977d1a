//! Charts of the local file system.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{anyhow, bail};
use sluice_helm::{Chart, File, Limits, Rules, load_archive, load_files};

use super::{output::Output, values::cause};

/// Finds a chart by what the command line calls it.
///
/// # Errors
/// When there is no such folder or file. Nothing is fetched.
pub(super) fn locate(name: &str) -> anyhow::Result<PathBuf> {
    let name = name.trim();
    if let Ok(path) = fs::canonicalize(name) {
        return Ok(path);
    }
    if name.starts_with(['/', '.']) {
        bail!("path {} not found", sluice_yaml::quote(name));
    }
    if name.contains("://") {
        bail!("a chart is not fetched from `{name}`; hint: fetch it, and name its folder or archive");
    }
    match name.split_once('/') {
        Some((repository, _)) => bail!("repo {repository} not found"),
        None => bail!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {name}"),
    }
}

/// Loads a chart from its folder or archive.
///
/// # Errors
/// When it is no chart, or too large.
pub(super) fn load(path: &Path, output: &mut Output) -> anyhow::Result<Chart> {
    let limits = Limits::default();
    let definition = path.join("Chart.yaml");
    if let (true, Err(error)) = (path.is_dir(), fs::metadata(&definition)) {
        let (shown, cause) = (definition.display(), cause(&error));
        bail!("unable to detect chart at {shown}: open {shown}: {cause}");
    }
    let loaded = match path.is_dir() {
        true => load_files(read_folder(path, &limits, output)?, &limits),
        false => load_archive(&archive(path)?, &limits),
    };
    let loaded = loaded.map_err(|error| anyhow!("{error}"))?;
    output.log(&loaded.notices);
    Ok(loaded.chart)
}

/// Returns the files of a chart's archive.
///
/// # Errors
/// When it is none.
pub(super) fn archived(path: &Path) -> anyhow::Result<Vec<File>> {
    let loaded = load_archive(&archive(path)?, &Limits::default());
    let loaded = loaded.map_err(|error| anyhow!("unable to extract tarball: {error}"))?;
    Ok(loaded.chart.content.raw.clone())
}

/// Reads a file, if it is a zipped one.
fn archive(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(|error| opened(path, &error))?;
    let shown = path.display();
    match bytes.starts_with(b"\x1f\x8b\x08") {
        true => Ok(bytes),
        false if path.extension().is_some_and(|end| end == "yaml" || end == "yml") => {
            bail!("file '{shown}' seems to be a YAML file, but expected a gzipped archive")
        }
        false => bail!("file '{shown}' does not appear to be a gzipped archive; got '{}'", kind(&bytes)),
    }
}

/// Go guesses from 512 bytes; those that a short file lacks are zeros to it.
fn kind(bytes: &[u8]) -> &'static str {
    let is_text = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | 0x1b);
    match bytes.get(..512) {
        Some(start) if start.iter().all(is_text) => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn opened(path: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!("open {}: {}", path.display(), cause(error))
}

/// Reads the files of a chart's folder. Links are followed, as Helm does, but not in circles.
pub(super) fn read_folder(root: &Path, limits: &Limits, output: &mut Output) -> anyhow::Result<Vec<File>> {
    let rules = match fs::read(root.join(".helmignore")) {
        Ok(bytes) => Rules::parse(&bytes)?,
        Err(_) => Rules::default(),
    };
    let mut walk = Walk { rules, limits, output, files: Vec::new(), bytes: 0 };
    walk.directory(root, "", 0)?;
    Ok(walk.files)
}

struct Walk<'a> {
    rules: Rules,
    limits: &'a Limits,
    output: &'a mut Output,
    files: Vec<File>,
    bytes: u64,
}

/// Deeper folders are no chart's: a link that leads to a folder above it has no end.
const MOST_DEPTH: usize = 64;

impl Walk<'_> {
    /// Takes the files in a directory and below it, in the order of their names.
    fn directory(&mut self, directory: &Path, prefix: &str, depth: usize) -> anyhow::Result<()> {
        if depth > MOST_DEPTH {
            bail!("`{}` is more than {MOST_DEPTH} folders deep; hint: a link may lead back up", directory.display());
        }
        let mut names = fs::read_dir(directory)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>())
            .map_err(|error| opened(directory, &error))?;
        names.sort();
        for name in names {
            let path = directory.join(&name);
            self.entry(&path, format!("{prefix}{}", name.to_string_lossy()), depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, name: String, depth: usize) -> anyhow::Result<()> {
        if path.is_symlink() {
            self.follow(path)?;
        }
        let metadata = fs::metadata(path).map_err(|error| anyhow!("lstat {}: {}", path.display(), cause(&error)))?;
        if self.rules.ignore(&name, metadata.is_dir()) {
            return Ok(());
        }
        if metadata.is_dir() {
            return self.directory(path, &format!("{name}/"), depth + 1);
        }
        if !metadata.is_file() {
            bail!("cannot load irregular file {} as it has file mode type bits set", path.display());
        }
        self.file(path, name, metadata.len())
    }

    fn follow(&mut self, path: &Path) -> anyhow::Result<()> {
        let resolved = fs::canonicalize(path);
        let resolved =
            resolved.map_err(|error| anyhow!("error evaluating symlink {}: {}", path.display(), cause(&error)))?;
        const MESSAGE: &str = "found symbolic link in path. Contents of linked file included and used";
        let line = format!("level=INFO msg=\"{MESSAGE}\" path={} resolved={}", path.display(), resolved.display());
        self.output.say(line);
        Ok(())
    }

    fn file(&mut self, path: &Path, name: String, size: u64) -> anyhow::Result<()> {
        if size > self.limits.file {
            let (short, limit) = (sluice_yaml::quote(name.rsplit('/').next().unwrap_or(&name)), self.limits.file);
            bail!("chart file {short} is larger than the maximum file size {limit}");
        }
        self.bytes += size;
        if self.bytes > self.limits.archive {
            bail!("the chart has more than {} bytes", self.limits.archive);
        }
        if self.files.len() == self.limits.files {
            bail!("the chart has more than {} files", self.limits.files);
        }
        let data = fs::read(path).map_err(|error| anyhow!("error reading {name}: {}", cause(&error)))?;
        self.files.push(File::new(name, data).without_mark());
        Ok(())
    }
}
