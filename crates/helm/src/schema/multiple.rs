//! `multipleOf`, in decimals: 0.3 is three times 0.1, though its nearest binary fraction is not.

use boon::{ErrorKind, ValidationError};
use serde_json::Number;

/// Takes away the errors that are none; says whether one is left.
pub(super) fn retain(error: &mut ValidationError<'_, '_>) -> bool {
    if let ErrorKind::MultipleOf { got, want } = &error.kind {
        return !is_multiple(got, want);
    }
    let before = error.causes.len();
    error.causes.retain_mut(retain);
    match (&error.kind, error.causes.len()) {
        (_, left) if left == before => true,
        // One part is enough.
        (ErrorKind::AnyOf | ErrorKind::OneOf(None), _) => false,
        (_, left) => left > 0,
    }
}

fn is_multiple(number: &Number, of: &Number) -> bool {
    let (Some((number, point)), Some((of, other))) = (decimal(number), decimal(of)) else { return false };
    let places = point.max(other);
    let scaled = |digits: i128, point: u32| 10_i128.checked_pow(places - point).and_then(|by| digits.checked_mul(by));
    match (scaled(number, point), scaled(of, other)) {
        (Some(number), Some(of)) if of != 0 => number % of == 0,
        _ => false,
    }
}

/// Returns the digits of a number, and how many of them stand after the point.
fn decimal(number: &Number) -> Option<(i128, u32)> {
    let text = format!("{}", number.as_f64()?);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u32::try_from(fraction.len()).ok()?))
}
