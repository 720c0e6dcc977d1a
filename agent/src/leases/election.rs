//! The loop around the claims: own lease first, then Flux's, all of them or none.

use std::sync::Arc;

use futures::{StreamExt as _, future::join_all, stream::BoxStream};
use sluice_cluster::{Body, Cluster, Identity, Selection, WatchEvent};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Act, Board, FLUX, OWN, Options, Standing,
    claim::{Claim, Office},
    record,
};

pub(super) struct Election {
    office: Office,
    own: Claim,
    flux: Vec<Claim>,
    acting: bool,
}

/// What has ended a pause.
enum Wake {
    Stop,
    Changed,
    Time,
}

impl Election {
    pub(super) fn new(cluster: Arc<dyn Cluster>, options: Options) -> Self {
        let Options { namespace, suffix, identity, terms, wall } = options;
        let office = Office { cluster, namespace, me: identity, terms, wall };
        let claim = |name: &str| Claim::new(format!("{name}{suffix}"));
        Self { office, own: claim(OWN), flux: FLUX.into_iter().map(claim).collect(), acting: false }
    }

    /// Asks for the leases, holds them until told to release them, and ends early when they are lost.
    pub(super) async fn run(mut self, release: CancellationToken, board: Board) {
        let mut events = self.watch();
        loop {
            let standing = self.step().await;
            let lost = matches!(standing, Standing::Lost(_));
            board.show(standing);
            if lost {
                return;
            }
            match self.pause(&mut events, &release).await {
                Wake::Stop => return self.release().await,
                Wake::Changed => {}
                Wake::Time => self.claims().filter(|claim| !claim.is_held()).for_each(Claim::suspect),
            }
        }
    }

    fn claims(&mut self) -> impl Iterator<Item = &mut Claim> {
        both(&mut self.own, &mut self.flux)
    }

    /// Watches the leases of the namespace: there are few, and one watch is cheaper than one for each of ours.
    fn watch(&self) -> BoxStream<'static, WatchEvent> {
        let namespace = Some(self.office.namespace.clone());
        let what = Selection { namespace, body: Body::Metadata, ..Selection::all(record::gvk()) };
        self.office.cluster.watch(&Identity::Agent, what)
    }

    async fn pause(&mut self, events: &mut BoxStream<'static, WatchEvent>, release: &CancellationToken) -> Wake {
        let now = Instant::now();
        let terms = self.office.terms;
        let next = self.claims().map(|claim| claim.next(terms, now)).min().unwrap_or(now + terms.retry);
        loop {
            tokio::select! {
                biased;
                () = release.cancelled() => return Wake::Stop,
                () = sleep_until(next) => return Wake::Time,
                Some(event) = events.next() => if self.is_news(&event) { return Wake::Changed },
            }
        }
    }

    fn is_news(&mut self, event: &WatchEvent) -> bool {
        let (name, version) = match event {
            WatchEvent::Seen(object) => {
                let version = object.value().pointer("/metadata/resourceVersion");
                (object.name(), version.and_then(|version| version.as_str()))
            }
            WatchEvent::Gone(object) => (object.name(), None),
            WatchEvent::Restarted | WatchEvent::Listed | WatchEvent::Failed { .. } => return false,
        };
        self.claims().find(|claim| claim.name() == name).is_some_and(|claim| claim.shown(version))
    }

    async fn step(&mut self) -> Standing {
        let office = &self.office;
        join_all(both(&mut self.own, &mut self.flux).map(|claim| claim.refresh(office))).await;
        if self.acting { self.keep().await } else { self.seek().await }
    }

    /// Renews all leases, unless one is lost.
    async fn keep(&mut self) -> Standing {
        let (office, now) = (&self.office, Instant::now());
        if let Some(claim) = both(&mut self.own, &mut self.flux).find(|claim| claim.act(office, now) == Act::Lost) {
            return Standing::Lost(why_lost(claim, &office.me));
        }
        write_due(office, both(&mut self.own, &mut self.flux)).await;
        Standing::Held
    }

    /// Takes the own lease, and with it all of Flux's if all can be had.
    async fn seek(&mut self) -> Standing {
        let Self { office, own, flux, acting } = self;
        let office = &*office;
        give_up_lost(office, both(own, flux));
        write_due(office, [&mut *own]).await;
        if !own.is_held() || flux.iter().any(|claim| is_blocked(office, claim)) {
            // Half of Flux's controllers must not be kept from coming back by an agent that does not act.
            join_all(flux.iter_mut().map(|claim| claim.release(office))).await;
            return standing_by(own, flux);
        }
        write_due(office, &mut *flux).await;
        *acting = flux.iter().all(Claim::is_held);
        if *acting { Standing::Held } else { standing_by(own, flux) }
    }

    /// Gives all back, the own lease last: when the next agent has that, it finds the others free.
    async fn release(mut self) {
        let office = &self.office;
        join_all(self.flux.iter_mut().map(|claim| claim.release(office))).await;
        self.own.release(office).await;
    }
}

fn both<'a>(own: &'a mut Claim, flux: &'a mut [Claim]) -> impl Iterator<Item = &'a mut Claim> {
    std::iter::once(own).chain(flux)
}

fn give_up_lost<'a>(office: &Office, claims: impl Iterator<Item = &'a mut Claim>) {
    let now = Instant::now();
    claims.filter(|claim| claim.act(office, now) == Act::Lost).for_each(Claim::forget);
}

async fn write_due<'a>(office: &Office, claims: impl IntoIterator<Item = &'a mut Claim>) {
    let now = Instant::now();
    let due = claims.into_iter().filter(|claim| matches!(claim.act(office, now), Act::Acquire | Act::Renew));
    join_all(due.map(|claim| claim.write(office))).await;
}

fn is_blocked(office: &Office, claim: &Claim) -> bool {
    !claim.is_held() && matches!(claim.act(office, Instant::now()), Act::Wait(_))
}

/// Says what keeps this process from acting.
fn standing_by(own: &Claim, flux: &[Claim]) -> Standing {
    let missing = || std::iter::once(own).chain(flux).filter(|claim| !claim.is_held());
    if let Some(trouble) = missing().find_map(Claim::trouble) {
        return Standing::Failing(trouble.to_owned());
    }
    let foreign = missing().find(|claim| !claim.holder().is_empty());
    foreign.map_or(Standing::Asking, |claim| Standing::StandBy(held_by(claim)))
}

/// Names the controller and the holder, and what to do when that is not wanted.
fn held_by(claim: &Claim) -> String {
    let controller = claim.name().trim_end_matches("-leader-election");
    let advice = if claim.name().starts_with(OWN) { "" } else { "; scale it down or delete the lease" };
    format!("{controller} lease is held by {}: another agent is running{advice}", claim.holder())
}

fn why_lost(claim: &Claim, me: &str) -> String {
    match (claim.holder(), claim.trouble()) {
        (holder, _) if holder != me && !holder.is_empty() => format!("`{}` was taken by {holder}", claim.name()),
        (_, Some(trouble)) => format!("`{}` was not renewed in time: {trouble}", claim.name()),
        (_, None) => format!("`{}` was not renewed in time", claim.name()),
    }
}
