//! What the agent is still waiting for, shared by whoever knows and `/readyz`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

/// The state of one part of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It serves; a word about how.
    Ready(String),
    /// It does not serve yet, and why.
    Pending(String),
}

/// The states of all parts. Clones share one state; an agent without parts is ready.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, Part>>>);

impl Readiness {
    /// Notes that a part serves.
    pub fn ready(&self, part: &'static str, note: impl Into<String>) {
        self.set(part, Part::Ready(note.into()));
    }

    /// Notes that a part does not serve yet.
    pub fn pending(&self, part: &'static str, reason: impl Into<String>) {
        self.set(part, Part::Pending(reason.into()));
    }

    fn set(&self, name: &'static str, part: Part) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, part);
    }

    /// Returns whether every part serves, and a text with a line for each.
    pub fn report(&self) -> (bool, String) {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = parts.values().all(|part| matches!(part, Part::Ready(_)));
        (ready, render(&parts))
    }
}

/// Renders the form of Kubernetes' own `/readyz?verbose`.
fn render(parts: &BTreeMap<&'static str, Part>) -> String {
    parts.iter().fold(String::new(), |mut text, (name, part)| {
        let (sign, note) = match part {
            Part::Ready(note) => ('+', note),
            Part::Pending(reason) => ('-', reason),
        };
        writeln!(text, "[{sign}]{name}: {note}").expect("invariant: writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::Readiness;

    #[test]
    fn one_pending_part_is_enough_and_says_why() {
        let readiness = Readiness::default();
        readiness.ready("leases", "held");
        readiness.pending("caches", "listing GitRepository");
        assert_eq!(readiness.report(), (false, "[-]caches: listing GitRepository\n[+]leases: held\n".into()));
        readiness.ready("caches", "synced");
        assert!(readiness.report().0);
    }
}
