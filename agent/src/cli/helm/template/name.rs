//! Names of releases.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::bail;
use sluice_template::{Compiled, Job, Limits, Source, Str};

use crate::cli::helm::{output::Output, template::language, world::Offline};

/// What Helm says of a name.
const RULE: &str = "invalid release name, must match regex \
    ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53";

/// Checks the name of a release.
///
/// # Errors
/// When it cannot be one; Helm logs that too.
pub(super) fn check(name: &str, output: &mut Output) -> anyhow::Result<()> {
    let reason = match name {
        "" => "no name provided",
        name if name.len() > 53 || !name.split('.').all(is_label) => RULE,
        _ => return Ok(()),
    };
    let reason = format!("release name {}: {reason}", sluice_yaml::quote(name));
    output.log_error("release name check failed", &reason);
    bail!("release name check failed: {reason}")
}

fn is_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    let ends = [bytes.first(), bytes.last()].into_iter().all(|byte| byte.is_some_and(|byte| known(*byte)));
    ends && bytes.iter().all(|byte| known(*byte) || *byte == b'-')
}

/// Makes a name of a template.
///
/// # Errors
/// When it is none, or fails.
pub(super) fn of_template(template: &str) -> anyhow::Result<String> {
    const NAME: &str = "name-template";
    let source = Source { name: Str::from(NAME), text: Str::from(template) };
    let compiled = Arc::new(Compiled::new(&[source], language())?);
    let job = Job { data: BTreeMap::new(), lint: false, limits: Limits::default() };
    let mut rendered = compiled.render(job, Box::new(Offline::new()))?;
    Ok(rendered.remove(&Str::from(NAME)).map(|name| name.to_string()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a", true)]
    #[case("my-app.v1", true)]
    #[case("", false)]
    #[case("-a", false)]
    #[case("a..b", false)]
    #[case("A", false)]
    #[case("a123456789012345678901234567890123456789012345678901234", false)]
    fn names_are_those_of_hosts(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(check(name, &mut Output::default()).is_ok(), expected);
    }

    #[test]
    fn a_name_may_be_made() {
        assert_eq!(of_template("{{ print \"a\" 1 }}").ok().as_deref(), Some("a1"));
    }
}
