//! What the references know of Kubernetes' types: list merge keys and cluster-scoped kinds.
//!
//! [`Schema`] is a place in a type: start with [`Types::of`], go down with [`Schema::field`] and [`Schema::element`].

mod custom;
mod scope;
mod table;

use std::{collections::HashMap, sync::LazyLock};

use crate::id::Gvk;

pub(crate) use custom::from_openapi;
pub(crate) use scope::{Scopes, is_cluster_scoped};

/// Types by name, and the types of kinds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Types {
    kinds: HashMap<(String, String), usize>,
    names: HashMap<String, usize>,
    types: Vec<HashMap<String, Property>>,
}

/// A field of a type.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Property {
    /// The type it holds, or its elements or values hold.
    of: Option<usize>,
    shape: Shape,
    /// The keys by which elements of a list are merged; `None` when the list is replaced.
    merge: Option<Vec<String>>,
    /// Whether a patch says which keys stay.
    retained: bool,
    /// Whether a patch replaces a mapping.
    replaced: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Shape {
    #[default]
    One,
    List,
    Map,
}

/// A place in a type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'t> {
    types: &'t Types,
    at: Spot<'t>,
}

#[derive(Debug, Clone, Copy)]
enum Spot<'t> {
    Type(usize),
    Field(&'t Property),
}

static BUILT_IN: LazyLock<Types> = LazyLock::new(|| table::parse(include_str!("merge-keys.txt")));
static CLIENT: LazyLock<Types> = LazyLock::new(|| table::parse(include_str!("client-go.txt")));

impl Types {
    /// Returns the types of Kubernetes v1.21.2.
    pub(crate) fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Returns the types that client-go v0.36 knows, as it patches them.
    pub(crate) fn of_clients() -> &'static Self {
        &CLIENT
    }

    /// Returns the type of a kind, by exact `apiVersion`.
    pub(crate) fn of(&self, api_version: &str, kind: &str) -> Option<Schema<'_>> {
        let index = self.kinds.get(&(api_version.to_owned(), kind.to_owned()))?;
        Some(Schema { types: self, at: Spot::Type(*index) })
    }
}

impl<'t> Schema<'t> {
    /// Goes to a field of a mapping.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        let spot = match self.at {
            Spot::Type(index) => Spot::Field(self.types.types.get(index)?.get(name)?),
            Spot::Field(Property { of: Some(index), shape: Shape::Map, .. }) => Spot::Type(*index),
            Spot::Field(Property { of: Some(index), shape: Shape::One, .. }) => {
                return Self { at: Spot::Type(*index), ..self }.field(name);
            }
            Spot::Field(_) => return None,
        };
        Some(Self { at: spot, ..self })
    }

    /// Goes to the elements of a list.
    pub(crate) fn element(self) -> Option<Self> {
        match self.at {
            Spot::Field(Property { of: Some(index), shape: Shape::List, .. }) => {
                Some(Self { at: Spot::Type(*index), ..self })
            }
            _ => None,
        }
    }

    /// Returns the keys by which a list is merged, none for a list of scalars; `None` when it is replaced.
    pub(crate) fn merge_keys(self) -> Option<&'t [String]> {
        match self.at {
            Spot::Field(property) => property.merge.as_deref(),
            Spot::Type(_) => None,
        }
    }

    /// Says whether a patch of this mapping, or of this list's elements, says which keys stay.
    pub(crate) fn is_retained(self) -> bool {
        matches!(self.at, Spot::Field(Property { retained: true, .. }))
    }

    /// Says whether a patch replaces this mapping.
    pub(crate) fn is_replaced(self) -> bool {
        matches!(self.at, Spot::Field(Property { replaced: true, .. }))
    }
}

/// Says whether anything is known of a kind.
pub(crate) fn is_known(gvk: &Gvk) -> bool {
    is_cluster_scoped(gvk) || Types::built_in().of(&gvk.api_version(), &gvk.kind).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn walk(kind: (&str, &str), path: &[&str]) -> Option<Vec<String>> {
        let start = Types::built_in().of(kind.0, kind.1)?;
        let end = path.iter().try_fold(start, |at, part| match *part {
            "[]" => at.element(),
            part => at.field(part),
        });
        Some(end?.merge_keys()?.to_vec())
    }

    #[rstest]
    #[case(("apps/v1", "Deployment"), "spec template spec containers", Some("name"))]
    #[case(("apps/v1", "Deployment"), "spec template spec containers [] ports", Some("containerPort,protocol"))]
    #[case(("apps/v1", "Deployment"), "spec template spec tolerations", None)]
    #[case(("v1", "Node"), "spec podCIDRs", Some(""))]
    #[case(("apps/v2", "Deployment"), "spec template spec containers", None)]
    fn knows_the_merge_keys_of_lists(#[case] kind: (&str, &str), #[case] path: &str, #[case] expected: Option<&str>) {
        let found = walk(kind, &path.split(' ').collect::<Vec<_>>());
        assert_eq!(found.map(|keys| keys.join(",")).as_deref(), expected);
    }
}
