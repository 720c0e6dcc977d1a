//! Floats under a verb, and as `strconv.FormatFloat` writes them.

use super::printer::Printer;

/// A `float64` has no more decimal digits than these, before or after its point.
const MOST_DIGITS: usize = 1100;

/// Sign-less decimal digits `d.ddd × 10^exponent`, without zeros at the end.
struct Decimal {
    digits: String,
    exponent: i32,
}

/// Returns a float as `strconv.FormatFloat(f, verb, precision, 64)` does; without a precision the shortest text that reads back.
pub(crate) fn format_float(value: f64, verb: char, precision: Option<usize>) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let size = value.abs();
    match verb {
        _ if value.is_nan() => "NaN".into(),
        _ if value.is_infinite() => format!("{}Inf", if sign.is_empty() { "+" } else { sign }),
        'b' => format!("{sign}{}", binary(size)),
        'x' | 'X' => format!("{sign}{}", hexadecimal(size, verb, precision)),
        'f' => format!("{sign}{}", positional(size, precision)),
        'g' | 'G' => format!("{sign}{}", general(size, verb, precision)),
        _ => format!("{sign}{}", scientific(size, verb, precision)),
    }
}

impl Printer {
    /// Appends a float, if the verb is one for floats.
    pub(super) fn float(&mut self, value: f64, verb: char) -> bool {
        match verb {
            'v' => self.float_as(value, 'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float_as(value, verb, None),
            'f' | 'e' | 'E' => self.float_as(value, verb, Some(6)),
            'F' => self.float_as(value, 'f', Some(6)),
            _ => return false,
        }
        true
    }

    fn float_as(&mut self, value: f64, verb: char, usual: Option<usize>) {
        let precision = self.flags.precision.or(usual);
        let text = format_float(value, verb, precision);
        let (sign, number) = match text.strip_prefix('-') {
            Some(number) => ("-", number.to_owned()),
            None => (self.plus_sign(), text.trim_start_matches('+').to_owned()),
        };
        match value.is_finite() {
            true if self.flags.sharp && verb != 'b' => self.signed(sign, &with_point(number, verb, precision)),
            true => self.signed(sign, &number),
            false => self.special(sign, &number),
        }
    }

    fn plus_sign(&self) -> &'static str {
        match (self.flags.plus, self.flags.space) {
            (true, _) => "+",
            (_, true) => " ",
            _ => "",
        }
    }

    /// Infinity keeps its sign; neither it nor NaN is filled with zeros.
    fn special(&mut self, sign: &str, word: &str) {
        let sign = if sign.is_empty() && word == "Inf" { "+" } else { sign };
        self.pad_with_spaces(format!("{sign}{word}").as_bytes());
    }

    /// Zeros go between the sign and the digits.
    fn signed(&mut self, sign: &str, number: &str) {
        let length = sign.len() + number.len();
        match self.flags.width {
            Some(width) if !sign.is_empty() && self.flags.zero && !self.flags.minus && width > length => {
                self.bytes(sign.as_bytes());
                self.fill(width - length);
                self.bytes(number.as_bytes());
            }
            _ => self.pad(format!("{sign}{number}").as_bytes()),
        }
    }
}

/// `#`: always a point, and the zeros that `g` drops.
fn with_point(number: String, verb: char, precision: Option<usize>) -> String {
    let mark: &[char] = if matches!(verb, 'x' | 'X') { &['p', 'P'] } else { &['e', 'E'] };
    let (digits, tail) = number.split_at(number.find(mark).unwrap_or(number.len()));
    let significant = digits.trim_start_matches(['0', '.']).chars().filter(|c| *c != '.').count();
    let mut wanted = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let mut text = digits.to_owned();
    if !digits.contains('.') {
        wanted = wanted.saturating_sub(usize::from(digits == "0"));
        text.push('.');
    }
    text.push_str(&"0".repeat(wanted.saturating_sub(significant)));
    text + tail
}

impl Decimal {
    fn shortest(size: f64) -> Self {
        let (digits, exponent) = sluice_yaml::shortest_digits(size);
        Self { digits, exponent }
    }

    fn rounded(size: f64, digits: usize) -> Self {
        Self::parse(&format!("{size:.*e}", digits.clamp(1, MOST_DIGITS) - 1))
    }

    fn parse(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits = mantissa.replace('.', "");
        let kept = digits.trim_end_matches('0');
        let digits = if kept.is_empty() { "0".to_owned() } else { kept.to_owned() };
        Self { digits, exponent: exponent.parse().unwrap_or(0) }
    }

    /// `d.ddde+dd` with so many digits after the point.
    fn scientific(&self, places: usize, verb: char) -> String {
        let (first, rest) = self.digits.split_at(1);
        let rest: String = rest.chars().chain(std::iter::repeat('0')).take(places).collect();
        let point = if places > 0 { "." } else { "" };
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{first}{point}{rest}{verb}{sign}{:02}", self.exponent.abs())
    }

    fn positional(&self) -> String {
        let (count, point) = (self.digits.len() as i32, self.exponent + 1);
        let zeros = |count: i32| "0".repeat(count.unsigned_abs() as usize);
        match point {
            ..=0 => format!("0.{}{}", zeros(point), self.digits),
            _ if point >= count => format!("{}{}", self.digits, zeros(point - count)),
            _ => format!("{}.{}", &self.digits[..point as usize], &self.digits[point as usize..]),
        }
    }
}

fn scientific(size: f64, verb: char, precision: Option<usize>) -> String {
    match precision {
        None => {
            let decimal = Decimal::shortest(size);
            decimal.scientific(decimal.digits.len() - 1, verb)
        }
        Some(places) => Decimal::rounded(size, places + 1).scientific(places, verb),
    }
}

fn positional(size: f64, precision: Option<usize>) -> String {
    let Some(places) = precision else {
        let decimal = Decimal::shortest(size);
        return if size == 0.0 { "0".into() } else { decimal.positional() };
    };
    let mut text = format!("{size:.*}", places.min(MOST_DIGITS));
    text.push_str(&"0".repeat(places.saturating_sub(MOST_DIGITS)));
    text
}

/// Exponents from a size on that depends on the precision: six digits where there is none.
fn general(size: f64, verb: char, precision: Option<usize>) -> String {
    let wanted = precision.map(|precision| precision.max(1));
    let decimal = match wanted {
        Some(digits) => Decimal::rounded(size, digits),
        None => Decimal::shortest(size),
    };
    let count = decimal.digits.len();
    let limit = match wanted {
        None => 6,
        Some(digits) if digits > count && count as i32 > decimal.exponent => count,
        Some(digits) => digits,
    };
    if decimal.exponent < -4 || decimal.exponent >= limit as i32 {
        let verb = if verb == 'G' { 'E' } else { 'e' };
        return decimal.scientific(count - 1, verb);
    }
    if size == 0.0 { "0".into() } else { decimal.positional() }
}

/// Returns mantissa and exponent: `mantissa × 2^exponent`.
fn parts(size: f64) -> (u64, i32) {
    let bits = size.to_bits();
    let (exponent, fraction) = ((bits >> 52) as i32 & 0x7ff, bits & ((1 << 52) - 1));
    match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent - 1075),
    }
}

fn binary(size: f64) -> String {
    let (mantissa, exponent) = parts(size);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal(size: f64, verb: char, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = parts(size);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // One bit before the point, 60 behind it: 15 digits.
        let shift = mantissa.leading_zeros() as i32 - 3;
        mantissa <<= shift;
        exponent += 60 - shift;
    }
    if let Some(places) = precision.filter(|places| *places < 15) {
        (mantissa, exponent) = rounded(mantissa, exponent, 60 - 4 * places as u32);
    }
    let digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let digits = match precision {
        None => digits.trim_end_matches('0').to_owned(),
        Some(places) => digits.chars().chain(std::iter::repeat('0')).take(places).collect(),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{}{point}{digits}p{sign}{:02}", mantissa >> 60, exponent.abs());
    if verb == 'X' { text.to_ascii_uppercase() } else { text }
}

/// Rounds half to even.
fn rounded(mantissa: u64, exponent: i32, dropped: u32) -> (u64, i32) {
    let (half, rest) = (1 << (dropped - 1), mantissa & ((1 << dropped) - 1));
    let odd = mantissa >> dropped & 1 == 1;
    let up = rest > half || (rest == half && odd);
    let kept = (mantissa >> dropped) + u64::from(up);
    match kept << dropped {
        overflow if overflow >> 61 == 1 => (overflow >> 1, exponent + 1),
        mantissa => (mantissa, exponent),
    }
}
