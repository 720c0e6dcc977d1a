//! Streams of manifests, post-rendered as helm-controller's libraries do it (`cargo xtask bless`).

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use sluice_kustomize::{
    flux::{Image, Patch, Target},
    post_render::{CommonMetadata, Kustomize, PostRenderers, post_renderers_json},
};

fn text(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_default().to_owned()
}

fn list<T>(json: &Json, name: &str, read: impl Fn(&Json) -> T) -> Vec<T> {
    json[name].as_array().into_iter().flatten().map(read).collect()
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
    let (name, new_name) = (text(entry, "name"), text(entry, "newName"));
    Image { name, new_name, new_tag: text(entry, "newTag"), digest: text(entry, "digest") }
}

fn kustomize(entry: &Json) -> Option<Kustomize> {
    let kustomize = entry.get("kustomize")?;
    Some(Kustomize { patches: list(kustomize, "patches", patch), images: list(kustomize, "images", image) })
}

fn pairs(json: &Json) -> BTreeMap<String, String> {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

fn renderers(row: &Json) -> PostRenderers {
    let origin = [("name", "podinfo"), ("namespace", "apps")];
    let origin = origin.map(|(key, value)| (format!("helm.toolkit.fluxcd.io/{key}"), value.to_owned()));
    PostRenderers {
        kustomize: list(row, "postRenderers", kustomize),
        common: row.get("commonMetadata").map(|common| CommonMetadata {
            annotations: pairs(&common["annotations"]),
            labels: pairs(&common["labels"]),
        }),
        origin: if row["origin"] == true { origin.into() } else { BTreeMap::new() },
    }
}

fn digest(text: &str) -> String {
    let bytes = Sha256::digest(text.as_bytes());
    format!("sha256:{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn answer(row: &Json) -> Result<Json, String> {
    let renderers = renderers(row);
    let entries = row.get("postRenderers").map(|_| post_renderers_json(&renderers.kustomize));
    let common = renderers.common.as_ref().map(CommonMetadata::to_json);
    // Go writes what is missing as `null`.
    let digests = [entries, common].map(|text| digest(&text.unwrap_or_else(|| "null\n".into())));
    let stream = renderers.run(&text(row, "stream")).map_err(|error| error.to_string())?;
    Ok(json!({ "stream": stream, "postRenderers": digests[0], "commonMetadata": digests[1] }))
}

#[test]
fn streams_become_what_they_become_with_flux() {
    let rows: Vec<Json> = serde_json::from_str(include_str!("post_render.json")).expect("the cases are JSON");
    let mut wrong = Vec::new();
    for row in &rows {
        let wanted = row.get("ours").unwrap_or(row);
        match answer(row) {
            Ok(found) if Some(&found) == wanted.get("result") => {}
            // Refusals are in our own words.
            Err(_) if wanted.get("error").is_some() => {}
            found => wrong.push(format!("{row}\n   ours: {found:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
