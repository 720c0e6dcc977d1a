//! What kwok is told: our stages, and the files that play the logs of pods.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::Options;

const STAGES: &str = include_str!("../../kwok/stages.yaml");

/// A file that `kubectl logs` shows for pods.
///
/// kwok reads the file as a container runtime's; [`copy_as_container_log`] writes it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodLogs {
    namespace: String,
    pods: Vec<String>,
    file: PathBuf,
}

impl PodLogs {
    /// Shows the file for every pod of a namespace.
    pub fn namespace(namespace: &str, file: &Path) -> Self {
        Self { namespace: namespace.to_owned(), pods: Vec::new(), file: file.to_owned() }
    }

    /// Shows the file for one pod.
    pub fn pod(namespace: &str, pod: &str, file: &Path) -> Self {
        Self { pods: vec![pod.to_owned()], ..Self::namespace(namespace, file) }
    }

    fn document(&self, index: usize) -> String {
        let mut selector = json!({ "matchNamespaces": [self.namespace] });
        if !self.pods.is_empty() {
            selector["matchNames"] = json!(self.pods);
        }
        let document = json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterLogs",
            "metadata": { "name": format!("logs-{index}") },
            "spec": { "selector": selector, "logs": [{ "logsFile": self.file, "follow": true }] },
        });
        document.to_string()
    }
}

/// Copies the output of a program, until it ends, into a file as container runtimes write it:
/// `<time> stdout F <text>`.
///
/// # Errors
/// When the output cannot be read or the file not written.
pub fn copy_as_container_log(output: impl BufRead, mut file: impl Write) -> io::Result<()> {
    output.lines().try_for_each(|line| writeln!(file, "{:.9} stdout F {}", Timestamp::now(), line?))
}

/// Returns the text of kwok's configuration file.
pub(super) fn config(options: &Options) -> String {
    // One such object replaces all of kwok's defaults.
    let settings = json!({
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {
            "enableDebuggingHandlers": true,
            "enablePodsOnNodeSyncListPager": true,
            "nodeLeaseParallelism": 4,
            "nodePlayStageParallelism": 4,
            "podPlayStageParallelism": 32,
            "podsOnNodeSyncParallelism": 4,
        },
    });
    let logs = options.pod_logs.iter().enumerate().map(|(index, logs)| logs.document(index));
    let documents = std::iter::once(STAGES.to_owned()).chain([settings.to_string()]).chain(logs);
    documents.collect::<Vec<_>>().join("\n---\n")
}
