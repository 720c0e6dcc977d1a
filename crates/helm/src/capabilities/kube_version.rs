//! Versions of Kubernetes, with whatever makers of distributions append to them.

use sluice_yaml::quote;

/// A version of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeVersion {
    /// The whole of it: `v1.33.4-gke.1245000`.
    pub version: String,
    /// Its numbers, which charts' constraints are checked with: `v1.33.4`.
    pub plain: String,
    /// `1`
    pub major: String,
    /// `33`
    pub minor: String,
}

/// A text that is no version, in the words of Kubernetes' library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadVersion(String);

impl KubeVersion {
    /// Reads a version with two or more numbers; what comes after them may be anything.
    ///
    /// # Errors
    /// When there are not so many numbers, or one that cannot be.
    pub fn parse(text: &str) -> Result<Self, BadVersion> {
        let numbers = numbers(text).ok_or_else(|| BadVersion(format!("could not parse {} as version", quote(text))))?;
        let parts: Vec<_> = numbers.split('.').collect();
        let [major, minor, ..] = parts[..] else {
            return Err(BadVersion(format!("illegal version string {}", quote(text))));
        };
        if major.starts_with('0') && major != "0" {
            let major = quote(major);
            return Err(BadVersion(format!("illegal zero-prefixed version component {major} in {}", quote(text))));
        }
        let parts: Result<Vec<_>, _> = parts.iter().map(|part| number(part, text)).collect();
        let parts = parts?;
        let version = if text.starts_with('v') { text.to_owned() } else { format!("v{text}") };
        let plain: Vec<_> = parts.iter().map(u64::to_string).collect();
        let minor = number(minor, text)?.to_string();
        Ok(Self { version, plain: format!("v{}", plain.join(".")), major: major.to_owned(), minor })
    }

    /// Takes what a server or a library says of itself.
    pub fn written(text: &str) -> Self {
        let mut parts = text.trim_start_matches('v').split('.').map(str::to_owned);
        let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self { version: text.to_owned(), plain: text.to_owned(), major, minor }
    }
}

/// Returns the numbers and points that a text begins with.
fn numbers(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut end = digits(text);
    while let Some(rest) = text[end..].strip_prefix('.').filter(|rest| digits(rest) > 0) {
        end += 1 + digits(rest);
    }
    // The library's expression does not go over the end of a line.
    (digits(text) > 0 && !text[end..].contains('\n')).then(|| &text[..end])
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn number(part: &str, text: &str) -> Result<u64, BadVersion> {
    part.parse().map_err(|_| {
        let reason = format!("strconv.ParseUint: parsing {}: value out of range", quote(part));
        BadVersion(format!("illegal non-numeric version component {} in {}: {reason}", quote(part), quote(text)))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.34", "v1.34", "v1.34", "1", "34")]
    #[case("v1.33.4-gke.1245000", "v1.33.4-gke.1245000", "v1.33.4", "1", "33")]
    #[case("v1.29+", "v1.29+", "v1.29", "1", "29")]
    #[case("1.08.1.2", "v1.08.1.2", "v1.8.1.2", "1", "8")]
    #[case("1.2.x", "v1.2.x", "v1.2", "1", "2")]
    fn versions_have_two_numbers_or_more(
        #[case] text: &str,
        #[case] version: &str,
        #[case] plain: &str,
        #[case] major: &str,
        #[case] minor: &str,
    ) {
        let [version, plain, major, minor] = [version, plain, major, minor].map(str::to_owned);
        assert_eq!(KubeVersion::parse(text), Ok(KubeVersion { version, plain, major, minor }));
    }

    #[rstest]
    #[case("", "could not parse \"\" as version")]
    #[case("latest", "could not parse \"latest\" as version")]
    #[case("1", "illegal version string \"1\"")]
    #[case("1.x", "illegal version string \"1.x\"")]
    #[case("01.2", "illegal zero-prefixed version component \"01\" in \"01.2\"")]
    #[case(
        "1.99999999999999999999",
        "illegal non-numeric version component \"99999999999999999999\" in \"1.99999999999999999999\": \
         strconv.ParseUint: parsing \"99999999999999999999\": value out of range"
    )]
    fn other_texts_are_refused_as_kubernetes_does(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(KubeVersion::parse(text), Err(BadVersion(expected.to_owned())));
    }
}
