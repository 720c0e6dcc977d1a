//! A GitRepository's pass as it is told in traces.

use sluice_reconcile::trace::{Arrival, Attributes, Step};
use sluice_source::git::GitRef;

use super::GitRepositories;
use crate::source::Fetch;

/// A fetch begins the trace of its revision.
pub(super) fn step(fetch: &Fetch<GitRepositories>) -> Step {
    Step::new("fetch").with("vcs.repository.url.full", fetch.spec.remote.shown_url()).arriving(arrival(fetch))
}

fn arrival(fetch: &Fetch<GitRepositories>) -> Arrival {
    let url = fetch.spec.remote.shown_url();
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let path = path.trim_end_matches('/');
    let (owner, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut attributes: Attributes = vec![
        ("vcs.repository.name", name.trim_end_matches(".git").into()),
        ("vcs.ref.head.revision", fetch.head.commit().into()),
    ];
    if !owner.is_empty() {
        attributes.push(("vcs.owner.name", owner.into()));
    }
    attributes.push(("vcs.repository.url.full", url.into()));
    attributes.extend(head(&fetch.spec.remote.reference, fetch.head.revision.as_str()));
    Arrival { source: fetch.owner.clone(), revision: fetch.head.revision.to_string(), attributes }
}

/// The name is what the revision begins with; a commit may have none.
fn head(reference: &GitRef, revision: &str) -> Attributes {
    let Some((name, _)) = revision.rsplit_once('@') else { return Vec::new() };
    let given = |part: &Option<String>| part.as_deref().is_some_and(|text| !text.is_empty());
    let is_tag = match name.strip_prefix("refs/") {
        Some(full) => full.starts_with("tags/"),
        None => !given(&reference.commit) && (given(&reference.semver) || given(&reference.tag)),
    };
    let kind = if is_tag { "tag" } else { "branch" };
    vec![("vcs.ref.head.name", name.into()), ("vcs.ref.head.type", kind.into())]
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(GitRef { branch: Some("main".into()), ..GitRef::default() }, "main@sha1:1", &["main", "branch"])]
    #[case(GitRef { tag: Some("v1".into()), ..GitRef::default() }, "v1@sha1:1", &["v1", "tag"])]
    #[case(GitRef { semver: Some("1.x".into()), ..GitRef::default() }, "v1.2@sha1:1", &["v1.2", "tag"])]
    #[case(GitRef { name: Some("refs/tags/a".into()), ..GitRef::default() }, "refs/tags/a@sha1:1", &["refs/tags/a", "tag"])]
    #[case(GitRef { commit: Some("1".into()), ..GitRef::default() }, "sha1:1", &[])]
    fn a_revision_says_what_it_is_the_head_of(#[case] of: GitRef, #[case] revision: &str, #[case] told: &[&str]) {
        let expected: Vec<_> = told.iter().map(|text| (*text).into()).collect();
        assert_eq!(head(&of, revision).into_iter().map(|(_, value)| value).collect::<Vec<_>>(), expected);
    }
}
