//! One run of a scenario: the director lets one thing happen at a time, and looks at the cluster after each.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use sluice_cluster::{Cluster as _, Identity, Request, Verb};
use sluice_object::LabelSelector;
use sluice_reconcile::Settings;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    agent::{Agent, Start},
    count::Count,
    fault::Fault,
    invariant::Auditor,
    plan::{Order, Plan, Turn},
    scenario::{Scenario, Step},
    site::Site,
    stage::{Answer, Asked, Choices, Wish},
    state,
    trace::Trace,
    wire::Wire,
};

/// Between two steps of a user all is quiet when nothing was asked for this long.
const PAUSE: Duration = Duration::from_secs(90);
/// The user waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// In the end all is quiet when nothing was asked for this long: longer than every retry, shorter than the intervals.
const QUIET: Duration = Duration::from_secs(16 * 60);
/// It must be quiet by then.
const END: Duration = Duration::from_secs(5 * 3600);
/// The interval of all objects in scenarios.
const INTERVAL: Duration = Duration::from_secs(3600);
/// So many intervals show what a quiet cluster costs.
const HOURS: u32 = 3;
/// A process is started again after this time.
const RESTART: Duration = Duration::from_secs(1);
/// So many things happen in no run that comes to rest.
const MOST_TURNS: usize = 30_000;

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// How many effects there were; each may have a fault.
    pub effects: usize,
    /// How many passes have ended.
    pub passes: usize,
    /// The faults that there were.
    pub faults: BTreeMap<usize, Fault>,
    /// What must not be; empty when all is well.
    pub violations: Vec<String>,
    /// The cluster in the end, without what must differ from run to run.
    pub state: state::State,
    /// What happened, if it was to be written down.
    pub trace: Vec<String>,
    /// Simulated time until the last effect.
    pub took: Duration,
}

/// Plays a scenario.
pub fn play(scenario: &Scenario, plan: &Plan) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("invariant: a runtime without sockets can be made");
    runtime.block_on(async { Play::new(scenario, plan).run().await })
}

struct Play<'a> {
    scenario: &'a Scenario,
    site: Site,
    order: Order,
    auditor: Auditor,
    trace: Trace,
    count: Arc<Count>,
    /// The acting processes by their life, and which agent each is.
    agents: BTreeMap<usize, (usize, Agent)>,
    lives: usize,
    restarts: Vec<Restart>,
    steps: VecDeque<Step>,
    effects: usize,
    turns: usize,
    began: Instant,
    last: Instant,
}

/// A process that is to start again.
struct Restart {
    agent: usize,
    at: Instant,
    /// Whether it waits for the next step of the user before.
    misses: bool,
}

impl<'a> Play<'a> {
    fn new(scenario: &'a Scenario, plan: &Plan) -> Self {
        let site = Site::new(scenario.shards.len().max(1)).expect("invariant: a temporary directory can be made");
        let auditor = Auditor::new(site.cluster.clone(), site.remotes.clone(), scenario);
        let now = Instant::now();
        Self {
            scenario,
            site,
            order: Order::of(plan),
            auditor,
            trace: Trace::new(plan.traced),
            count: Arc::default(),
            agents: BTreeMap::new(),
            lives: 0,
            restarts: Vec::new(),
            steps: scenario.steps.iter().cloned().collect(),
            effects: 0,
            turns: 0,
            began: now,
            last: now,
        }
    }

    async fn run(mut self) -> Outcome {
        for step in &self.scenario.given {
            step.take(&self.site);
        }
        (0..self.site.agents()).for_each(|agent| self.start(agent));
        self.auditor.begin();
        self.rest(PAUSE, PATIENCE).await;
        while self.step() {
            self.rest(PAUSE, PATIENCE).await;
        }
        self.miss_no_more();
        if !self.rest(QUIET, END).await {
            self.auditor.blame(format!("not quiet after {END:?}"));
        }
        self.auditor.end();
        let (effects, took) = (self.effects, self.last - self.began);
        let state = state::of(&self.site.cluster);
        if self.order.is_plain() {
            self.stay_quiet().await;
        }
        for (_, (_, agent)) in std::mem::take(&mut self.agents) {
            agent.end().await;
        }
        Outcome {
            effects,
            passes: self.count.passes(),
            faults: self.order.faults(),
            state,
            violations: self.auditor.violations(),
            trace: self.trace.lines(),
            took,
        }
    }

    /// A quiet cluster costs a look at each source, and a status and an event of each other object, at the intervals.
    async fn stay_quiet(&mut self) {
        let (before, objects) = (self.effects, self.auditor.objects_of_ours());
        self.rest(Duration::MAX, HOURS * INTERVAL).await;
        let cost = self.effects - before;
        if cost > objects * (HOURS as usize + 1) * 3 {
            self.auditor.blame(format!("{objects} quiet objects cost {cost} effects in {HOURS} hours"));
        }
    }

    fn start(&mut self, agent: usize) {
        let life = self.lives;
        self.lives += 1;
        let wire = Wire { stage: self.site.stage.clone(), cluster: self.site.cluster.clone(), life };
        let start = Start {
            wire,
            clock: self.site.clock,
            chance: self.order.branch(),
            store: self.site.store(agent),
            remotes: self.site.remotes.clone(),
            settings: Settings { jitter: 0.0, shard: self.shard(agent), ..Settings::default() },
            count: self.count.clone(),
        };
        self.trace.note(|| format!("agent {agent} starts its life {life}"));
        self.agents.insert(life, (agent, Agent::start(start)));
    }

    fn shard(&self, agent: usize) -> LabelSelector {
        let labels = self.scenario.shards.get(agent).copied().unwrap_or_default();
        LabelSelector::parse(labels).expect("invariant: scenarios know what a selector is")
    }

    /// Takes the user's next step, if there is one.
    fn step(&mut self) -> bool {
        let Some(step) = self.steps.pop_front() else { return false };
        self.trace.note(|| format!("the user: {step}"));
        step.take(&self.site);
        self.auditor.stepped(&step);
        self.miss_no_more();
        true
    }

    fn miss_no_more(&mut self) {
        self.restarts.iter_mut().for_each(|restart| restart.misses = false);
    }

    /// Lets things happen until nothing was asked for a time; gives up after `patience` and says so.
    async fn rest(&mut self, quiet: Duration, patience: Duration) -> bool {
        let began = Instant::now();
        let mut busy = began;
        loop {
            // When this is over everybody waits for something else.
            sleep(Duration::from_millis(1)).await;
            self.restart_due();
            let choices = self.site.stage.choices();
            if self.turns > MOST_TURNS {
                self.auditor.blame(format!("still busy after {MOST_TURNS} turns"));
                return true;
            }
            let left = quiet.saturating_sub(busy.elapsed()).min(patience.saturating_sub(began.elapsed()));
            if !choices.is_empty() {
                self.turns += 1;
                self.turn(&choices).await;
                busy = Instant::now();
            } else if left.is_zero() && !self.is_restarting() {
                return busy.elapsed() >= quiet;
            } else {
                let _ = timeout(self.idle(left), self.site.stage.rung()).await;
            }
        }
    }

    fn idle(&self, quiet: Duration) -> Duration {
        let due = self.restarts.iter().filter(|restart| !restart.misses).map(|restart| restart.at - Instant::now());
        due.min().map_or(quiet, |due| due.min(quiet))
    }

    fn is_restarting(&self) -> bool {
        self.restarts.iter().any(|restart| !restart.misses)
    }

    fn restart_due(&mut self) {
        let now = Instant::now();
        let due = |restart: &Restart| !restart.misses && restart.at <= now;
        while let Some(index) = self.restarts.iter().position(due) {
            let restart = self.restarts.remove(index);
            self.start(restart.agent);
        }
    }

    async fn turn(&mut self, choices: &Choices) {
        let early = !self.steps.is_empty();
        match self.order.next(choices, early) {
            Turn::Watch { index, count, again } => self.site.stage.deliver(index, count, again),
            Turn::Nothing(time) => sleep(Duration::from_millis(time)).await,
            Turn::Step => {
                self.step();
            }
            Turn::Asked(index) => {
                if let Some(asked) = self.site.stage.take(index) {
                    self.answer(asked).await;
                }
            }
        }
    }

    async fn answer(&mut self, Asked { life, wish }: Asked) {
        match wish {
            Wish::Answer { answer, reply } => drop(reply.send(answer)),
            Wish::Errand { what, reply } => {
                let fault = self.fault(|| what);
                let _ = reply.send(!matches!(fault, Some(Fault::Lost | Fault::Unanswered | Fault::Refused(_))));
                self.strike(life, fault).await;
            }
            Wish::Request { who, request, reply } => {
                let fault = self.fault(|| crate::trace::describe(&who, &request));
                let answer = self.perform(&who, *request, fault);
                match answer {
                    Some(answer) if self.order.is_slow() => {
                        self.site.stage.ask(Asked { life, wish: Wish::Answer { answer, reply } });
                    }
                    Some(answer) => drop(reply.send(answer)),
                    None => {}
                }
                self.strike(life, fault).await;
            }
        }
    }

    /// Counts an effect, and returns what goes wrong with it.
    fn fault(&mut self, what: impl FnOnce() -> String) -> Option<Fault> {
        let effect = self.effects;
        self.effects += 1;
        self.last = Instant::now();
        let fault = self.order.fault(effect, self.steps.is_empty() && self.turns > MOST_TURNS / 2);
        self.trace.effect(effect, self.site.now(), what, fault);
        fault
    }

    /// Does a request, unless that goes wrong; returns what the agent is told, if it lives to hear it.
    fn perform(&mut self, who: &Identity, request: Request, fault: Option<Fault>) -> Option<Answer> {
        let mut answer = None;
        if fault.is_none_or(Fault::is_done) {
            let is_write = writes(&request);
            self.auditor.before(who, &request);
            answer = self.site.cluster.call(who, request).now_or_never();
            self.trace.answer(answer.as_ref());
            if is_write {
                self.auditor.after();
            }
        }
        match fault {
            Some(fault) if fault.is_death() => None,
            Some(fault) => fault.error().map(Err).or(answer),
            None => answer,
        }
    }

    /// Does what a fault does beyond the effect.
    async fn strike(&mut self, life: usize, fault: Option<Fault>) {
        let Some(fault) = fault else { return };
        if fault == Fault::Cut {
            self.site.stage.cut(&self.site.cluster);
        }
        if !fault.is_death() {
            return;
        }
        self.site.stage.bury(life);
        let Some((agent, process)) = self.agents.remove(&life) else { return };
        process.end().await;
        if fault == Fault::DiskLost {
            self.site.lose_disk(agent);
        }
        let misses = fault.is_lasting() && !self.steps.is_empty();
        self.restarts.push(Restart { agent, at: Instant::now() + RESTART, misses });
    }
}

/// Says whether objects that matter may differ after a request.
fn writes(request: &Request) -> bool {
    !matches!(request.verb(), Verb::Get | Verb::List | Verb::DryRun | Verb::Event | Verb::Discovery)
}
