//! The flags that give values.

use std::{
    fs,
    io::{self, Read as _},
};

use anyhow::{anyhow, bail};
use clap::Args;
use sluice_helm::values::Flags;
use sluice_template::Map;

/// Where values come from. Files first, then the others, each over what came before.
#[derive(Debug, Args)]
pub(super) struct Values {
    /// A file of values; `-` is standard input.
    #[arg(long, short = 'f', value_name = "FILES")]
    values: Vec<String>,
    /// Values as `key1=val1,key2=val2`.
    #[arg(long, value_name = "VALUES")]
    set: Vec<String>,
    /// Values that are texts, as `key1=val1,key2=val2`.
    #[arg(long, value_name = "VALUES")]
    set_string: Vec<String>,
    /// Values from files, as `key1=path1,key2=path2`.
    #[arg(long, value_name = "FILES")]
    set_file: Vec<String>,
    /// Values in JSON, as `key1=json1,key2=json2` or as an object.
    #[arg(long, value_name = "VALUES")]
    set_json: Vec<String>,
    /// A value that is a text without escapes, as `key=text`.
    #[arg(long, value_name = "VALUE")]
    set_literal: Vec<String>,
}

impl Values {
    /// Reads them.
    ///
    /// # Errors
    /// When a file is not there, or one of them cannot be read.
    pub(super) fn read(&self) -> anyhow::Result<Map> {
        let mut files = Vec::new();
        for name in self.values.iter().flat_map(|names| listed(names)) {
            let bytes = read(&name).map_err(|error| anyhow!(error))?;
            files.push((name, bytes));
        }
        let flags = Flags {
            files,
            json: self.set_json.clone(),
            typed: self.set.clone(),
            text: self.set_string.clone(),
            file: self.set_file.clone(),
            literal: self.set_literal.clone(),
        };
        Ok(flags.values(&|name| Ok(read(name)?.into()))?)
    }
}

/// Splits a list at its commas; what is in quotes stays together.
pub(super) fn listed(list: &str) -> Vec<String> {
    let (mut items, mut item, mut quoted) = (Vec::new(), String::new(), false);
    for c in list.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => items.push(std::mem::take(&mut item)),
            _ => item.push(c),
        }
    }
    items.push(item);
    items
}

fn read(name: &str) -> Result<Vec<u8>, String> {
    if name.trim() == "-" {
        let mut bytes = Vec::new();
        return io::stdin().read_to_end(&mut bytes).map(|_| bytes).map_err(|error| error.to_string());
    }
    fetched(name).map_err(|error| format!("{error:#}"))?;
    fs::read(name).map_err(|error| format!("open {name}: {}", cause(&error)))
}

fn fetched(name: &str) -> anyhow::Result<()> {
    if ["http://", "https://", "oci://"].iter().any(|scheme| name.starts_with(scheme)) {
        bail!("values are not fetched from `{name}`; hint: fetch the file, and name it");
    }
    Ok(())
}

/// Returns Go's words for an error of the file system.
pub(super) fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a.yaml", &["a.yaml"])]
    #[case("a.yaml,b.yaml", &["a.yaml", "b.yaml"])]
    #[case("\"a,b.yaml\",c", &["a,b.yaml", "c"])]
    fn lists_are_split_at_commas(#[case] list: &str, #[case] expected: &[&str]) {
        assert_eq!(listed(list), expected);
    }
}
