//! What no golden table can ask for: that every function is there, and that none makes more than it may.

use std::thread;

use jiff::Timestamp;
use rstest::rstest;

use crate::{
    function::{Call, Failure, Functions, World},
    map::Map,
    value::Value,
};

/// The functions of sprig 3.3.0 that Helm keeps, without those that are Helm's own or make times, data formats, random
/// values and certificates.
const NAMES: &str = "abbrev abbrevboth add add1 add1f addf adler32sum all any append atoi b32dec b32enc b64dec b64enc \
                     base biggest camelcase cat ceil chunk clean coalesce compact concat contains deepCopy deepEqual \
                     default dict dig dir div divf empty ext first float64 floor get has hasKey hasPrefix hasSuffix \
                     hello indent initial initials int int64 isAbs join kebabcase keys kindIs kindOf last list lower \
                     max maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk mustCompact \
                     mustDeepCopy mustFirst mustHas mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend \
                     mustPush mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll \
                     mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse mustSlice mustUniq mustWithout \
                     nindent nospace omit osBase osClean osDir osExt osIsAbs pick pluck plural prepend push quote \
                     regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral \
                     regexSplit repeat replace rest reverse round semver semverCompare seq set sha1sum sha256sum \
                     sha512sum slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase \
                     ternary title toDecimal toString toStrings trim trimAll trimPrefix trimSuffix trimall trunc \
                     tuple typeIs typeIsLike typeOf uniq unset until untilStep untitle upper urlJoin urlParse values \
                     without wrap wrapWith";

struct Nowhere;

impl World for Nowhere {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, _: &mut [u8]) {}
}

/// Calls a function that may make so many bytes, on a stack as a render has it.
fn call(name: &str, mut budget: usize, given: &[Value]) -> Result<Value, Failure> {
    let function = *Functions::helm().get(name).unwrap();
    let call = || (function.call)(&mut Call { world: &mut Nowhere, budget: &mut budget, lint: false }, given);
    thread::scope(|scope| {
        thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, call).unwrap().join().unwrap()
    })
}

#[test]
fn every_function_of_sprig_is_there() {
    let functions = Functions::helm();
    let missing: Vec<_> = NAMES.split(' ').filter(|name| functions.get(name).is_none()).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

fn text(length: usize) -> Value {
    Value::string("a ".repeat(length / 2))
}

fn list(length: usize) -> Value {
    Value::list(vec![Value::Nil; length])
}

#[rstest]
#[case::repeat("repeat", &[Value::int(1 << 40), text(2)])]
#[case::indent("indent", &[Value::int(1 << 40), text(2)])]
#[case::nindent("nindent", &[Value::int(1 << 10), Value::string("\n".repeat(100))])]
#[case::replace("replace", &[Value::string("a"), text(1000), text(1000)])]
#[case::until("until", &[Value::int(1 << 60)])]
#[case::until_step("untilStep", &[Value::int(i64::MIN), Value::int(i64::MAX), Value::int(1)])]
#[case::seq("seq", &[Value::int(1 << 60)])]
#[case::wrap_with("wrapWith", &[Value::int(1), text(1000), text(1000)])]
#[case::split("split", &[Value::string(""), text(1 << 15)])]
#[case::split_list("splitList", &[Value::string(" "), text(1 << 15)])]
#[case::join("join", &[text(1 << 15), Value::list(vec![Value::int(1); 9])])]
#[case::regex("regexReplaceAll", &[Value::string("a"), text(1000), text(1000)])]
#[case::regex_split("regexSplit", &[Value::string(""), text(1 << 15), Value::int(-1)])]
#[case::append("append", &[list(10_000), Value::Nil])]
#[case::concat("concat", &[list(10_000), list(10_000)])]
#[case::without("without", &[list(10_000), Value::int(1)])]
#[case::deep_copy("deepCopy", &[list(10_000)])]
#[case::quote("quote", &[text(1 << 17)])]
fn nothing_makes_more_than_it_may(#[case] name: &str, #[case] given: &[Value]) {
    let failure = call(name, 1 << 16, given).unwrap_err();
    assert_eq!(failure.text, "the template makes more text than it may");
}

/// A map that holds itself.
fn endless() -> Map {
    let map = Map::default();
    map.set("self", Value::Map(map.clone()));
    map
}

#[rstest]
#[case::deep_copy("deepCopy", "deepCopy error: the value is too deep")]
#[case::merge("merge", "the maps to merge are too deep")]
fn a_map_that_holds_itself_ends(#[case] name: &'static str, #[case] text: &str) {
    let found = || call(name, usize::MAX, &[Value::Map(endless()), Value::Map(endless())]).unwrap_err();
    // A render has a large stack too.
    let thread = std::thread::Builder::new().stack_size(32 << 20).spawn(found).unwrap();
    assert_eq!(thread.join().unwrap().text, text);
}

#[test]
fn maps_that_hold_themselves_are_equal() {
    let (one, other) = (Value::Map(endless()), Value::Map(endless()));
    assert!(matches!(call("deepEqual", usize::MAX, &[one, other]), Ok(Value::Bool(true))));
}

#[test]
fn patterns_that_are_too_large_or_deep_are_refused() {
    let deep = format!("{}a{}", "(".repeat(2000), ")".repeat(2000));
    for (pattern, text) in [("((a{30}){30}\\pL{30}){1}".repeat(400), "too large"), (deep, "too deeply")] {
        let failure = call("mustRegexMatch", usize::MAX, &[Value::string(pattern), Value::string("")]).unwrap_err();
        assert!(failure.text.starts_with("error parsing regexp: expression ") && failure.text.contains(text));
    }
}
