//! What happened in a run, as lines of text.

use jiff::Timestamp;
use sluice_cluster::{Identity, Request};

use crate::{fault::Fault, stage::Answer};

/// The lines; none are kept where nobody wants them.
pub(crate) struct Trace(Option<Vec<String>>);

impl Trace {
    pub(crate) fn new(wanted: bool) -> Self {
        Self(wanted.then(Vec::new))
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            lines.push(line());
        }
    }

    pub(crate) fn effect(&mut self, number: usize, at: Timestamp, what: impl FnOnce() -> String, fault: Option<Fault>) {
        self.note(|| {
            let fault = fault.map(|fault| format!("  ✗ {fault}")).unwrap_or_default();
            format!("{number:>4}  {}  {}{fault}", at.strftime("%H:%M:%S%.3f"), what())
        });
    }

    /// Adds to the last line what the server has answered, if that was an error.
    pub(crate) fn answer(&mut self, answer: Option<&Answer>) {
        if let (Some(line), Some(Err(error))) = (self.0.as_mut().and_then(|lines| lines.last_mut()), answer) {
            line.push_str(&format!("  → {} {error}", error.code()));
        }
    }

    pub(crate) fn lines(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }
}

/// Returns a request in a line.
pub(crate) fn describe(who: &Identity, request: &Request) -> String {
    let as_whom = who.impersonated_user().map(|user| format!(" as {user}")).unwrap_or_default();
    let verb = request.verb().as_str();
    let what = match request {
        Request::Event(event) => format!("{} {}", event.about.id(), event.reason),
        Request::List { gvk, namespace, labels, .. } => {
            format!("{} {} {labels}", gvk.kind, namespace.as_deref().unwrap_or("*"))
        }
        request => target_of(request).unwrap_or_default(),
    };
    let detail = match request {
        Request::Status { patch, .. } => format!(" {}", ready_of(&patch["status"])),
        _ => String::new(),
    };
    format!("{verb} {what}{detail}{as_whom}")
}

fn target_of(request: &Request) -> Option<String> {
    let target = match request {
        Request::Get(target)
        | Request::JsonPatch { target, .. }
        | Request::MergePatch { target, .. }
        | Request::StrategicPatch { target, .. }
        | Request::Status { target, .. }
        | Request::Delete { target, .. } => target.id(),
        Request::Apply { object, .. } | Request::Create { object, .. } | Request::Replace { object, .. } => object.id(),
        _ => return None,
    };
    Some(target.to_string())
}

fn ready_of(status: &serde_json::Value) -> String {
    let ready = status["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
    let text = |key: &str| ready.and_then(|ready| ready[key].as_str()).unwrap_or_default().to_owned();
    format!("{} {}", text("status"), text("reason"))
}
