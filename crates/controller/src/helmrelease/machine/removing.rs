//! A release is taken away: for good, or because it has another name now. Source: helm-controller's `Uninstall`.

use jiff::Timestamp;
use sluice_api::{
    conditions::{FALSE, RELEASED},
    helm::HelmRelease,
};
use sluice_cluster::EventType;
use sluice_helm::release::Status;
use sluice_reconcile::Next;
use sluice_release::Error;

use super::{
    super::{
        history,
        report::{About, reasons as helm},
    },
    Purpose, Run, Step,
    outcomes::{Observed, told},
    trouble,
};

/// Why a release is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// Another one takes its place.
    Replace,
    /// Its HelmRelease is deleted.
    Delete,
}

impl Run {
    /// A HelmRelease is deleted: its release goes first, if that can be.
    pub(super) fn delete(self, object: &HelmRelease, now: Timestamp) -> Step {
        if object.spec.suspend {
            return self.released(object);
        }
        if self.status.storage_namespace.as_deref().unwrap_or_default().is_empty() || self.status.history.is_empty() {
            return self.gone(object);
        }
        if let Some(account) = &self.facts.missing_account {
            tracing::warn!(account, "the release is not uninstalled: the account to impersonate is not there");
            return self.gone(object);
        }
        if let Err(error) = self.facts.identity.clone() {
            if error.message.contains("not found") {
                tracing::warn!(error = error.message, "the release is not uninstalled: its cluster is not known");
                return self.gone(object);
            }
            let message = format!("failed to build REST client getter to uninstall release: {}", error.message);
            return self.fail(object, &trouble(helm::UNINSTALL_FAILED, message), Next::Backoff, now);
        }
        self.read_revisions(object, Purpose::Delete)
    }

    /// The release is gone; its HelmChart follows.
    fn gone(self, object: &HelmRelease) -> Step {
        if crate::helmrelease::template::target(&self.status).is_none() {
            return self.released(object);
        }
        self.delete_template(object)
    }

    pub(super) fn uninstall(mut self, object: &HelmRelease, purpose: Purpose, now: Timestamp) -> Step {
        let removal = if purpose == Purpose::Delete { Removal::Delete } else { Removal::Replace };
        let Some(entry) = self.latest_entry() else { return self.after_removal(object, removal) };
        let last = self.last().map(|last| last.info.status.clone());
        let keeps = object.uninstall().keep_history;
        let already = match last {
            None => Some(format!("Release {} was not found, assuming it is uninstalled", history::full_name(&entry))),
            Some(Status::Uninstalled) if keeps => {
                Some(format!("Release {} was already uninstalled", history::full_name(&entry)))
            }
            Some(_) => None,
        };
        if let Some(message) = already {
            self.marks(object, now).set(RELEASED, FALSE, helm::UNINSTALL_SUCCEEDED, &message);
            self.summarize(object, now);
            return self.after_removal(object, removal);
        }
        self.take_away(object, removal, now)
    }

    pub(super) fn removed(
        mut self,
        object: &HelmRelease,
        removal: Removal,
        observed: &Observed,
        result: Result<(), Error>,
        now: Timestamp,
    ) -> Step {
        self.note(observed, Some("uninstall"));
        let Some(entry) = self.latest_entry() else { return self.after_removal(object, removal) };
        let subject = history::subject(&entry);
        match result {
            Ok(()) => {
                let message = format!("Helm uninstall succeeded for {subject}");
                self.status.inventory = None;
                self.marks(object, now).set(RELEASED, FALSE, helm::UNINSTALL_SUCCEEDED, &message);
                self.notice_of(&entry, EventType::Normal, helm::UNINSTALL_SUCCEEDED, message);
                self.summarize(object, now);
                self.after_removal(object, removal)
            }
            Err(error) => {
                let message = format!("Helm uninstall failed for {subject}: {}", told(&error).trim());
                let failed = (RELEASED, helm::UNINSTALL_FAILED);
                self.tell_failure(object, failed, About::of(&entry), message, now);
                self.summarize(object, now);
                self.pause(object, Next::Backoff)
            }
        }
    }

    fn after_removal(mut self, object: &HelmRelease, removal: Removal) -> Step {
        self.status.history.clear();
        self.status.storage_namespace = None;
        match removal {
            Removal::Delete => self.gone(object),
            Removal::Replace => {
                (self.status.failures, self.status.install_failures, self.status.upgrade_failures) = (0, 0, 0);
                self.pause(object, Next::Now)
            }
        }
    }
}
