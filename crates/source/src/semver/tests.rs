use rstest::rstest;
use semver::Version;

use super::{Range, RangeError, newest};

#[rstest]
#[case::exact("1.2.3", "1.2.3", true)]
#[case::exact_with_v("v1.2.3", "1.2.3", true)]
#[case::exact_other("1.2.3", "1.2.4", false)]
#[case::build_is_not_compared("1.2.3", "1.2.3+b", true)]
#[case::equals_sign("=1.2.3", "1.2.3", true)]
#[case::minor_only("1.2", "1.2.9", true)]
#[case::minor_only("1.2", "1.3.0", false)]
#[case::wildcard("1.x", "1.9.0", true)]
#[case::wildcard("1.X.x", "2.0.0", false)]
#[case::star("*", "7.1.2", true)]
#[case::empty("", "7.1.2", true)]
#[case::not_equal("!=1.2.3", "1.2.4", true)]
#[case::not_equal("!=1.2.3", "1.2.3", false)]
#[case::not_equal_minor("!=1.2", "1.2.9", false)]
#[case::not_equal_major("!=1", "2.0.0", true)]
#[case::greater(">1.2.3", "1.2.4", true)]
#[case::greater_than_all_of(">1", "1.9.0", false)]
#[case::greater_than_all_of(">1", "2.0.0", true)]
#[case::greater_than_minor(">1.1", "1.1.9", false)]
#[case::greater_than_minor(">1.1", "1.2.0", true)]
#[case::greater_or_equal(">=1", "1.0.0", true)]
#[case::greater_or_equal("=>1.2", "1.1.9", false)]
#[case::less("<2", "1.9.9", true)]
#[case::less("<2", "2.0.0", false)]
#[case::less_or_equal("<=1", "1.9.9", true)]
#[case::less_or_equal("=<1.4", "1.4.9", true)]
#[case::less_or_equal("<=1.4", "1.5.0", false)]
#[case::tilde("~1.4.2", "1.4.9", true)]
#[case::tilde("~1.4.2", "1.5.0", false)]
#[case::tilde("~1.4.2", "1.4.1", false)]
#[case::tilde_major("~1", "1.9.0", true)]
#[case::tilde_arrow("~>1.4", "1.4.7", true)]
#[case::tilde_zero("~0.0.0", "3.0.0", true)]
#[case::tilde_zero_minor("~0", "0.9.0", true)]
#[case::tilde_zero_minor("~0", "1.0.0", false)]
#[case::caret("^1.2.3", "1.9.0", true)]
#[case::caret("^1.2.3", "2.0.0", false)]
#[case::caret_zero("^0.2.3", "0.2.9", true)]
#[case::caret_zero("^0.2.3", "0.3.0", false)]
#[case::caret_zero_zero("^0.0.3", "0.0.3", true)]
#[case::caret_zero_zero("^0.0.3", "0.0.4", false)]
#[case::caret_zero_open("^0.0", "0.0.9", true)]
#[case::caret_zero_open("^0", "0.9.0", true)]
#[case::hyphen("1.2 - 1.4.5", "1.4.5", true)]
#[case::hyphen("1.2 - 1.4.5", "1.4.6", false)]
#[case::hyphen_open("1.2 - 1.4", "1.4.9", true)]
#[case::both_by_space(">=1.0.0 <2.0.0", "1.5.0", true)]
#[case::both_by_space(">=1.0.0 <2.0.0", "2.0.0", false)]
#[case::both_by_comma(">= 1.0.0, < 2.0.0", "1.5.0", true)]
#[case::either("<1 || >=3", "2.0.0", false)]
#[case::either("<1 || >=3", "3.1.0", true)]
#[case::no_prerelease(">=1.0.0", "1.1.0-rc.1", false)]
#[case::prerelease_named(">=1.0.0-0", "1.1.0-rc.1", true)]
#[case::prerelease_for_the_group(">=1.0.0-0 <2.0.0", "1.1.0-rc.1", true)]
#[case::prerelease_not_for_others(">=3.0.0-0 || <2.0.0", "1.1.0-rc.1", false)]
#[case::prerelease_exact("1.0.0-rc.1", "1.0.0-rc.1", true)]
#[case::prerelease_below("<1.0.0-rc.2", "1.0.0-rc.1", true)]
#[case::prerelease_of_wildcard("1.x-0", "1.2.0-beta", true)]
fn a_range_holds_what_masterminds_says(#[case] range: &str, #[case] version: &str, #[case] expected: bool) {
    assert_eq!(Range::parse(range).unwrap().matches(&Version::parse(version).unwrap()), expected);
}

#[rstest]
#[case("latest")]
#[case(">")]
#[case("1.2.3.4")]
#[case("1..2")]
#[case(">=1.0.0,")]
#[case(">=1.0.0,,<2")]
#[case("1.0.0 -")]
#[case("- 1.0.0")]
#[case(">>1")]
#[case("1.2.é")]
#[case("99999999999999999999.0.0")]
fn what_is_no_range_is_refused(#[case] text: &str) {
    assert_eq!(Range::parse(text), Err(RangeError(text.into())));
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
