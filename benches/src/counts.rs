//! What the agent has used: requests by verb, from the API server's own log, and its processor time.

use std::{collections::BTreeMap, fmt, fs};

use anyhow::Context as _;
use jiff::Timestamp;
use sluice_e2e::{Agent, ControlPlane, control_plane::AuditEntry};

const AGENT: &str = "system:serviceaccount:flux-system:sluice";

/// Linux counts a process's time in these parts of a second, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// Requests by what they do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Requests(BTreeMap<&'static str, usize>);

impl Requests {
    /// Returns what the agent has asked for since a moment, without its leases.
    pub(crate) fn since(cluster: &ControlPlane, moment: Timestamp) -> anyhow::Result<Self> {
        let entries = cluster.audit_requests(moment).context("count the requests")?;
        let of_agent = entries.iter().filter(|entry| entry.user == AGENT && entry.resource != "leases");
        Ok(Self(of_agent.fold(BTreeMap::new(), |mut counts, entry| {
            *counts.entry(verb(entry)).or_default() += 1;
            counts
        })))
    }

    /// Returns their number.
    pub(crate) fn total(&self) -> usize {
        self.0.values().sum()
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(|(verb, count)| format!("{count} {verb}")).collect();
        write!(f, "{} ({})", self.total(), parts.join(", "))
    }
}

fn verb(entry: &AuditEntry) -> &'static str {
    match (entry.verb.as_str(), entry.resource.as_str(), entry.subresource.as_str()) {
        (_, "events", _) => "event",
        ("patch", _, "status") => "status",
        ("patch", ..) if entry.uri.contains("dryRun=All") => "dry-run",
        ("patch", ..) if entry.uri.contains("fieldManager=") => "apply",
        ("patch" | "update", ..) => "patch",
        ("get", "", _) => "discovery",
        ("get", ..) => "get",
        ("list", ..) => "list",
        ("watch", ..) => "watch",
        ("create", ..) => "create",
        ("delete" | "deletecollection", ..) => "delete",
        _ => "other",
    }
}

/// Returns the processor time that an agent has used, in seconds.
pub(crate) fn cpu_of(agent: &Agent) -> anyhow::Result<f64> {
    agent.pid().and_then(cpu_seconds).context("read the agent's processor time")
}

fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything; user and system time are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Some(ticks.sum::<Result<u32, _>>().map(f64::from).ok()? / TICKS)
}
