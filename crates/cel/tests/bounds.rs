//! Nothing that is written in an expression panics, runs for ever or takes all memory; and no value is told.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, Value as Json, json};
use sluice_cel::{Program, STEPS, Value};

fn variables() -> Map<String, Json> {
    let numbers: Vec<_> = (0..1000).collect();
    let object = json!({
        "spec": {"numbers": numbers, "text": "é".repeat(1000), "size": 7},
        "data": {"password": "hunter2", "zone": "hunter2"},
    });
    object.as_object().unwrap().clone()
}

fn unanswered(expression: &str) -> String {
    Program::parse(expression).unwrap().evaluate(&variables()).unwrap_err().to_string()
}

#[rstest]
#[case::loops("spec.numbers.all(a, spec.numbers.all(b, spec.numbers.all(c, a + b + c >= 0)))")]
#[case::hidden_by_or("spec.numbers.all(a, spec.numbers.all(b, a + b >= 0)) || true")]
#[case::hidden_by_exists("[1].exists(x, spec.numbers.map(a, spec.numbers.map(b, b)) == [] || true)")]
#[case::lists("spec.numbers.map(a, spec.numbers.map(b, spec.numbers))")]
#[case::sums_of_lists("spec.numbers.map(a, spec.numbers + spec.numbers)")]
#[case::comparisons("spec.numbers.all(a, spec.numbers == spec.numbers)")]
#[case::membership("spec.numbers.all(a, 2000 in spec.numbers || true)")]
#[case::sets("spec.numbers.all(a, sets.contains(spec.numbers, [2000]) || true)")]
#[case::texts("spec.numbers.map(a, spec.numbers.map(b, spec.text + spec.text))")]
#[case::replaced("spec.text.replace('', spec.text).replace('', spec.text)")]
#[case::joined("spec.numbers.map(a, spec.text).join(spec.text).split('')")]
#[case::formatted("spec.numbers.map(a, '%s%s'.format([spec.numbers, spec.text]))")]
#[case::patterns("spec.numbers.all(a, 'x'.matches('x' + string(a)) || true)")]
#[case::sizes("spec.numbers.all(a, spec.numbers.all(b, size(spec.text) > 0))")]
fn what_takes_too_long_ends_and_says_so(#[case] expression: &str) {
    let told = unanswered(expression);
    let limit = format!("ended after {STEPS} steps; hint: loops within loops over large lists multiply");
    assert!(told.ends_with(&limit), "{told}");
}

#[rstest]
#[case("spec.numbers.all(a, a >= 0) && spec.numbers.exists(a, a == 999)")]
#[case("spec.numbers.filter(a, a % 2 == 0).map(a, a * 2).size() == 500")]
#[case("spec.text.matches('^é+$') && spec.numbers.all(a, spec.text.matches('é'))")]
fn what_people_write_stays_within_the_bound(#[case] expression: &str) {
    assert_eq!(Program::parse(expression).unwrap().holds(&variables()), Ok(true));
}

/// Writes a text around another, as often as that.
fn wrapped(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

#[rstest]
#[case::parentheses(|times| wrapped("(", "1", ")", times))]
#[case::lists(|times| wrapped("[", "1", "]", times))]
#[case::maps(|times| wrapped("{1: ", "1", "}", times))]
#[case::fields(|times| wrapped("a", "", ".b", times))]
#[case::elements(|times| wrapped("", "a", "[0]", times))]
#[case::calls(|times| wrapped("dyn(", "1", ")", times))]
#[case::methods(|times| wrapped("", "'a'", ".trim()", times))]
#[case::sums(|times| wrapped("1 + ", "1", "", times))]
#[case::choices(|times| wrapped("true ? 1 : ", "1", "", times))]
#[case::loops(|times| wrapped("[1].map(x, ", "1", ")", times))]
#[case::options(|times| wrapped("optional.of(1).optMap(x, ", "1", ")", times))]
fn what_is_nested_too_deeply_is_refused(#[case] text: fn(usize) -> String) {
    let refused = Program::parse(&text(1000)).unwrap_err().to_string();
    assert!(refused.contains("more than 100 parts lie within each other"), "{refused}");
    let _ = Program::type_of(&text(40), &["a"]);
    let _ = Program::parse(&text(40)).unwrap().evaluate(&variables());
}

#[test]
fn what_is_too_long_is_refused() {
    let refused = Program::parse(&" ".repeat(40_000)).unwrap_err().to_string();
    assert!(refused.contains("longer than 32768 bytes"), "{refused}");
    assert!(refused.len() < 1000);
}

#[test]
fn many_patterns_are_refused() {
    let refused = Program::parse(&["'a'.matches('\\\\pL{9}')"; 200].join("||")).unwrap_err().to_string();
    assert!(refused.contains("ended after"), "{refused}");
}

/// Each level has twice the type of the one before.
#[test]
fn types_that_double_are_cut_off() {
    let open: String = (0..30).map(|level| format!("[{{x{level}: x{level}}}].map(x{}, ", level + 1)).collect();
    let text = format!("[1].map(x0, {open}1{}", ")".repeat(31));
    assert_eq!(Program::type_of(&text, &[]).unwrap().matches("list").count(), 31);
}

#[rstest]
#[case("int(data.password)")]
#[case("spec[data.password]")]
#[case("{'a': 1}[data.password]")]
#[case("timestamp(0).getHours(data.zone)")]
#[case("'%d'.format([data.password])")]
#[case("[data.password, 1].join() == ''")]
#[case("'a'.matches(data.password + '(')")]
#[case("base64.decode(data.password + '!')")]
#[case("duration(data.password)")]
#[case("{?'a': data.password}")]
fn what_goes_wrong_tells_no_value(#[case] expression: &str) {
    assert!(!unanswered(expression).contains("hunter2"), "{}", unanswered(expression));
}

#[test]
fn a_value_that_is_neither_true_nor_false_is_told_without_it() {
    let told = Program::parse("data.password").unwrap().holds(&variables()).unwrap_err().to_string();
    assert_eq!(told, "failed to evaluate CEL expression as boolean: 'data.password'");
}

#[rstest]
#[case(
    "status.",
    "failed to parse the CEL expression 'status.': expected the name of a field, found the end, at character 8"
)]
#[case(
    "a ==\n 'é' +",
    "failed to parse the CEL expression 'a ==\n 'é' +': expected a value, found the end, at character 12"
)]
#[case("nope == 1", "failed to parse the CEL expression 'nope == 1': undeclared reference to 'nope', at character 1")]
#[case("self.a", "CEL expression output type mismatch: expected bool, got dyn")]
#[case(
    "1 + 1u == 2",
    "failed to parse the CEL expression '1 + 1u == 2': found no matching overload for '_+_' applied to '(int, uint)', at character 1"
)]
fn refusals_say_what_is_wrong_and_where(#[case] expression: &str, #[case] message: &str) {
    assert_eq!(Program::condition(expression, &["self", "dep"]).unwrap_err().to_string(), message);
}

const WORDS: &[&str] = &[
    "self",
    "spec",
    "x",
    "1",
    "-1",
    "2.5",
    "'é'",
    "b'a'",
    "true",
    "null",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ".",
    ",",
    "?",
    ":",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "<",
    "==",
    "&&",
    "||",
    "in",
    ".all(x,",
    ".map(x,",
    ".filter(x,",
    ".?",
    "[?",
    "has(",
    "size(",
    "int(",
    "string(",
    "timestamp(",
    "duration(",
    ".matches(",
    ".split(",
    ".substring(",
    ".format([",
    ".lastIndexOf(",
    ".optMap(x,",
    "optional.of(",
    "optional.none()",
    ".orValue(",
    "dyn(",
    "type(",
    "%.2f",
    "'\\u",
];

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = Program::type_of(&text, &["self"]);
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(prop::sample::select(WORDS), 0..14)) {
        let text = words.concat();
        let _ = Program::type_of(&text, &["self"]);
        if let Ok(program) = Program::parse(&text) {
            let _ = program.evaluate(&variables());
        }
    }

    #[test]
    fn whole_numbers_are_read_as_they_are_written(number: i64) {
        let found = Program::parse(&number.to_string()).unwrap().evaluate(&Map::new());
        prop_assert_eq!(found, Ok(Value::Int(number)));
    }

    #[test]
    fn texts_are_cut_at_characters(text in "[aé😀]{0,8}", part in "[aé😀]{0,3}", index in -1..10_i64) {
        for call in ["substring(i)", "charAt(i)", "lastIndexOf(p, i)", "indexOf(p, i)", "split(p, i)", "replace(p, 'x', i)"] {
            let variables = json!({"t": text, "p": part, "i": index});
            let _ = Program::parse(&format!("t.{call}")).unwrap().evaluate(variables.as_object().unwrap());
        }
    }
}
