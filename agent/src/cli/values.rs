//! Values as Go programs write them on their command lines: `1m30s`, `:8080`, `5`.

use std::{fmt, str::FromStr, time::Duration};

/// A duration in Go's form: `30s`, `1m30s`, `1.5h`, `750ms`, `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoDuration(pub Duration);

/// A text that is no value of the wanted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

/// Go's units in seconds; `m` after `ms` so that the longer one is tried first.
const UNITS: [(&str, f64); 7] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

impl FromStr for GoDuration {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let invalid = || Invalid(format!("`{text}` is no duration; hint: write it as `30s`, `1m30s` or `750ms`"));
        let (mut rest, mut seconds) = (text, 0.0);
        while !rest.is_empty() {
            let (term, after) = leading_term(rest).ok_or_else(invalid)?;
            seconds += term;
            rest = after;
        }
        let duration = Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty());
        duration.map(Self).ok_or_else(invalid)
    }
}

/// Takes one `number unit` pair off the front, in seconds.
fn leading_term(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let rest = &text[digits..];
    let (unit, factor) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
    Some((number * factor, &rest[unit.len()..]))
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match (seconds / 3600, seconds / 60 % 60, seconds % 60, self.0.subsec_millis()) {
            (0, 0, 0, millis) if millis > 0 => write!(f, "{millis}ms"),
            (0, 0, s, _) => write!(f, "{s}s"),
            (0, m, s, _) => write!(f, "{m}m{s}s"),
            (h, m, s, _) => write!(f, "{h}h{m}m{s}s"),
        }
    }
}

/// Where a server listens: `:8080` is every interface, `127.0.0.1:8080`, `[::1]:8080` and `localhost:8080` are one;
/// `0` is nowhere, as in controller-runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// The server is off.
    Off,
    /// Every interface, over IPv6 and IPv4.
    Any(u16),
    /// A host, by name or address.
    Host(String, u16),
}

impl FromStr for ListenAddr {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "0" {
            return Ok(Self::Off);
        }
        let invalid = || Invalid(format!("`{text}` is no address; hint: write it as `:8080` or `127.0.0.1:8080`"));
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let port = port.parse().map_err(|_| invalid())?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match bare.unwrap_or(host) {
            "" => Ok(Self::Any(port)),
            plain if bare.is_none() && plain.contains(':') => Err(invalid()),
            plain => Ok(Self::Host(plain.to_owned(), port)),
        }
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("0"),
            Self::Any(port) => write!(f, ":{port}"),
            Self::Host(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// A whole number from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentage(u8);

impl Percentage {
    /// Returns the share, 0.05 for 5.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl FromStr for Percentage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let percent = text.parse().ok().filter(|percent| *percent <= 100);
        percent.map(Self).ok_or_else(|| Invalid(format!("`{text}` is no whole number from 0 to 100")))
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::{GoDuration, ListenAddr, Percentage};

    #[rstest]
    #[case("0", 0)]
    #[case("0s", 0)]
    #[case("30s", 30_000)]
    #[case("1m30s", 90_000)]
    #[case("750ms", 750)]
    #[case("1.5h", 5_400_000)]
    #[case("2h45m0.5s", 9_900_500)]
    fn reads_go_durations(#[case] text: &str, #[case] millis: u64) {
        assert_eq!(text.parse(), Ok(GoDuration(Duration::from_millis(millis))));
    }

    #[rstest]
    #[case("")]
    #[case("30")]
    #[case("s")]
    #[case("-5s")]
    #[case("5 s")]
    #[case("1d")]
    #[case("1.2.3s")]
    #[case("99999999999999999999h")]
    fn refuses_what_go_refuses(#[case] text: &str) {
        let error = text.parse::<GoDuration>().unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{text}` is no duration; hint: ")), "{error}");
    }

    #[rstest]
    #[case("0s")]
    #[case("750ms")]
    #[case("30s")]
    #[case("1m30s")]
    #[case("1h0m0s")]
    fn prints_durations_as_read(#[case] text: &str) {
        assert_eq!(text.parse::<GoDuration>().unwrap().to_string(), text);
    }

    #[rstest]
    #[case("0", ListenAddr::Off)]
    #[case(":8080", ListenAddr::Any(8080))]
    #[case("127.0.0.1:0", ListenAddr::Host("127.0.0.1".into(), 0))]
    #[case("localhost:9440", ListenAddr::Host("localhost".into(), 9440))]
    #[case("[::1]:9090", ListenAddr::Host("::1".into(), 9090))]
    fn reads_addresses(#[case] text: &str, #[case] expected: ListenAddr) {
        let read: ListenAddr = text.parse().unwrap();
        assert_eq!(read, expected);
        assert_eq!(read.to_string(), text);
    }

    #[rstest]
    #[case("8080")]
    #[case(":")]
    #[case(":http")]
    #[case(":70000")]
    #[case("::1:8080")]
    fn refuses_other_addresses(#[case] text: &str) {
        assert!(text.parse::<ListenAddr>().is_err());
    }

    #[test]
    fn percentages_are_shares() {
        assert_eq!("5".parse::<Percentage>().unwrap().share(), 0.05);
        assert!("101".parse::<Percentage>().is_err());
    }
}
