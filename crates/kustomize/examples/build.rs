//! Builds a directory and prints the YAML, as `kustomize build` does.
//!
//! `build DIRECTORY [--root DIRECTORY] [--reorder none] [--load-restrictor LoadRestrictionsNone] [--flux]`. The tree
//! is the nearest directory above that is called `input`, or else `--root`, or else the directory itself.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use sluice_kustomize::{Options, Order, Restriction, build, flux};
use sluice_object::{Tree, TreePath};

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Box<dyn std::error::Error>> {
    let (directory, flags) = arguments();
    let directory = fs::canonicalize(directory)?;
    let root = match flags.get("--root") {
        Some(root) => fs::canonicalize(root)?,
        None => directory.ancestors().find(|path| path.ends_with("input")).unwrap_or(&directory).to_owned(),
    };
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    let path = TreePath::parse(&directory.strip_prefix(&root)?.to_string_lossy())?;
    let tree = Arc::new(Tree::in_memory(files));
    let built = if flags.contains_key("--flux") {
        build(&flux::prepare(&tree, &path, &flux::Overrides::default())?, &path, &Options::flux())?
    } else {
        build(&tree, &path, &options(&flags))?
    };
    built.warnings.iter().for_each(|warning| eprintln!("{warning}"));
    Ok(built.to_yaml())
}

fn arguments() -> (PathBuf, BTreeMap<String, String>) {
    let mut directory = PathBuf::from(".");
    let mut flags = BTreeMap::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--flux" => drop(flags.insert(argument, String::new())),
            flag if flag.starts_with("--") => drop(flags.insert(argument, arguments.next().unwrap_or_default())),
            path => directory = path.into(),
        }
    }
    (directory, flags)
}

fn options(flags: &BTreeMap<String, String>) -> Options {
    let mut options = Options::command_line();
    if flags.get("--reorder").is_some_and(|order| order == "none") {
        options.order = Order::AsWritten;
    }
    if flags.get("--load-restrictor").is_some_and(|restriction| restriction == "LoadRestrictionsNone") {
        options.restriction = Restriction::Tree;
    }
    options
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            files.push((relative.to_string_lossy().into_owned(), fs::read(&path)?));
        }
    }
    Ok(())
}
