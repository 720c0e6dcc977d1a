//! The revisions of one release that are stored.

use super::{Release, Status};

/// Sorts revisions, the oldest first.
pub fn sort(releases: &mut [Release]) {
    releases.sort_by_key(|release| release.version);
}

/// Returns the last revision.
pub fn last(releases: &[Release]) -> Option<&Release> {
    releases.iter().max_by_key(|release| release.version)
}

/// Returns the last revision that is deployed; there should be one at most.
pub fn deployed(releases: &[Release]) -> Option<&Release> {
    let deployed = releases.iter().filter(|release| release.info.status == Status::Deployed);
    deployed.max_by_key(|release| release.version)
}

/// Returns the versions that go, the oldest first, so that one more revision makes no more than `max` in all; with 0 all
/// stay, and what is deployed always does.
pub fn surplus(releases: &[Release], max: usize) -> Vec<i64> {
    let Some(kept) = max.checked_sub(1) else { return Vec::new() };
    let deployed = deployed(releases).map(|release| release.version);
    let mut versions: Vec<i64> = releases.iter().map(|release| release.version).collect();
    versions.sort_unstable();
    let excess = versions.len().saturating_sub(kept);
    versions.into_iter().filter(|version| Some(*version) != deployed).take(excess).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn releases(states: &[(i64, Status)]) -> Vec<Release> {
        let release = |(version, status): &(i64, Status)| {
            let mut release = Release { version: *version, ..Release::default() };
            release.set_status(status.clone(), "");
            release
        };
        states.iter().map(release).collect()
    }

    const STATES: [(i64, Status); 4] =
        [(3, Status::Failed), (1, Status::Superseded), (4, Status::Failed), (2, Status::Deployed)];

    #[test]
    fn revisions_are_found_by_number_and_status() {
        let mut found = releases(&STATES);
        assert_eq!(last(&found).map(|release| release.version), Some(4));
        assert_eq!(deployed(&found).map(|release| release.version), Some(2));
        sort(&mut found);
        assert_eq!(found.iter().map(|release| release.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[rstest]
    #[case::no_bound(0, &[])]
    #[case::room(5, &[])]
    #[case::one(4, &[1])]
    #[case::deployed_stays(2, &[1, 3, 4])]
    #[case::only_deployed(1, &[1, 3, 4])]
    fn the_oldest_go(#[case] max: usize, #[case] expected: &[i64]) {
        assert_eq!(surplus(&releases(&STATES), max), expected);
    }
}
