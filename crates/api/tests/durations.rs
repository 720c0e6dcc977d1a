//! Durations are read and written as Go does it.

use std::time;

use rstest::rstest;
use sluice_api::{Duration, duration::DurationError};

#[rstest]
#[case("0", 0, "0s")]
#[case("0s", 0, "0s")]
#[case("-0s", 0, "0s")]
#[case("+5s", 5_000_000_000, "5s")]
#[case("5s", 5_000_000_000, "5s")]
#[case("60s", 60_000_000_000, "1m0s")]
#[case("10m", 600_000_000_000, "10m0s")]
#[case("1h", 3_600_000_000_000, "1h0m0s")]
#[case("1h15m30.918s", 4_530_918_000_000, "1h15m30.918s")]
#[case("1.5h", 5_400_000_000_000, "1h30m0s")]
#[case("5.s", 5_000_000_000, "5s")]
#[case(".5s", 500_000_000, "500ms")]
#[case("1m.5s", 60_500_000_000, "1m0.5s")]
#[case("1500ms", 1_500_000_000, "1.5s")]
#[case("1h1h", 7_200_000_000_000, "2h0m0s")]
#[case("12ns", 12, "12ns")]
#[case("11us", 11_000, "11µs")]
#[case("12µs", 12_000, "12µs")]
#[case("12μs", 12_000, "12µs")]
#[case("1.1µs", 1_100, "1.1µs")]
#[case("2.2ms", 2_200_000, "2.2ms")]
#[case("0.3333333333333333333h", 1_200_000_000_000, "20m0s")]
#[case("0.100000000000000000000h", 360_000_000_000, "6m0s")]
#[case("0.9223372036854775807h", 3_320_413_933_267, "55m20.413933267s")]
#[case("9223372036854775807ns", 9_223_372_036_854_775_807, "2562047h47m16.854775807s")]
fn reads_and_writes(#[case] text: &str, #[case] nanos: u64, #[case] canonical: &str) {
    let duration: Duration = text.parse().expect(text);
    assert_eq!(time::Duration::from(duration), time::Duration::from_nanos(nanos));
    assert_eq!(duration.to_string(), canonical);
    assert_eq!(canonical.parse(), Ok(duration));
}

#[rstest]
#[case("")]
#[case("3")]
#[case("-")]
#[case("+")]
#[case("s")]
#[case(".")]
#[case("-.")]
#[case(".s")]
#[case("+.s")]
#[case("1d")]
#[case("1 s")]
#[case(" 1s")]
#[case("00")]
#[case("0.s0")]
#[case("1.1.1s")]
#[case("--1s")]
#[case("1s-1s")]
#[case("1e3s")]
#[case("١s")]
fn refuses_what_is_not_a_duration(#[case] text: &str) {
    assert_eq!(text.parse::<Duration>(), Err(DurationError::Invalid(text.into())));
}

#[rstest]
#[case("9223372036854775808ns")]
#[case("2562047h47m16.854775808s")]
#[case("3000000h")]
#[case("99999999999999999999999s")]
fn refuses_what_is_too_long(#[case] text: &str) {
    assert_eq!(text.parse::<Duration>(), Err(DurationError::TooLong(text.into())));
}

#[test]
fn refuses_what_is_negative_and_reads_it_as_zero_in_json() {
    assert_eq!("-1s".parse::<Duration>(), Err(DurationError::Negative("-1s".into())));
    assert_eq!(serde_json::from_str::<Duration>(r#""-1s""#).ok(), Some(Duration::default()));
}
