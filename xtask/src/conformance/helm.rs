//! Releases of charts: our engine against Helm's, with functions of chance, keys and time that answer alike on both sides.

pub(crate) mod charts;
mod compared;
pub(crate) mod oracle;
pub(crate) mod ours;
mod stubs;

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::bail;
use clap::Args;

use charts::Job;
use compared::Compared;
use oracle::Oracle;

/// Which charts, and how they are compared.
#[derive(Args)]
pub(crate) struct Options {
    /// A folder in which every chart is rendered, with its defaults and with each of its `ci/*-values.yaml`.
    #[arg(long, value_name = "DIR")]
    charts: PathBuf,
    /// The version of Kubernetes.
    #[arg(long, value_name = "VERSION", default_value = "v1.34.0")]
    kube_version: String,
    /// How many differences are shown.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    shown: usize,
    /// Only charts whose path holds this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

/// Compares all charts; anything that differs fails.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut jobs = charts::below(&options.charts, &options.kube_version)?;
    jobs.retain(|job| job.label.contains(&options.only));
    let compared = compare_all(&jobs)?;
    let differences = || compared.iter().filter(|compared| compared.verdict.is_difference());
    differences().take(options.shown).for_each(|compared| println!("{}", compared.difference));
    differences().for_each(|compared| println!("{:?}: {}", compared.verdict, compared.label));
    println!("{}", compared::summary(&compared));
    match differences().count() {
        0 => Ok(()),
        count => bail!("{count} of {} releases differ", compared.len()),
    }
}

/// Compares several at once, each worker with an oracle of its own, and returns them in order.
fn compare_all(jobs: &[Job]) -> anyhow::Result<Vec<Compared>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> anyhow::Result<()> {
        let mut oracle = Oracle::start()?;
        while let Some((index, job)) = jobs.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            let compared = compared::compare(job, &oracle.ask(job)?, &ours::release(job));
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, compared));
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(outcome) => outcome,
            Err(_) => bail!("a worker has ended with a panic"),
        })
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, compared)| compared).collect())
}
