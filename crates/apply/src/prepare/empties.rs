//! Drops what Go's types leave out: nulls, and empty values of optional fields that are no pointers.
//!
//! Which fields those are follows from their names, and for a few from the field above. The tables hold what occurs in
//! manifests; they were checked against a round trip through the Go types of Kubernetes 1.36.

use serde_json::{Map, Value};
use sluice_object::Gvk;

/// Maps of texts, in which keys are data. A null in them is an empty text.
const TEXT_MAPS: [&str; 6] = ["labels", "annotations", "matchLabels", "data", "binaryData", "nodeSelector"];

/// Other optional maps.
const MAPS: [&str; 10] = [
    "limits",
    "requests",
    "hard",
    "capacity",
    "overhead",
    "podFixed",
    "options",
    "extra",
    "parameters",
    "volumeAttributes",
];

/// Lists that stay although they are empty.
const REQUIRED_LISTS: [&str; 10] = [
    "containers",
    "paths",
    "nodeSelectorTerms",
    "admissionReviewVersions",
    "endpoints",
    "sources",
    "limits",
    "monitors",
    "drivers",
    "topologyKeys",
];

/// The same, below another field.
const REQUIRED_LISTS_OF: [(&str, &str); 3] =
    [("matchLabelExpressions", "values"), ("podFailurePolicy", "rules"), ("endpoints", "addresses")];

/// Texts of which an empty one is no value.
const TEXTS: [&str; 43] = [
    "apiVersion",
    "audience",
    "caBundle",
    "clusterIP",
    "concurrencyPolicy",
    "containerName",
    "controller",
    "description",
    "dnsPolicy",
    "effect",
    "externalName",
    "externalTrafficPolicy",
    "host",
    "hostIP",
    "hostname",
    "imagePullPolicy",
    "level",
    "loadBalancerIP",
    "medium",
    "message",
    "messageExpression",
    "namespace",
    "nodeName",
    "path",
    "persistentVolumeReclaimPolicy",
    "podManagementPolicy",
    "prefix",
    "priorityClassName",
    "protocol",
    "restartPolicy",
    "schedulerName",
    "scheme",
    "secretName",
    "serviceAccount",
    "serviceAccountName",
    "sessionAffinity",
    "subPath",
    "subPathExpr",
    "subdomain",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "volumeName",
    "workingDir",
];

/// The same, below another field; the top of the object is empty.
const TEXTS_OF: [(&str, &str); 8] = [
    ("env", "value"),
    ("tolerations", "value"),
    ("strategy", "type"),
    ("updateStrategy", "type"),
    ("", "type"),
    ("ports", "name"),
    ("metadata", "name"),
    ("subjects", "apiGroup"),
];

/// Texts that are pointers after all.
const POINTERS_OF: [(&str, &str); 2] = [("parameters", "namespace"), ("csi", "readOnly")];

/// Flags of which `false` is no value.
const FLAGS: [&str; 11] = [
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
    "paused",
    "publishNotReadyAddresses",
    "unschedulable",
    "globalDefault",
];

/// Numbers of which zero is no value.
const NUMBERS: [&str; 9] = [
    "failureThreshold",
    "generation",
    "healthCheckNodePort",
    "hostPort",
    "initialDelaySeconds",
    "minReadySeconds",
    "nodePort",
    "periodSeconds",
    "successThreshold",
];

/// The same, below another field.
const NUMBERS_OF: [(&str, &str); 4] = [
    ("livenessProbe", "timeoutSeconds"),
    ("readinessProbe", "timeoutSeconds"),
    ("startupProbe", "timeoutSeconds"),
    ("port", "number"),
];

/// Drops the empty values of a built-in kind.
pub(super) fn drop_all(value: &mut Value, gvk: &Gvk) {
    let walk = Walk { text_selector: matches!(gvk.kind.as_str(), "Service" | "ReplicationController") };
    let free_form = gvk.kind == "ControllerRevision";
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, value| (free_form && key == "data") || walk.keep("", key, value));
    }
}

struct Walk {
    /// Whether a selector is a map of texts, as in Services.
    text_selector: bool,
}

impl Walk {
    fn keep(&self, parent: &str, key: &str, value: &mut Value) -> bool {
        let is = |names: &[&str], pairs: &[(&str, &str)]| names.contains(&key) || pairs.contains(&(parent, key));
        let pointer = POINTERS_OF.contains(&(parent, key));
        match value {
            Value::Null => false,
            Value::Bool(flag) => *flag || pointer || !is(&FLAGS, &[]),
            Value::Number(number) => number.as_i64() != Some(0) || !is(&NUMBERS, &NUMBERS_OF),
            Value::String(text) => !text.is_empty() || pointer || !is(&TEXTS, &TEXTS_OF),
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.drop_below(key, item));
                !items.is_empty() || is(&REQUIRED_LISTS, &REQUIRED_LISTS_OF)
            }
            Value::Object(map) if TEXT_MAPS.contains(&key) || (self.text_selector && key == "selector") => {
                nulls_to_texts(map);
                !map.is_empty()
            }
            Value::Object(map) => {
                map.retain(|below, value| self.keep(key, below, value));
                !map.is_empty() || !MAPS.contains(&key)
            }
        }
    }

    fn drop_below(&self, parent: &str, item: &mut Value) {
        match item {
            Value::Object(map) => map.retain(|key, value| self.keep(parent, key, value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.drop_below(parent, item)),
            _ => {}
        }
    }
}

fn nulls_to_texts(map: &mut Map<String, Value>) {
    map.values_mut().filter(|value| value.is_null()).for_each(|value| *value = Value::String(String::new()));
}
