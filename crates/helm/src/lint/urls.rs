//! Whether texts can be addresses. The rules are simpler than those of the library that Helm has: what these refuse,
//! those refuse too.

/// Says whether a text can be a mail address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let is_name = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let named = !name.is_empty() && name.chars().all(is_name) && name.split('.').all(|part| !part.is_empty());
    named && host.contains('.') && host.split('.').all(is_label)
}

/// Says whether a text can be the address of a page: with or without a scheme.
pub(super) fn is_url(text: &str) -> bool {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) => {
            if !["ftp", "tcp", "udp", "ws", "wss", "http", "https"].contains(&scheme) {
                return false;
            }
            rest
        }
        None => text,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    !text.contains(char::is_whitespace) && text.len() > 3 && !host.is_empty() && host.split('.').all(is_label)
}

/// Says whether a text is an absolute address with a scheme.
pub(super) fn is_request_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.chars();
    let named = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    named && rest.starts_with('/') && !text.contains(|c: char| c.is_ascii_control() || c == ' ')
}

fn is_label(label: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    !label.is_empty() && label.chars().all(known) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a@example.com", true)]
    #[case("first.last+x@mail.example.org", true)]
    #[case("bad", false)]
    #[case("a@", false)]
    #[case("@example.com", false)]
    #[case("a b@example.com", false)]
    #[case("a@-x.com", false)]
    fn mail_addresses_have_a_name_and_a_host(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_email(text), expected);
    }

    #[rstest]
    #[case("https://example.com/x", true, true)]
    #[case("example.com", true, false)]
    #[case("nope://x", false, true)]
    #[case("https://exa mple.com", false, false)]
    #[case("nope", true, false)]
    #[case("", false, false)]
    fn pages_have_addresses(#[case] text: &str, #[case] url: bool, #[case] request: bool) {
        assert_eq!((is_url(text), is_request_url(text)), (url, request));
    }
}
