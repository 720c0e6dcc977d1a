//! What Helm reads of an object: its kind, name and annotations.

use std::collections::BTreeMap;

use crate::chart::decode::{Decode, Struct, decode_into};

/// The head of an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    version: String,
    pub(super) kind: String,
    metadata: Option<Metadata>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Metadata {
    name: String,
    annotations: BTreeMap<String, String>,
}

impl Head {
    /// Reads the head of a document.
    pub(super) fn read(document: &str) -> Result<Self, String> {
        let mut head = Self::default();
        decode_into(document.as_bytes(), &mut head).map_err(|error| error.to_string())?;
        Ok(head)
    }

    /// Returns the name of the object, and its annotations.
    pub(super) fn into_metadata(self) -> (String, BTreeMap<String, String>) {
        let Metadata { name, annotations } = self.metadata.unwrap_or_default();
        (name, annotations)
    }
}

impl Struct for Head {
    const TYPE: &'static str = "util.SimpleHead";
    const NAME: &'static str = "SimpleHead";
    const FIELDS: &'static [&'static str] = &["apiVersion", "kind", "metadata"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "apiVersion" => &mut self.version,
            "kind" => &mut self.kind,
            "metadata" => &mut self.metadata,
            _ => return None,
        })
    }
}

/// A type without a name in Go.
impl Struct for Metadata {
    const TYPE: &'static str =
        r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#;
    const NAME: &'static str = "";
    const FIELDS: &'static [&'static str] = &["name", "annotations"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "annotations" => &mut self.annotations,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DECODING: &str = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";

    #[rstest]
    #[case("hello", "string into Go value of type util.SimpleHead")]
    #[case("- a", "array into Go value of type util.SimpleHead")]
    #[case("kind: [a]", "array into Go struct field SimpleHead.kind of type string")]
    #[case("apiVersion: {a: b}\nkind: [a]", "object into Go struct field SimpleHead.apiVersion of type string")]
    #[case("metadata: {name: [a]}", "array into Go struct field .metadata.name of type string")]
    #[case("metadata: {annotations: x}", "string into Go struct field .metadata.annotations of type map[string]string")]
    #[case("metadata: {annotations: {a: [b]}}", "array into Go struct field .metadata.annotations of type string")]
    #[case(
        "metadata: x",
        "string into Go struct field SimpleHead.metadata of type struct { Name string \"json:\\\"name\\\"\"; \
         Annotations map[string]string \"json:\\\"annotations\\\"\" }"
    )]
    fn what_is_no_object_is_named_as_helm_does(#[case] document: &str, #[case] expected: &str) {
        assert_eq!(Head::read(document), Err(format!("{DECODING}{expected}")));
    }

    #[test]
    fn scalars_become_texts() {
        let head = Head::read("KIND: 5\nmetadata: {name: 1.5, annotations: {a: true, b: 0x10, c: null}}");
        let head = head.unwrap_or_default();
        assert_eq!(head.kind, "5");
        let (name, annotations) = head.into_metadata();
        assert_eq!(name, "1.5");
        let expected = [("a", "true"), ("b", "16"), ("c", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(annotations, expected.into());
    }

    #[test]
    fn comments_alone_are_an_object_without_a_kind() {
        assert_eq!(Head::read("# nothing\n"), Ok(Head::default()));
    }
}
