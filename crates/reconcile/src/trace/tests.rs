//! Which spans a revision gets, whatever happens on its way.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use sluice_object::{Gvk, ObjectId};

use super::{Arrival, Attribute, Ending, Origin, Place, Span, book::Book};

fn at(millisecond: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millisecond)
}

fn id(name: &str) -> ObjectId {
    ObjectId::new(&Gvk::new("g", "v1", "Kind"), "ns", name)
}

fn of(revision: &str, generation: i64, parent: Option<&str>) -> Origin {
    let (source, parent) = (id("source"), parent.map(id));
    Origin { source, revision: revision.into(), generation: Some(generation), parent }
}

fn failed() -> Ending {
    Ending::Failure("BuildFailed".into(), "no such file".into())
}

/// A book with its spans so far, in which time passes.
struct Bench {
    book: Book,
    spans: Vec<Span>,
    now: i64,
}

impl Bench {
    fn new() -> Self {
        Self { book: Book::new(7), spans: Vec::new(), now: 0 }
    }

    /// A bench at which the source has fetched a revision.
    fn fetched(revision: &str) -> Self {
        let mut bench = Self::new();
        bench.fetch(revision, Ending::Success);
        bench
    }

    fn tick(&mut self) -> Timestamp {
        self.now += 10;
        at(self.now)
    }

    fn fetch(&mut self, revision: &str, ending: Ending) {
        let attributes = vec![("vcs.ref.head.revision", "abc".into()), ("vcs.ref.head.name", "main".into())];
        let arrival = Arrival { source: id("source"), revision: revision.into(), attributes };
        let (seen, now) = (self.tick(), self.tick());
        let (place, spans, _) = self.book.arrive(arrival, seen, now);
        self.spans.extend(spans);
        let now = self.tick();
        self.spans.extend(self.book.fetched(place.trace, ending, now));
    }

    fn join(&mut self, name: &str, origin: &Origin) -> Option<(Place, Option<Timestamp>)> {
        let now = self.tick();
        self.book.join(&id(name), origin, now)
    }

    fn settle(&mut self, name: &str, place: Place, ending: Ending, steps: bool) {
        let now = self.tick();
        let (spans, _) = self.book.settle(&id(name), place, ending, (steps, None), now);
        self.spans.extend(spans);
    }

    /// A pass from its beginning to its end.
    fn pass(&mut self, name: &str, origin: &Origin, ending: Ending, steps: bool) {
        let (place, _) = self.join(name, origin).unwrap();
        self.settle(name, place, ending, steps);
    }

    fn rest(&mut self, milliseconds: i64) {
        self.now += milliseconds;
        self.spans.extend(self.book.sweep(at(self.now)));
    }

    /// Returns each span as `name < parent: result`.
    fn told(&self) -> Vec<String> {
        let name = |id: u64| self.spans.iter().find(|span| span.id == id).map_or("nothing", |span| &*span.name);
        let line = |span: &Span| {
            let parent = span.parent.map(|parent| format!(" < {}", name(parent))).unwrap_or_default();
            format!("{}{parent}: {}", span.name, result(span)).replace("SYNC Kind/ns/", "")
        };
        self.spans.iter().map(line).collect()
    }
}

fn result(span: &Span) -> &str {
    let keys = ["cicd.pipeline.result", "cicd.pipeline.task.run.result"];
    let found = span.attributes.iter().find(|(key, _)| keys.contains(key));
    match found {
        Some((_, Attribute::Text(text))) => text,
        _ => "",
    }
}

#[test]
fn a_revision_ends_when_the_last_that_it_reaches_has_settled() {
    let mut bench = Bench::fetched("1");
    bench.pass("a", &of("1", 1, None), Ending::Success, true);
    let ended = bench.now;
    bench.rest(1_900);
    assert_eq!(bench.told(), ["a < nothing: success"]);
    bench.rest(200);
    assert_eq!(bench.told(), ["a < source: success", "source: success"]);
    let root = &bench.spans[1];
    assert_eq!((root.began, root.ended, root.parent), (at(10), at(ended), None));
    assert!(bench.book.is_idle());
}

#[test]
fn who_is_applied_by_another_one_stands_below_it() {
    let mut bench = Bench::fetched("1");
    let (outer, _) = bench.join("outer", &of("1", 1, None)).unwrap();
    bench.pass("inner", &of("1", 1, Some("outer")), Ending::Success, true);
    bench.settle("outer", outer, Ending::Success, false);
    bench.rest(3_000);
    assert_eq!(bench.told(), ["inner < outer: success", "outer < source: success", "source: success"]);
}

#[test]
fn what_a_revision_leaves_as_it_is_has_no_span_unless_something_stands_below_it() {
    let mut bench = Bench::fetched("1");
    bench.pass("outer", &of("1", 1, None), Ending::Success, false);
    bench.pass("inner", &of("1", 1, Some("outer")), Ending::Success, true);
    bench.pass("stranger", &of("1", 1, Some("nobody")), Ending::Success, true);
    bench.rest(3_000);
    assert_eq!(bench.told(), ["inner < source: success", "stranger < source: success", "source: success"]);
}

#[test]
fn two_that_apply_each_other_do_not_stand_below_each_other() {
    let mut bench = Bench::fetched("1");
    let (a, _) = bench.join("a", &of("1", 1, None)).unwrap();
    bench.pass("b", &of("1", 1, Some("a")), Ending::Success, true);
    bench.settle("a", a, Ending::Success, true);
    bench.pass("a", &of("1", 2, Some("b")), Ending::Success, true);
    assert_eq!(bench.told()[2], "a < nothing: success");
    bench.rest(3_000);
    assert_eq!(bench.told()[2], "a < source: success");
}

#[rstest]
#[case("1", 1, Ending::Success, false)]
#[case("1", 2, Ending::Success, true)]
#[case("1", 1, failed(), true)]
#[case("2", 2, failed(), false)]
fn a_pass_joins_once_and_again_when_it_is_changed_or_has_failed(
    #[case] revision: &str,
    #[case] generation: i64,
    #[case] first: Ending,
    #[case] joins: bool,
) {
    let mut bench = Bench::fetched("1");
    bench.pass("a", &of("1", 1, None), first, true);
    assert_eq!(bench.join("a", &of(revision, generation, None)).is_some(), joins);
}

#[test]
fn a_failure_is_told_by_the_root_until_it_is_mended() {
    let mut bench = Bench::fetched("1");
    bench.pass("a", &of("1", 1, None), failed(), true);
    bench.pass("b", &of("1", 1, None), failed(), true);
    bench.pass("a", &of("1", 1, None), Ending::Success, true);
    bench.rest(3_000);
    let root = bench.spans.last().unwrap();
    assert_eq!((result(root), root.error.as_deref()), ("failure", Some("Kind/ns/b: no such file")));
    assert!(root.attributes.contains(&("error.type", "BuildFailed".into())));
    assert_eq!(bench.told()[..3], ["a < source: failure", "b < source: failure", "a < source: success"]);
}

#[test]
fn a_fetch_that_fails_is_a_trace_of_its_own() {
    let mut bench = Bench::new();
    bench.fetch("1", failed());
    assert_eq!((bench.told(), bench.book.is_idle()), (vec!["source: failure".to_owned()], true));
    assert_eq!(bench.spans[0].error.as_deref(), Some("Kind/ns/source: no such file"));
}

#[test]
fn who_waits_for_another_one_keeps_the_trace_open() {
    let mut bench = Bench::fetched("1");
    let (place, _) = bench.join("a", &of("1", 1, None)).unwrap();
    let began = bench.now;
    bench.settle("a", place, Ending::Blocked, false);
    bench.rest(60_000);
    assert_eq!(bench.told(), [""; 0]);
    let (again, since) = bench.join("a", &of("1", 1, None)).unwrap();
    assert_eq!((again, since), (place, Some(at(began))));
    bench.settle("a", again, Ending::Success, true);
    assert_eq!((bench.told(), bench.spans[0].began), (vec!["a < nothing: success".to_owned()], at(began)));
}

#[test]
fn who_is_expected_keeps_the_trace_open_until_it_comes_or_does_not() {
    let mut bench = Bench::fetched("1");
    for name in ["a", "b", "stranger"] {
        let source = if name == "stranger" { "other" } else { "source" };
        bench.book.expect(&id(name), &[id(source)]);
    }
    bench.pass("a", &of("1", 1, None), Ending::Success, true);
    bench.rest(60_000);
    assert!(!bench.book.is_idle());
    bench.book.leave(&id("b"), at(bench.now));
    bench.book.leave(&id("a"), at(bench.now));
    bench.rest(3_000);
    assert_eq!(bench.told(), ["a < source: success", "source: success"]);
}

#[test]
fn a_newer_revision_ends_what_is_not_at_work_for_the_older_one() {
    let mut bench = Bench::fetched("1");
    let (running, _) = bench.join("running", &of("1", 1, None)).unwrap();
    let (blocked, _) = bench.join("blocked", &of("1", 1, None)).unwrap();
    bench.settle("blocked", blocked, Ending::Blocked, false);
    bench.book.expect(&id("awaited"), &[id("source")]);
    bench.fetch("2", Ending::Success);
    assert_eq!(bench.told(), ["blocked < nothing: cancellation"]);
    assert_eq!(bench.join("late", &of("1", 1, None)), None);
    bench.settle("running", running, Ending::Overtaken, true);
    let told = ["blocked < source: cancellation", "running < source: cancellation", "source: cancellation"];
    assert_eq!(bench.told(), told);
    assert!(bench.join("running", &of("2", 1, None)).is_some());
}

#[test]
fn what_never_settles_is_ended_after_an_hour_and_all_at_the_end_of_the_agent() {
    let mut bench = Bench::fetched("1");
    bench.join("a", &of("1", 1, None)).unwrap();
    bench.rest(3_590_000);
    assert_eq!(bench.told(), [""; 0]);
    bench.rest(20_000);
    assert_eq!(bench.told(), ["a < source: timeout", "source: timeout"]);
    let mut bench = Bench::fetched("1");
    bench.join("a", &of("1", 1, None)).unwrap();
    bench.spans = bench.book.close(at(bench.now));
    assert_eq!(bench.told(), ["a < source: cancellation", "source: cancellation"]);
}

#[test]
fn traces_and_their_members_are_bounded() {
    let mut bench = Bench::new();
    for index in 0..70 {
        let arrival = Arrival { source: id(&format!("s{index}")), revision: "1".into(), attributes: Vec::new() };
        let (_, spans, first) = bench.book.arrive(arrival, at(index), at(index));
        assert_eq!(first, index == 0);
        bench.spans.extend(spans);
    }
    let names: Vec<_> = bench.spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["s0", "s1", "s2", "s3", "s4", "s5"].map(|name| format!("SYNC Kind/ns/{name}")));
    let mut bench = Bench::fetched("1");
    let joined = (0..5_010).filter(|index| bench.join(&format!("m{index}"), &of("1", 1, None)).is_some()).count();
    assert_eq!(joined, 5_000);
    assert!(bench.join("m0", &of("1", 1, None)).is_some());
}

#[test]
fn spans_say_what_they_are_in_the_words_of_the_conventions() {
    let mut bench = Bench::fetched("main@sha1:abc");
    bench.pass("a", &of("main@sha1:abc", 1, None), failed(), true);
    bench.rest(3_000);
    let shown = |span: &Span| {
        let value = |value: &Attribute| match value {
            Attribute::Text(text) => text.clone(),
            Attribute::Number(number) => number.to_string(),
        };
        let line = |(name, of): &(&str, Attribute)| format!("{name}={}", value(of));
        span.attributes.iter().map(line).filter(|line| !line.contains("run.id")).collect::<Vec<_>>()
    };
    let object = |name| {
        [
            "k8s.namespace.name=ns".into(),
            "object.kind=Kind".into(),
            "object.namespace=ns".into(),
            format!("object.name={name}"),
        ]
    };
    let task = [
        "cicd.pipeline.task.name=Kind/ns/a",
        "cicd.pipeline.task.type=deploy",
        "cicd.pipeline.task.run.result=failure",
    ];
    let tail = ["sluice.revision=main@sha1:abc", "vcs.ref.head.revision=abc", "error.type=BuildFailed"];
    assert_eq!(shown(&bench.spans[0]), [&task.map(String::from)[..], &object("a"), &tail.map(String::from)].concat());
    let run = ["cicd.pipeline.action.name=SYNC", "cicd.pipeline.name=Kind/ns/source", "cicd.pipeline.result=failure"];
    let tail = [
        "sluice.revision=main@sha1:abc",
        "vcs.ref.head.revision=abc",
        "vcs.ref.head.name=main",
        "error.type=BuildFailed",
    ];
    assert_eq!(
        shown(&bench.spans[1]),
        [&run.map(String::from)[..], &object("source"), &tail.map(String::from)].concat()
    );
}
