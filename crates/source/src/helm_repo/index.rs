//! The index of a Helm repository, read as it comes: one version of one chart is in memory at a time.

use std::{fmt, io::Read};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// Bytes of what anchors name, which the parser keeps until the end.
const ANCHORED: usize = 4 << 20;

/// A version of a chart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChartVersion {
    /// Name of the chart.
    pub name: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// The version of what the chart installs.
    pub app_version: Option<String>,
    /// Where the chart is; relative ones are below the repository.
    pub urls: Option<Vec<String>>,
    /// Digest of the chart's archive.
    pub digest: Option<String>,
    /// When it was made.
    pub created: Option<String>,
}

/// What is in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Charts.
    pub charts: usize,
    /// Versions of all charts together.
    pub versions: usize,
}

/// Reads an index to its end, and hands each version to `act` with the name of its chart. Nothing else is kept.
///
/// # Errors
/// When it is no index; the error says where.
pub fn read(index: impl Read, act: impl FnMut(&str, ChartVersion)) -> Result<Summary, String> {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    if let Some(budget) = &mut options.budget {
        // Who downloads an index bounds its bytes. What aliases repeat is bounded here.
        budget.max_reader_input_bytes = None;
        (budget.max_events, budget.max_nodes) = (usize::MAX, usize::MAX);
        (budget.max_total_scalar_bytes, budget.max_total_comment_bytes) = (usize::MAX, usize::MAX);
        budget.max_recorded_anchor_bytes = ANCHORED;
    }
    let mut reading = Reading { act, summary: Summary::default(), version: false };
    let result = serde_saphyr::with_deserializer_from_reader_with_options(index, options, |deserializer| {
        Root(&mut reading).deserialize(deserializer)
    });
    result.map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
    if reading.version { Ok(reading.summary) } else { Err("no API version specified".into()) }
}

struct Reading<F> {
    act: F,
    summary: Summary,
    version: bool,
}

/// `apiVersion`, `entries`, and what else is there.
struct Root<'a, F>(&'a mut Reading<F>);

/// Chart names with their versions.
struct Entries<'a, F>(&'a mut Reading<F>);

/// The versions of one chart.
struct Versions<'a, F>(&'a mut Reading<F>, &'a str);

impl<'de, F: FnMut(&str, ChartVersion)> DeserializeSeed<'de> for Root<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, ChartVersion)> Visitor<'de> for Root<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an index of charts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "apiVersion" => {
                    self.0.version = map.next_value::<Option<String>>()?.is_some_and(|text| !text.is_empty())
                }
                "entries" => map.next_value_seed(Entries(self.0))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de, F: FnMut(&str, ChartVersion)> DeserializeSeed<'de> for Entries<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&str, ChartVersion)> Visitor<'de> for Entries<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("charts by name")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.0.summary.charts += 1;
            map.next_value_seed(Versions(self.0, &name))?;
        }
        Ok(())
    }
}

impl<'de, F: FnMut(&str, ChartVersion)> DeserializeSeed<'de> for Versions<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(&str, ChartVersion)> Visitor<'de> for Versions<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the versions of the chart `{}`", self.1)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.is_empty() { Ok(()) } else { Err(E::custom(format!("`{text}` is no list of versions"))) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(version) = list.next_element::<Option<ChartVersion>>()? {
            let Some(version) = version else { continue };
            self.0.summary.versions = self.0.summary.versions.checked_add(1).ok_or(A::Error::custom("too many"))?;
            (self.0.act)(self.1, version);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn found(text: &str) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        read(text.as_bytes(), |chart, version| {
            found.push(format!(
                "{chart} {} {:?}",
                version.version.unwrap_or_default(),
                version.urls.unwrap_or_default()
            ));
        })?;
        Ok(found)
    }

    const YAML: &str = "apiVersion: v1\ngenerated: 2020-01-01T00:00:00Z\nentries:\n  b:\n  - version: 1.10\n    urls: [b.tgz]\n    maintainers:\n    - name: x\n  a:\n  - null\n  - {version: \"2\"}\n  none:\n";
    const JSON: &str = r#"{"entries": {"a": [{"version": "1.0.0", "urls": ["https://x/a.tgz"], "deep": {"urls": [1]}}]}, "apiVersion": "v1"}"#;

    #[rstest]
    #[case::yaml(YAML, &["b 1.10 [\"b.tgz\"]", "a 2 []"])]
    #[case::json(JSON, &["a 1.0.0 [\"https://x/a.tgz\"]"])]
    #[case::empty("apiVersion: v1\nentries: {}\n", &[])]
    #[case::null("apiVersion: v1\nentries:\n", &[])]
    fn each_version_is_handed_over(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(found(text).unwrap(), expected);
    }

    #[rstest]
    #[case::page("<html>sign in</html>", "")]
    #[case::no_version("entries: {}\n", "no API version specified")]
    #[case::list("- a\n", "")]
    #[case::no_list("apiVersion: v1\nentries:\n  a: b\n", "`b` is no list of versions")]
    #[case::cut("apiVersion: v1\nentries:\n  a:\n  - version: \"1.0", "line 4")]
    #[case::twice("apiVersion: v1\nentries: {}\nentries: {}\n", "duplicate")]
    fn what_is_no_index_is_refused(#[case] text: &str, #[case] problem: &str) {
        let error = found(text).unwrap_err();
        assert!(error.contains(problem) && !error.is_empty(), "{error}");
    }
}
