//! Values as Go programs write them on their command lines: `:8080`, `5`, `512Mi`.

use std::{fmt, str::FromStr};

use sluice_object::{Digest, LabelSelector};

/// A text that is no value of the wanted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid(String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

/// A number of bytes: `1048576`, `1Mi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

const SIZES: [(&str, u64); 3] = [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)];

impl FromStr for Bytes {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let sized = SIZES.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
        let (number, size) = sized.unwrap_or((text, 1));
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(size));
        bytes
            .map(Self)
            .ok_or_else(|| Invalid(format!("`{text}` is no number of bytes; hint: write it as `1048576` or `512Mi`")))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SIZES.iter().rev().find(|(_, size)| self.0 > 0 && self.0.is_multiple_of(*size)) {
            Some((unit, size)) => write!(f, "{}{unit}", self.0 / size),
            None => self.0.fmt(f),
        }
    }
}

/// The objects that this agent serves, by a label selector; all of them where it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shard {
    text: String,
    /// The selector.
    pub selector: LabelSelector,
}

impl Shard {
    /// Returns what tells the leases of this shard from those of others, as Flux names them: `-` and a short hash.
    pub fn lease_suffix(&self) -> String {
        match self.text.as_str() {
            "" => String::new(),
            text => format!("-{}", &Digest::sha256(text.as_bytes()).hex()[..8]),
        }
    }
}

impl FromStr for Shard {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let selector = LabelSelector::parse(text).map_err(|error| Invalid(error.to_string()))?;
        Ok(Self { text: text.to_owned(), selector })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
    use rstest::rstest;

    use super::{Bytes, ListenAddr, Percentage};

    #[rstest]
    #[case("0", 0)]
    #[case("1000", 1000)]
    #[case("1Ki", 1024)]
    #[case("512Mi", 512 << 20)]
    #[case("2Gi", 2 << 30)]
    fn reads_and_prints_sizes(#[case] text: &str, #[case] bytes: u64) {
        let size: Bytes = text.parse().unwrap();
        assert_eq!((size, size.to_string().as_str()), (Bytes(bytes), text));
    }

    #[rstest]
    #[case("")]
    #[case("1MB")]
    #[case("-1")]
    #[case("99999999999Gi")]
    fn refuses_other_sizes(#[case] text: &str) {
        assert!(text.parse::<Bytes>().is_err());
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
