//! The order of files.

use std::cmp::Ordering;

use crate::text::Str;

/// Deepest path first; of one depth the last name first.
pub(super) fn by_depth(one: &Str, other: &Str) -> Ordering {
    let depth = |name: &Str| name.as_bytes().iter().filter(|byte| **byte == b'/').count();
    depth(other).cmp(&depth(one)).then_with(|| other.cmp(one))
}

/// Partials are parsed, not rendered.
pub(super) fn is_partial(name: &Str) -> bool {
    let path = name.as_bytes();
    path.rsplit(|byte| *byte == b'/').next().is_some_and(|last| last.starts_with(b"_"))
}
