//! Releases, their digests, values of references and post-rendering.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluice_helm::{
    Capabilities, Chart, Hook, KubeVersion,
    release::{
        Algorithm, ApplyMethod, Info, Release, Released, Status, decode, digest_values, values_of, verify_values,
    },
    render::{Cache, Execution, Options, PostRender, Rendered, Strategy, render},
    top::{self, Schemas},
    values::{
        self, Style,
        references::{ObjectKey, Objects, Reference, compose},
        set,
    },
};
use sluice_kustomize::{
    flux::{Image, Patch, Target},
    post_render::{Kustomize, PostRenderers},
};
use sluice_template::{Functions, Language, Map, Value, World};

use super::{charts::source, typed};
use crate::Answer;

/// Nothing happens by chance here.
struct Still;

impl World for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

pub(crate) fn stored(row: &Json) -> Answer {
    let text = row["text"].as_str().map_or_else(|| row["release"].to_string(), str::to_owned);
    let oci = row["oci"].as_str().unwrap_or_default();
    let release = match row["encoded"].as_str() {
        Some(encoded) => decode(encoded.as_bytes()).map_err(|error| error.to_string()),
        None => Release::from_json(text.as_bytes()).map_err(|error| error.to_string()),
    };
    answer(release.map(|release| shown(&release, oci)))
}

fn shown(release: &Release, oci: &str) -> Json {
    let algorithms = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
    let digests = algorithms.map(|algorithm| (algorithm.name(), release.digest(algorithm, oci).to_string()));
    let digests: BTreeMap<_, _> = digests.into_iter().collect();
    let config = digest_values(Algorithm::Sha256, &release.config).to_string();
    json!({ "text": release.to_json(), "digests": digests, "config": config })
}

pub(crate) fn made(row: &Json) -> Answer {
    let values = given(row);
    answer(source(row).and_then(|loaded| installed(&loaded.chart, &values, None)).map(|made| {
        let release = Release {
            name: "r".into(),
            namespace: "ns".into(),
            version: 1,
            info: Info { status: Status::Deployed, notes: made.notes.clone(), ..Info::default() },
            chart: Some(Arc::new(Released::from(&made.chart))),
            config: Arc::new(values_of(&values)),
            manifest: made.manifest().into(),
            hooks: made.hooks,
            apply_method: Some(ApplyMethod::ServerSide),
            ..Release::default()
        };
        shown(&release, "")
    }))
}

/// Reads what stands in `values` and `set`.
fn given(row: &Json) -> Map {
    let values = values::read(row["values"].as_str().unwrap_or_default().as_bytes()).unwrap();
    for text in row["set"].as_array().into_iter().flatten() {
        set(text.as_str().unwrap_or_default(), &values, Style::Typed).unwrap();
    }
    values
}

fn installed(chart: &Chart, values: &Map, post_render: Option<PostRender<'_>>) -> Result<Rendered, String> {
    let release = top::Release { name: "r".into(), namespace: "ns".into(), revision: 1, is_upgrade: false };
    let kube_version = KubeVersion::parse("v1.34.0").unwrap();
    let language = Language { functions: Functions::helm().with_templates(), ..Language::default() };
    let options = Options {
        release: &release,
        capabilities: &Capabilities { kube_version, ..Capabilities::offline() },
        schemas: Schemas::Skipped,
        sub_notes: false,
        execution: &Execution { cache: Arc::new(Cache::new(language)), ..Execution::default() },
        post_render,
    };
    render(chart, values, &options, Box::new(Still), &mut Vec::new()).map_err(|refusal| refusal.to_string())
}

pub(crate) fn digests(row: &Json) -> Answer {
    let values = values_of(&given(row));
    let digest = digest_values(Algorithm::Sha256, &values).to_string();
    assert!(verify_values(&digest, &values));
    answer(Ok(digest.into()))
}

pub(crate) fn references(row: &Json) -> Answer {
    let entries = row["valuesFrom"].as_array().unwrap();
    let references: Vec<_> = entries.iter().map(reference).collect();
    let mut objects = Objects::new();
    for (key, data) in row["objects"].as_object().into_iter().flatten() {
        let (kind, name) = key.split_once('/').unwrap();
        let data = data.as_object().unwrap().iter();
        let data = data.map(|(key, text)| (key.clone(), Bytes::from(text.as_str().unwrap().to_owned())));
        objects.insert(ObjectKey { kind: kind.into(), name: name.into() }, Some(data.collect()));
    }
    let inline = row["values"].as_object().cloned().unwrap_or_default();
    let composed = compose(&references, "apps", &objects, &inline);
    answer(composed.map(|composed| typed(&Value::Map(composed.values))).map_err(|error| error.to_string()))
}

fn reference(entry: &Json) -> Reference {
    Reference {
        kind: text(entry, "kind"),
        name: text(entry, "name"),
        values_key: text(entry, "valuesKey"),
        target_path: text(entry, "targetPath"),
        literal: entry["literal"] == true,
        optional: entry["optional"] == true,
    }
}

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn strategies(row: &Json) -> Answer {
    let mut with_definition = row.clone();
    with_definition["files"]["Chart.yaml"] = "apiVersion: v2\nname: c\nversion: 0.1.0\n".into();
    let renderers = renderers(row);
    let run = |stream: &str| renderers.run(stream).map_err(|error| error.to_string());
    let strategy = Strategy::of(row["strategy"].as_str().unwrap()).unwrap();
    let post = PostRender { strategy, run: &run };
    answer(source(&with_definition).and_then(|loaded| installed(&loaded.chart, &Map::default(), Some(post))).map(
        |made| {
            let hook = |hook: &Hook| format!("{}\n{}", hook.path, hook.manifest);
            json!({ "manifest": made.manifest(), "hooks": made.hooks.iter().map(hook).collect::<Vec<_>>() })
        },
    ))
}

fn renderers(row: &Json) -> PostRenderers {
    let entries = row["postRenderers"].as_array().into_iter().flatten();
    let kustomize = entries.map(|entry| {
        let items = |name: &str| entry["kustomize"][name].as_array().cloned().unwrap_or_default();
        let patches = items("patches").iter().map(patch).collect();
        entry.get("kustomize").map(|_| Kustomize { patches, images: items("images").iter().map(image).collect() })
    });
    let origin = [("name", "podinfo"), ("namespace", "apps")];
    let origin = origin.map(|(key, value)| (format!("helm.toolkit.fluxcd.io/{key}"), value.to_owned()));
    PostRenderers {
        kustomize: kustomize.collect(),
        common: None,
        origin: if row["origin"] == true { origin.into_iter().collect() } else { Default::default() },
    }
}

fn patch(entry: &Json) -> Patch {
    let target = entry.get("target").map(|target| Target {
        kind: text(target, "kind"),
        name: text(target, "name"),
        label_selector: text(target, "labelSelector"),
        ..Target::default()
    });
    Patch { patch: text(entry, "patch"), target }
}

fn image(entry: &Json) -> Image {
    Image {
        name: text(entry, "name"),
        new_name: text(entry, "newName"),
        new_tag: text(entry, "newTag"),
        digest: text(entry, "digest"),
    }
}

fn answer(result: Result<Json, String>) -> Answer {
    Answer { result, notices: Vec::new() }
}
