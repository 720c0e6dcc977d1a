//! `WWW-Authenticate`: how a registry wants to be asked.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token.
    Bearer {
        /// Who gives tokens.
        realm: String,
        /// For what.
        service: String,
        /// What for, where the registry says so.
        scope: Option<String>,
    },
}

impl Challenge {
    /// Picks the first challenge that can be met out of the headers of an answer.
    pub(super) fn pick<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        headers.into_iter().flat_map(challenges).find_map(|(scheme, parameters)| read(&scheme, &parameters))
    }
}

type Parameters = Vec<(String, String)>;

fn read(scheme: &str, parameters: &Parameters) -> Option<Challenge> {
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => Some(Challenge::Bearer {
            realm: get("realm")?,
            service: get("service").unwrap_or_default(),
            scope: get("scope").filter(|scope| !scope.is_empty()),
        }),
        _ => None,
    }
}

/// Splits `Bearer realm="…",service="…", Basic realm="…"`. A word before a space begins a challenge.
fn challenges(header: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    for part in parts(header) {
        let (scheme, parameter) = match part.split_once(' ') {
            Some((scheme, rest)) if !scheme.contains('=') => (Some(scheme), rest.trim_start()),
            _ if !part.contains('=') => (Some(part), ""),
            _ => (None, part),
        };
        found.extend(scheme.map(|scheme| (scheme.to_ascii_lowercase(), Vec::new())));
        if let (Some((_, parameters)), Some((key, value))) = (found.last_mut(), parameter.split_once('=')) {
            parameters.push((key.trim().to_ascii_lowercase(), unquoted(value.trim())));
        }
    }
    found
}

/// Splits at commas outside of quotes.
fn parts(header: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let outside = move |char: char| {
        let separates = char == ',' && !quoted;
        quoted ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        separates
    };
    header.split(outside).map(str::trim).filter(|part| !part.is_empty())
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.map_or_else(|| value.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn bearer(realm: &str, service: &str, scope: Option<&str>) -> Option<Challenge> {
        let scope = scope.map(Into::into);
        Some(Challenge::Bearer { realm: realm.into(), service: service.into(), scope })
    }

    #[rstest]
    #[case::common(
        &[r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:org/app:pull""#],
        bearer("https://ghcr.io/token", "ghcr.io", Some("repository:org/app:pull"))
    )]
    #[case::comma_in_quotes(&[r#"bearer Realm="https://a/t" , scope="a:b:pull,push""#], bearer("https://a/t", "", Some("a:b:pull,push")))]
    #[case::bare_words(&["Bearer realm=https://a/t,service=s"], bearer("https://a/t", "s", None))]
    #[case::two_in_one(&[r#"Negotiate, Bearer realm="https://a/t""#], bearer("https://a/t", "", None))]
    #[case::two_headers(&["Negotiate", "Basic realm=\"x\""], Some(Challenge::Basic))]
    #[case::first(&[r#"Basic realm="x", Bearer realm="https://a/t""#], Some(Challenge::Basic))]
    #[case::escaped(&[r#"Bearer realm="https://a/\"t,\"""#], bearer("https://a/\"t,\"", "", None))]
    #[case::no_realm(&["Bearer service=\"s\""], None)]
    #[case::unknown(&["Digest realm=\"x\""], None)]
    #[case::nothing(&["", ",,="], None)]
    fn the_first_challenge_that_can_be_met_is_picked(#[case] headers: &[&str], #[case] expected: Option<Challenge>) {
        assert_eq!(Challenge::pick(headers.iter().copied()), expected);
    }
}
