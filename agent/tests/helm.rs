//! `sluice helm` on charts, against what Helm printed for the same commands.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs the commands of a case, and writes what came of each as `golden.txt` has it.
fn transcript(case: &Path) -> String {
    let mut text = String::new();
    for line in fs::read_to_string(case.join("commands")).unwrap().lines() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        let output = command.arg("helm").args(line.split_whitespace()).current_dir(case).env_clear().output().unwrap();
        writeln!(text, "$ helm {line}").unwrap();
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let printed = String::from_utf8_lossy(bytes).replace(&case.to_string_lossy()[..], "CASE");
            if !printed.is_empty() {
                let end = if printed.ends_with('\n') { "" } else { "\n=== without a newline at the end\n" };
                write!(text, "=== {name}\n{printed}{end}").unwrap();
            }
        }
        writeln!(text, "=== exit {}", output.status.code().unwrap()).unwrap();
    }
    text
}

fn cases() -> Vec<PathBuf> {
    let folder = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/helm/tests/charts")).unwrap();
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// Returns the first lines that differ.
fn difference(ours: &str, helm: &str) -> String {
    let (mut ours, mut helm) = (ours.lines(), helm.lines());
    for line in 1.. {
        match (ours.next(), helm.next()) {
            (one, other) if one == other && one.is_some() => {}
            (one, other) => return format!("line {line}\n    ours: {one:?}\n    helm: {other:?}"),
        }
    }
    String::new()
}

#[test]
fn charts_come_out_as_helm_renders_them() {
    let mut wrong = Vec::new();
    for case in cases() {
        // What we say otherwise, and why, is in the case.
        let golden = ["ours.txt", "golden.txt"].map(|name| case.join(name)).into_iter().find(|path| path.exists());
        let (ours, helm) = (transcript(&case), fs::read_to_string(golden.unwrap()).unwrap());
        if ours != helm {
            wrong.push(format!("{}: {}", case.display(), difference(&ours, &helm)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
