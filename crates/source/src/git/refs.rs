//! References of a repository, and which commit a target means.

use gix::ObjectId;
use sluice_object::Revision;

use super::spec::Target;
use crate::semver::{self, Range, RangeError};

/// A reference as the server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ref {
    pub(super) name: String,
    /// The object it points to; a tag object for annotated tags.
    pub(super) id: ObjectId,
    /// The commit behind a tag object.
    pub(super) peeled: Option<ObjectId>,
}

/// What a target means at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) revision: Revision,
    pub(super) commit: ObjectId,
    /// What to ask the server for: older protocols give only what a reference points to.
    pub(super) want: ObjectId,
}

impl Ref {
    /// Reads a line of protocol 2: `<id> <name> [peeled:<id>]`.
    pub(super) fn parse_v2(line: &str) -> Option<Self> {
        let mut words = line.trim_end_matches('\n').split(' ');
        let (id, name) = (id(words.next()?)?, words.next()?.to_owned());
        let peeled = words.find_map(|word| word.strip_prefix("peeled:")).and_then(self::id);
        Some(Self { name, id, peeled })
    }

    /// Reads the lines of protocols 0 and 1: `<id> <name>`, and after a tag `<id> <name>^{}`.
    pub(super) fn parse_v0<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Vec<Self>> {
        let mut refs: Vec<Self> = Vec::new();
        for line in lines {
            let line = line.split('\0').next()?.trim_end_matches('\n');
            let (hex, name) = line.split_once(' ')?;
            match (name.strip_suffix("^{}"), refs.last_mut()) {
                (Some("capabilities"), _) => {}
                (Some(of), Some(last)) if last.name == of => last.peeled = Some(id(hex)?),
                _ => refs.push(Self { name: name.to_owned(), id: id(hex)?, peeled: None }),
            }
        }
        Some(refs)
    }

    fn commit(&self) -> ObjectId {
        self.peeled.unwrap_or(self.id)
    }
}

/// Reads an object id of a SHA-1 repository.
pub(super) fn id(hex: &str) -> Option<ObjectId> {
    ObjectId::from_hex(hex.as_bytes()).ok().filter(|id| id.kind() == gix::hash::Kind::Sha1)
}

/// Returns the prefixes of the references that are needed to resolve a target.
pub(super) fn prefixes(target: Target<'_>) -> Vec<String> {
    match target {
        Target::Commit { branch: None, .. } => vec!["refs/heads/".into()],
        Target::Commit { branch: Some(name), .. } | Target::Branch(name) => vec![format!("refs/heads/{name}")],
        Target::Name(name) => vec![name.into()],
        Target::Semver(_) => vec![TAGS.into()],
        Target::Tag(name) => vec![format!("{TAGS}{name}")],
        Target::Any(name) => full_names(name),
    }
}

/// Returns what a short name may stand for, as Git looks for it.
fn full_names(name: &str) -> Vec<String> {
    let places = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let full = places.into_iter().map(|place| format!("{place}{name}"));
    full.chain([format!("refs/remotes/{name}/HEAD")]).collect()
}

const TAGS: &str = "refs/tags/";

/// Returns what a target means, or `None` when it is not there. A commit is taken at its word.
pub(super) fn resolve(target: Target<'_>, refs: &[Ref]) -> Result<Option<Resolved>, RangeError> {
    let find = |full: &str| refs.iter().find(|found| found.name == full);
    let tag = |name: &str| Some((name.to_owned(), find(&format!("{TAGS}{name}"))?));
    let found = match target {
        Target::Commit { .. } => None,
        Target::Name(name) => find(name).map(|found| (name.to_owned(), found)),
        Target::Branch(name) => find(&format!("refs/heads/{name}")).map(|found| (name.to_owned(), found)),
        Target::Tag(name) => tag(name),
        Target::Any(name) => full_names(name).iter().find_map(|full| find(full)).map(|found| (name.to_owned(), found)),
        Target::Semver(range) => {
            let tags = refs.iter().filter_map(|found| found.name.strip_prefix(TAGS));
            semver::newest(&Range::parse(range)?, tags).and_then(tag)
        }
    };
    Ok(found.map(|(name, found)| Resolved {
        revision: Revision::git(&name, &found.commit().to_string()),
        commit: found.commit(),
        want: found.id,
    }))
}

/// Returns some names of the kind that a target is of, for an error.
pub(super) fn similar(target: Target<'_>, refs: &[Ref]) -> Vec<String> {
    const SHOWN: usize = 5;
    let under = |prefix: &str| -> Vec<String> {
        refs.iter().filter_map(|found| found.name.strip_prefix(prefix)).map(str::to_owned).collect()
    };
    let mut names = match target {
        Target::Semver(_) | Target::Tag(_) => under(TAGS),
        Target::Name(_) => under(""),
        Target::Any(_) => [under("refs/heads/"), under(TAGS)].concat(),
        Target::Commit { .. } | Target::Branch(_) => under("refs/heads/"),
    };
    let first = |name: &str| if matches!(name, "main" | "master") { 0 } else { 1 };
    names.sort_by(|a, b| first(a).cmp(&first(b)).then_with(|| a.cmp(b)));
    if matches!(target, Target::Semver(_) | Target::Tag(_)) {
        names.reverse();
    }
    names.truncate(SHOWN);
    names
}

/// Returns what the branches point to whose history may hold a commit.
pub(super) fn branches(target: Target<'_>, refs: &[Ref]) -> Vec<ObjectId> {
    let wanted = |name: &str| match target {
        Target::Commit { branch: Some(branch), .. } => name == branch,
        _ => true,
    };
    let heads = refs.iter().filter(|found| found.name.strip_prefix("refs/heads/").is_some_and(wanted));
    let mut ids: Vec<ObjectId> = heads.map(|found| found.id).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Returns the prefix below which [`similar`] looks.
pub(super) fn similar_prefix(target: Target<'_>) -> &'static str {
    match target {
        Target::Semver(_) | Target::Tag(_) => TAGS,
        Target::Name(_) | Target::Any(_) => "refs/",
        Target::Commit { .. } | Target::Branch(_) => "refs/heads/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn hex(digit: u8) -> String {
        char::from(digit).to_string().repeat(40)
    }

    fn refs() -> Vec<Ref> {
        let lines = [
            format!("{} HEAD\0side-band-64k agent=git/2", hex(b'a')),
            format!("{} refs/heads/main", hex(b'a')),
            format!("{} refs/heads/main-2", hex(b'b')),
            format!("{} refs/pull/7/head", hex(b'c')),
            format!("{} refs/tags/v1.0.0", hex(b'd')),
            format!("{} refs/tags/v1.0.0^{{}}", hex(b'e')),
            format!("{} refs/tags/1.1.0", hex(b'f')),
        ];
        Ref::parse_v0(lines.iter().map(String::as_str)).unwrap()
    }

    #[rstest]
    #[case(Target::Branch("main"), "main@sha1", b'a', b'a')]
    #[case(Target::Tag("v1.0.0"), "v1.0.0@sha1", b'e', b'd')]
    #[case(Target::Tag("1.1.0"), "1.1.0@sha1", b'f', b'f')]
    #[case(Target::Semver("1.x"), "1.1.0@sha1", b'f', b'f')]
    #[case(Target::Semver("<1.1"), "v1.0.0@sha1", b'e', b'd')]
    #[case(Target::Name("refs/pull/7/head"), "refs/pull/7/head@sha1", b'c', b'c')]
    #[case(Target::Name("refs/tags/v1.0.0"), "refs/tags/v1.0.0@sha1", b'e', b'd')]
    #[case(Target::Any("HEAD"), "HEAD@sha1", b'a', b'a')]
    #[case(Target::Any("main-2"), "main-2@sha1", b'b', b'b')]
    #[case(Target::Any("v1.0.0"), "v1.0.0@sha1", b'e', b'd')]
    #[case(Target::Any("pull/7/head"), "pull/7/head@sha1", b'c', b'c')]
    #[case(Target::Any("refs/heads/main"), "refs/heads/main@sha1", b'a', b'a')]
    fn a_target_means_a_commit(#[case] target: Target<'_>, #[case] name: &str, #[case] commit: u8, #[case] want: u8) {
        let found = resolve(target, &refs()).unwrap().unwrap();
        assert_eq!(found.revision.as_str(), format!("{name}:{}", hex(commit)));
        assert_eq!((found.commit.to_string(), found.want.to_string()), (hex(commit), hex(want)));
    }

    #[rstest]
    #[case(Target::Branch("mai"), &["main", "main-2"])]
    #[case(Target::Tag("v9"), &["v1.0.0", "1.1.0"])]
    #[case(Target::Semver(">2"), &["v1.0.0", "1.1.0"])]
    #[case(Target::Any("v9"), &["main", "1.1.0", "main-2", "v1.0.0"])]
    fn what_is_missing_has_neighbours(#[case] target: Target<'_>, #[case] names: &[&str]) {
        assert_eq!(resolve(target, &refs()), Ok(None));
        assert_eq!(similar(target, &refs()), names);
    }

    #[test]
    fn both_protocols_say_the_same() {
        let line = format!("{} refs/tags/v1.0.0 peeled:{}\n", hex(b'd'), hex(b'e'));
        assert_eq!(Ref::parse_v2(&line), refs().into_iter().find(|found| found.name == "refs/tags/v1.0.0"));
        assert_eq!(Ref::parse_v2(&format!("{} refs/heads/x", "z".repeat(40))), None);
    }

    #[test]
    fn an_empty_repository_has_no_references() {
        let line = format!("{} capabilities^{{}}\0agent=git/2", "0".repeat(40));
        assert_eq!(Ref::parse_v0([line.as_str()]), Some(vec![]));
    }
}
