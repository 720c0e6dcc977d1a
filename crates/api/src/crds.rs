use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceValidation, JSON, JSONSchemaProps,
};
use kube::CustomResourceExt;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::{
    annotations, controlplane as cp, extensions as ext, helm, image, kustomize, labels, notification as note, schema,
    source,
};

/// Returns the CRDs of all kinds, in a fixed order.
///
/// Where they differ from what kube would derive (`GitRepository::crd()`), they are what the API server should get.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let toolkit = |component| Of { component, substitute: false, observed: true };
    let source = toolkit("source-controller");
    let notes = toolkit("notification-controller");
    let reflector = Of { substitute: true, ..toolkit("image-reflector-controller") };
    let operator = Of { component: "flux-operator", substitute: true, observed: false };
    vec![
        define::<source::GitRepository>(&source, SOURCES, &[URL, AGE, READY, STATUS]),
        define::<source::OciRepository>(&source, SOURCES, &[URL, READY, STATUS, AGE]),
        define::<source::Bucket>(&source, SOURCES, &[("Endpoint", ".spec.endpoint"), AGE, READY, STATUS]),
        define::<source::HelmRepository>(&source, SOURCES, &[URL, AGE, READY, STATUS]),
        define::<source::HelmChart>(&source, SOURCES, &CHART),
        define::<source::ExternalArtifact>(&source.unobserved(), SOURCES, &[AGE, READY, STATUS, ARTIFACT_SOURCE]),
        define::<kustomize::Kustomization>(&toolkit("kustomize-controller"), APPLIERS, &USUAL),
        define::<helm::HelmRelease>(&toolkit("helm-controller"), APPLIERS, &USUAL),
        define::<note::Receiver>(&notes, NOTIFICATIONS, &USUAL),
        define::<note::Alert>(&notes, NOTIFICATIONS, &[AGE]),
        define::<note::Provider>(&notes, NOTIFICATIONS, &[AGE]),
        define::<image::ImageRepository>(&reflector, IMAGES, &IMAGE_REPOSITORY),
        define::<image::ImagePolicy>(&reflector, IMAGES, &IMAGE_POLICY),
        define::<image::ImageUpdateAutomation>(&toolkit("image-automation-controller"), IMAGES, &AUTOMATION),
        define::<ext::ArtifactGenerator>(&toolkit("source-watcher").unobserved(), SOURCES, &USUAL),
        define::<cp::FluxInstance>(&operator, &["fluxcd", "fluxcd-appliers"], &INSTANCE),
        define::<cp::FluxReport>(&operator, &["fluxcd"], &REPORT),
        define::<cp::ResourceSet>(&operator, APPLIERS, &USUAL),
        define::<cp::ResourceSetInputProvider>(&operator, SOURCES, &USUAL),
    ]
}

/// Returns all of [`crds`] as one YAML stream, the same for the same version.
pub fn crds_yaml() -> String {
    yaml(&crds())
}

/// Writes CRDs as a YAML stream, keys in the order of the alphabet.
pub fn yaml(crds: &[CustomResourceDefinition]) -> String {
    crds.iter().map(document).collect()
}

fn document(crd: &CustomResourceDefinition) -> String {
    let crd = serde_json::to_value(crd).expect("invariant: a CRD is JSON");
    let text = serde_saphyr::to_string(&plain(crd)).expect("invariant: JSON is YAML");
    format!("---\n{}\n", text.trim_end())
}

/// Sorts keys, and writes whole numbers without a fraction.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(key, value)| (key, plain(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => json!(float as i64),
            _ => Value::Number(number),
        },
        other => other,
    }
}

type Column = (&'static str, &'static str);

const URL: Column = ("URL", ".spec.url");
const AGE: Column = ("Age", ".metadata.creationTimestamp");
const READY: Column = ("Ready", r#".status.conditions[?(@.type=="Ready")].status"#);
const STATUS: Column = ("Status", r#".status.conditions[?(@.type=="Ready")].message"#);
const ARTIFACT_SOURCE: Column = ("Source", ".spec.sourceRef.name");
const USUAL: [Column; 3] = [AGE, READY, STATUS];
const CHART: [Column; 7] = [
    ("Chart", ".spec.chart"),
    ("Version", ".spec.version"),
    ("Source Kind", ".spec.sourceRef.kind"),
    ("Source Name", ".spec.sourceRef.name"),
    AGE,
    READY,
    STATUS,
];
const IMAGE_REPOSITORY: [Column; 6] = [
    ("Image", ".spec.image"),
    ("Tags", ".status.lastScanResult.tagCount"),
    READY,
    STATUS,
    ("Last scan", ".status.lastScanResult.scanTime"),
    AGE,
];
const IMAGE_POLICY: [Column; 5] =
    [("Image", ".status.latestRef.name"), ("Tag", ".status.latestRef.tag"), READY, STATUS, AGE];
const AUTOMATION: [Column; 4] = [READY, STATUS, ("Last run", ".status.lastAutomationRunTime"), AGE];
const INSTANCE: [Column; 4] = [AGE, READY, STATUS, ("Revision", ".status.lastAttemptedRevision")];
const REPORT: [Column; 5] = [
    ("Entitlement", ".spec.distribution.entitlement"),
    AGE,
    READY,
    STATUS,
    ("LastUpdated", r#".status.conditions[?(@.type=="Ready")].lastTransitionTime"#),
];

const SOURCES: &[&str] = &["all", "fluxcd", "fluxcd-sources"];
const APPLIERS: &[&str] = &["all", "fluxcd", "fluxcd-appliers"];
const NOTIFICATIONS: &[&str] = &["all", "fluxcd", "fluxcd-notifications"];
const IMAGES: &[&str] = &["all", "fluxcd", "fluxcd-images"];

/// What the CRDs of one upstream controller have in common.
struct Of {
    /// Name of that controller.
    component: &'static str,
    /// Whether post-build substitution may touch them.
    substitute: bool,
    /// Whether a new object's status says that its generation is not yet observed.
    observed: bool,
}

impl Of {
    fn unobserved(&self) -> Self {
        Self { observed: false, ..*self }
    }
}

fn define<K: CustomResourceExt + JsonSchema>(
    of: &Of,
    categories: &[&str],
    columns: &[Column],
) -> CustomResourceDefinition {
    let mut crd = K::crd();
    crd.metadata.labels = Some(
        [
            (labels::PART_OF, labels::FLUX),
            (labels::INSTANCE, "flux-system"),
            (labels::VERSION, concat!("v", env!("CARGO_PKG_VERSION"))),
            (labels::COMPONENT, of.component),
        ]
        .map(|(key, value)| (key.into(), value.into()))
        .into(),
    );
    if !of.substitute {
        crd.metadata.annotations =
            Some([(annotations::KUSTOMIZE_SUBSTITUTE.into(), annotations::DISABLED.into())].into());
    }
    crd.spec.names.categories = Some(categories.iter().map(ToString::to_string).collect());
    crd.spec.names.list_kind = Some(format!("{}List", crd.spec.names.kind));
    for version in &mut crd.spec.versions {
        let mut schema = schema::structural::<K>();
        complete(&mut schema, of);
        version.schema = Some(CustomResourceValidation { open_api_v3_schema: Some(schema) });
        version.additional_printer_columns = Some(columns.iter().map(column).collect());
    }
    crd
}

/// Flux's CRDs require no `spec`, and their status says from the start that it is not yet observed.
fn complete(schema: &mut JSONSchemaProps, of: &Of) {
    schema.required = None;
    let properties = schema.properties.get_or_insert_default();
    if let Some(status) = properties.get_mut("status")
        && of.observed
    {
        status.default = Some(JSON(json!({"observedGeneration": -1})));
    }
    let named = |type_: &str, description: Option<&str>| JSONSchemaProps {
        type_: Some(type_.into()),
        description: description.map(Into::into),
        ..Default::default()
    };
    properties.insert("apiVersion".into(), named("string", Some("Group and version of the object.")));
    properties.insert("kind".into(), named("string", Some("Kind of the object.")));
    properties.insert("metadata".into(), named("object", None));
}

fn column(&(name, json_path): &Column) -> CustomResourceColumnDefinition {
    let type_ = if json_path == AGE.1 { "date" } else { "string" };
    CustomResourceColumnDefinition {
        name: name.into(),
        json_path: json_path.into(),
        type_: type_.into(),
        ..Default::default()
    }
}
