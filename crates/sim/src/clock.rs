//! Time that jumps to the next timer when everybody waits, and tasks that can be ended all at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, ready};
use jiff::{SignedDuration, Timestamp};
use sluice_reconcile::World;
use tokio::{task::JoinSet, time::Instant};

use crate::chance::Chance;

/// Time as tokio's paused clock has it, from the beginning of 2026 on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

const BEGIN: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Timestamp {
        BEGIN + SignedDuration::try_from(self.0.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    fn instant(self, at: Timestamp) -> Instant {
        let since = at.duration_since(BEGIN);
        if since.is_negative() { self.0 } else { self.0 + since.unsigned_abs() }
    }
}

/// The tasks of one life of an agent, its clock and its chance.
pub(crate) struct Life {
    clock: Clock,
    chance: Mutex<Chance>,
    tasks: Mutex<JoinSet<()>>,
}

impl Life {
    pub(crate) fn new(clock: Clock, chance: Chance) -> Self {
        Self { clock, chance: Mutex::new(chance), tasks: Mutex::default() }
    }

    /// Ends all tasks wherever they are.
    pub(crate) async fn end(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }
}

impl World for Life {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.clock.instant(at)))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        lock(&self.tasks).spawn(task);
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, ()> {
        work();
        Box::pin(ready(()))
    }

    fn random(&self) -> f64 {
        lock(&self.chance).share()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
