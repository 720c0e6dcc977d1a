use rstest::rstest;
use semver::Version;
use serde_json::{Value, json};

use super::{Range, RangeError, newest};

/// A table that `cargo xtask bless` writes: name, range, version, and what Masterminds/semver says.
fn table() -> Vec<(String, String, String, Value)> {
    serde_json::from_str(include_str!("ranges.json")).unwrap()
}

fn holds(range: &str, version: &str) -> Result<bool, RangeError> {
    Ok(Range::parse(range)?.matches(&Version::parse(version).unwrap()))
}

#[test]
fn a_range_holds_what_masterminds_says() {
    for (name, range, version, answer) in table() {
        let found = holds(&range, &version).map_or_else(|_| json!("refused"), Value::from);
        assert_eq!(found, answer, "{name}: {version} in {range:?}");
    }
}

/// Masterminds/semver refuses it.
#[test]
fn an_empty_range_holds_all() {
    assert_eq!(holds("", "7.1.2"), Ok(true));
}

#[test]
fn the_refusal_holds_the_text() {
    assert_eq!(Range::parse("latest"), Err(RangeError("latest".into())));
}

#[rstest]
#[case("*", Some("v1.10.0"))]
#[case("<1.10", Some("1.9.0"))]
#[case("1.10.0-0", None)]
#[case(">=1.10.0-0", Some("v1.11.0-rc.1"))]
#[case(">2", None)]
fn the_newest_tag_is_taken(#[case] range: &str, #[case] tag: Option<&str>) {
    let tags = ["1.9.0", "v1.10.0", "v1.11.0-rc.1", "latest", "v1", "V3.0.0", "app-4.0.0", "01.2.3"];
    assert_eq!(newest(&Range::parse(range).unwrap(), tags), tag);
}

#[test]
fn build_metadata_breaks_a_tie() {
    assert_eq!(newest(&Range::parse("1.x").unwrap(), ["1.0.0+9", "1.0.0+10", "1.0.0+2"]), Some("1.0.0+10"));
}
