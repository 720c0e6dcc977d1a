//! The charts of rows, and what is told of charts.

use std::{collections::BTreeMap, io::Write as _, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value as Json, json};
use sluice_helm::{
    Chart, File, Limits, Loaded, Metadata,
    chart::{Content, Dependency, Import, Lock},
    load_archive, load_files,
};
use sluice_template::Value;
use tar::{Builder, EntryType, Header};

use super::{map, typed};

/// Makes a chart that is only values, a schema and dependencies.
pub(super) fn chart(row: &Json) -> Chart {
    let name = row["name"].as_str().unwrap_or("t").to_owned();
    let schema = match (row.get("schema"), row["schemaText"].as_str()) {
        (_, Some(text)) => Some(text.to_owned()),
        (Some(schema), _) => Some(schema.to_string()),
        _ => None,
    };
    let schema = schema.map(|schema| File::new("values.schema.json", schema));
    Chart {
        metadata: Metadata { name, version: "0.1.0".into(), ..Metadata::default() },
        lock: None,
        values: row["values"].is_object().then(|| map(&row["values"])),
        dependencies: items(&row["dependencies"]).iter().map(chart).collect(),
        content: Arc::new(Content { schema, ..Content::default() }),
    }
}

/// Loads the files or the archive of a row.
pub(super) fn source(row: &Json) -> Result<Loaded, String> {
    let limits = Limits::default();
    let loaded = match (row["raw"].as_str(), row["archive"].as_array()) {
        (Some(raw), _) => load_archive(&STANDARD.decode(raw).unwrap(), &limits),
        (_, Some(entries)) => load_archive(&compressed(entries), &limits),
        _ => {
            let files = entries(&row["files"]).into_iter();
            let files = files.map(|(name, text)| File::new(name, text.as_str().unwrap_or_default().to_owned()));
            let packed = entries(&row["packed"]).into_iter();
            let packed = packed.map(|(name, source)| File::new(name, compressed(&items(&source["archive"]))));
            load_files(files.chain(packed).collect(), &limits)
        }
    };
    loaded.map_err(|error| error.to_string())
}

fn compressed(entries: &[Json]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for entry in entries {
        let name = entry["name"].as_str().unwrap_or_default();
        let text = match entry["size"].as_u64() {
            Some(size) => vec![0; usize::try_from(size).unwrap()],
            None => entry["text"].as_str().unwrap_or_default().as_bytes().to_vec(),
        };
        let kind = match entry["type"].as_str() {
            Some("directory") => EntryType::Directory,
            Some("symlink") => EntryType::Symlink,
            Some("link") => EntryType::Link,
            _ => EntryType::Regular,
        };
        let text = if kind.is_file() { text } else { Vec::new() };
        builder.append(&header(name, kind, text.len()), &text[..]).unwrap();
    }
    let mut compressor = builder.into_inner().unwrap();
    compressor.flush().unwrap();
    compressor.finish().unwrap()
}

/// Writes the name itself: the crate refuses names that a test needs.
fn header(name: &str, kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

pub(super) fn used(chart: &Chart) -> Json {
    json!({
        "name": chart.name(),
        "version": chart.metadata.version,
        "values": chart.values.as_ref().map(|values| typed(&Value::Map(values.clone()))),
        "dependencies": chart.dependencies.iter().map(used).collect::<Vec<_>>(),
        "metadata": wanted(chart.metadata.dependencies.as_deref()),
    })
}

fn wanted(dependencies: Option<&[Option<Dependency>]>) -> Json {
    dependencies.map(|items| items.iter().flatten().map(dependency).collect::<Vec<_>>()).into()
}

/// Returns a dependency as Go writes it: without what is empty, but for name and repository.
fn dependency(dependency: &Dependency) -> Json {
    let import = |import: &Import| match import {
        Import::Written(json) => json.clone(),
        Import::Mapped { child, parent } => json!({"child": child, "parent": parent}),
    };
    let all = json!({
        "version": dependency.version,
        "condition": dependency.condition,
        "tags": dependency.tags,
        "enabled": dependency.enabled,
        "import-values": dependency.import_values.iter().map(import).collect::<Vec<_>>(),
        "alias": dependency.alias,
    });
    let mut written = entries(&all);
    written.retain(|_, value| *value != json!("") && *value != json!([]) && *value != json!(false));
    written.insert("name".into(), json!(dependency.name));
    written.insert("repository".into(), json!(dependency.repository));
    json!(written)
}

pub(super) fn described(chart: &Chart) -> Json {
    describe(chart, chart.name())
}

fn describe(chart: &Chart, path: &str) -> Json {
    let children = chart.dependencies.iter();
    let mut children: Vec<_> =
        children.map(|child| describe(child, &format!("{path}/charts/{}", child.name()))).collect();
    children.sort_by_key(|child| child.to_string());
    let below = chart.crds().into_iter().map(|(name, _)| name.replacen(chart.name(), path, 1));
    let mut crds: Vec<_> = below.collect();
    crds.sort();
    json!({
        "chart": typed(&Value::Map(chart.metadata.to_value())),
        "path": path,
        "values": chart.values.as_ref().map(|values| typed(&Value::Map(values.clone()))),
        "schema": chart.content.schema.as_ref().map_or(String::new(), |file| String::from_utf8_lossy(&file.data).into_owned()),
        "templates": names(&chart.content.templates),
        "files": names(&chart.content.files),
        "raw": names(&chart.content.raw),
        "crds": crds,
        "dependencies": children,
        "lock": chart.lock.as_ref().map(lock),
    })
}

fn lock(lock: &Lock) -> Json {
    let generated = lock.generated.text();
    let dependencies = (!lock.dependencies.is_empty()).then_some(&lock.dependencies[..]);
    json!({"generated": generated, "digest": lock.digest, "dependencies": wanted(dependencies)})
}

fn names(files: &[File]) -> Vec<String> {
    let size = |file: &File| if file.name.ends_with(".tgz") { 0 } else { file.data.len() };
    files.iter().map(|file| format!("{} {}", file.name, size(file))).collect()
}

fn items(json: &Json) -> Vec<Json> {
    json.as_array().cloned().unwrap_or_default()
}

fn entries(json: &Json) -> BTreeMap<String, Json> {
    json.as_object().cloned().unwrap_or_default().into_iter().collect()
}
