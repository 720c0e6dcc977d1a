//! Where and on what something was measured, and the tables of README.md that say what came out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io, thread};

/// Returns the machine, its load and the commit, as text.
pub fn describe() -> String {
    let (cores, memory) = (thread::available_parallelism().map_or(0, usize::from), memory() >> 20);
    format!("{cores} cores ({}), {memory} GiB, load {} before the run; commit {}", processor(), load(), commit())
}

/// Puts a table between the markers of README.md that name it.
///
/// # Errors
/// When README.md cannot be read or written, or has no such markers.
pub fn write_table(name: &str, table: &str) -> io::Result<()> {
    let path = readme();
    let text = fs::read_to_string(&path)?;
    let missing =
        || io::Error::new(io::ErrorKind::NotFound, format!("README.md has no markers for the table `{name}`"));
    fs::write(&path, replaced(&text, table, name).ok_or_else(missing)?)
}

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

fn replaced(text: &str, table: &str, name: &str) -> Option<String> {
    let [begin, end] = ["begin", "end"].map(|which| format!("<!-- bench:{name}:{which} -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{table}{end}{after}"))
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// Returns the memory in KiB.
fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    total.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or_default()
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

fn commit() -> String {
    let head = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "none yet".to_owned());
    let changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    if changed { format!("{head} with changes") } else { head }
}

fn git(arguments: &[&str]) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("git").args(arguments).current_dir(folder).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let text = "a\n<!-- bench:100:begin -->\nold\n<!-- bench:100:end -->\nb\n";
        let new = "a\n<!-- bench:100:begin -->\nnew\n<!-- bench:100:end -->\nb\n";
        assert_eq!(replaced(text, "new\n", "100").as_deref(), Some(new));
        assert_eq!(replaced(text, "new", "10"), None);
    }
}
