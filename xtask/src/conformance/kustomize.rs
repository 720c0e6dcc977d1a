//! `sluice kustomize build` against kustomize.

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use sluice_e2e::tools::{self, Tool};

use super::{
    Options,
    cases::{self, Case},
    run::{Outcome, build},
    verdict::{Verdict, compare, describe},
};
use crate::programs::{self, workspace};

/// The cases of the engine itself.
const GOLDEN: &str = "crates/kustomize/tests/cases";

/// Compares all builds; anything that differs fails.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let cases = match (&options.cases, &options.trees) {
        (Some(folder), _) => cases::in_folder(folder)?,
        (None, Some(folder)) => cases::below(folder)?,
        (None, None) => cases::in_folder(&workspace().join(GOLDEN))?,
    };
    let programs = Programs {
        ours: programs::build(&["sluice"], true)?.join("sluice"),
        real: tools::path_blocking(Tool::Kustomize).context("have kustomize")?,
    };
    let compared = programs.compare_all(&cases)?;
    let differences = compared.iter().filter(|compared| compared.is_difference());
    differences.take(options.shown).for_each(|compared| println!("{}", compared.difference));
    println!("{}", summary(&compared));
    match compared.iter().filter(|compared| compared.is_difference()).count() {
        0 => Ok(()),
        count => bail!("{count} of {} builds differ", compared.len()),
    }
}

struct Programs {
    ours: PathBuf,
    real: PathBuf,
}

/// A case that was built by both.
struct Compared {
    verdict: Verdict,
    difference: String,
    ours: Duration,
    real: Duration,
}

impl Compared {
    fn is_difference(&self) -> bool {
        matches!(self.verdict, Verdict::Equal | Verdict::Different)
    }
}

impl Programs {
    /// Compares all cases, several at once, and returns them in order.
    fn compare_all(&self, cases: &[Case]) -> anyhow::Result<Vec<Compared>> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        let work = || {
            while let Some((index, case)) = cases.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
                let compared = self.compare(case);
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, compared));
            }
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, compared)| compared).collect()
    }

    /// Compares one case. What both refuse is tried again as Flux builds it, with files from anywhere.
    fn compare(&self, case: &Case) -> anyhow::Result<Compared> {
        let compared = self.compare_once(case)?;
        if compared.verdict != Verdict::RefusedAlike || !case.flags.is_empty() {
            return Ok(compared);
        }
        let flags = ["--load-restrictor", "LoadRestrictionsNone"].map(str::to_owned).to_vec();
        self.compare_once(&Case { flags, ..case.clone() })
    }

    fn compare_once(&self, case: &Case) -> anyhow::Result<Compared> {
        let ours = build(&self.ours, &["kustomize"], case)?;
        let real = build(&self.real, &[], case)?;
        Ok(compared(compare(&ours, &real), case, &ours, &real))
    }
}

fn compared(verdict: Verdict, case: &Case, ours: &Outcome, real: &Outcome) -> Compared {
    Compared { verdict, difference: describe(&case.name, ours, real), ours: ours.took, real: real.took }
}

fn summary(compared: &[Compared]) -> String {
    let count = |verdict| compared.iter().filter(|compared| compared.verdict == verdict).count();
    let took = |of: fn(&Compared) -> Duration| compared.iter().map(of).sum::<Duration>();
    format!(
        "── {} builds: {} byte-identical, {} semantically equal, {} refused alike, {} different; {} need something \
         out of reach, {} use fields of 5.8.2; ours took {:.1?}, kustomize {:.1?}",
        compared.len(),
        count(Verdict::Identical),
        count(Verdict::Equal),
        count(Verdict::RefusedAlike),
        count(Verdict::Different),
        count(Verdict::Remote),
        count(Verdict::Newer),
        took(|compared| compared.ours),
        took(|compared| compared.real),
    )
}
