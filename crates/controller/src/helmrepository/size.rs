//! Sizes for people.

/// Four digits and a decimal unit, as Flux's event has it.
pub(super) fn human(size: i64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (size as f64, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    let decimals = if value >= 100.0 {
        1
    } else if value >= 10.0 {
        2
    } else {
        3
    };
    let digits = format!("{value:.decimals$}");
    format!("{}{}", digits.trim_end_matches('0').trim_end_matches('.'), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "0B")]
    #[case(999, "999B")]
    #[case(1000, "1kB")]
    #[case(12_345, "12.35kB")]
    #[case(1_234_567, "1.235MB")]
    #[case(61_200_000, "61.2MB")]
    fn sizes_have_four_digits(#[case] size: i64, #[case] text: &str) {
        assert_eq!(human(size), text);
    }
}
