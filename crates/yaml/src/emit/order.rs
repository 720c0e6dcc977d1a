//! The order of keys: go-yaml's `keyList.Less`, where `a2` comes before `a10`.

use std::cmp::Ordering;

use crate::resolve::Flavor;

/// Sorts entries by their keys.
///
/// The order isn't transitive for all keys, and where it isn't Go's own output changes from run
/// to run; ours only depends on the order given. The standard library's sort may panic then, this one (by merging) doesn't.
pub(crate) fn sort<'a, T: Copy>(flavor: Flavor, entries: &[(&'a str, T)]) -> Vec<(&'a str, T)> {
    let (left, right) = match entries.len() {
        0 | 1 => return entries.to_vec(),
        count => entries.split_at(count / 2),
    };
    let (left, right) = (sort(flavor, left), sort(flavor, right));
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut merged = Vec::with_capacity(entries.len());
    while let (Some((a, _)), Some((b, _))) = (left.peek(), right.peek()) {
        let next = if compare(flavor, b, a) == Ordering::Less { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// Compares two string keys.
fn compare(flavor: Flavor, a: &str, b: &str) -> Ordering {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if common == a.len() || common == b.len() {
        return count(a).cmp(&count(b));
    }
    let start = (0..=common).rev().find(|at| a.is_char_boundary(*at)).unwrap_or(0);
    let (before, a) = a.split_at(start);
    at_difference(flavor, before, a, &b[start..])
}

fn count(text: &str) -> usize {
    text.chars().count()
}

fn at_difference(flavor: Flavor, before: &str, a: &str, b: &str) -> Ordering {
    let (Some(first_a), Some(first_b)) = (a.chars().next(), b.chars().next()) else {
        return count(a).cmp(&count(b));
    };
    match (is_letter(first_a), is_letter(first_b)) {
        (true, true) => first_a.cmp(&first_b),
        // For v3 a number ends where a letter follows, and comes before longer ones and other signs.
        (a, b) if a != b && flavor == Flavor::V3 && before.ends_with(is_digit) => b.cmp(&a),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => numbers(before, a, b).then(first_a.cmp(&first_b)),
    }
}

fn numbers(before: &str, a: &str, b: &str) -> Ordering {
    let zero = a.starts_with('0') || b.starts_with('0');
    // A zero inside a number counts as a digit of it, not as a leading zero.
    let inside = zero && before.chars().rev().take_while(|c| is_digit(*c)).any(|c| c != '0');
    let (value_a, length_a) = leading_number(inside, a);
    let (value_b, length_b) = leading_number(inside, b);
    value_a.cmp(&value_b).then(length_a.cmp(&length_b))
}

/// Go's arithmetic: it wraps, and digits of other scripts count by their code points.
fn leading_number(inside: bool, text: &str) -> (i64, usize) {
    let digits = text.chars().take_while(|c| is_digit(*c));
    digits.fold((i64::from(inside), 0), |(value, length), digit| {
        let unit = i64::from(u32::from(digit)) - i64::from(b'0');
        (value.wrapping_mul(10).wrapping_add(unit), length + 1)
    })
}

/// Go's `unicode.IsLetter` (categories L*): alphabetic, without marks and letter numbers.
fn is_letter(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphabetic(),
        false => c.is_alphabetic(),
    }
}

/// Go's `unicode.IsDigit` (category Nd).
fn is_digit(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_digit(),
        false => c.is_numeric(),
    }
}
