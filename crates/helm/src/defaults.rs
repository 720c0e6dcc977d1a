//! Default values of a chart, put together from files of values and written in the place of its own.

use std::sync::Arc;

use sluice_template::{Map, Value};
use sluice_yaml::{EmitOptions, emit_v2};

use crate::{
    chart::{Chart, Content, DecodeError, File, unfit, yaml_to_json},
    values::{merged, to_json},
};

const VALUES: &str = "values.yaml";

/// Why default values cannot be replaced; the texts are source-controller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefaultsError {
    /// A file of values is not there.
    #[error("no values file found at path '{0}'")]
    Missing(String),
    /// A file holds no values.
    #[error("unmarshaling values from '{path}' failed: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: DecodeError,
    },
    /// The chart has none that could be replaced.
    #[error("failed to locate values file: values.yaml")]
    NoValues,
}

/// A file of values that is named, and its contents if it is there.
#[derive(Debug, Clone)]
pub enum ValuesFile {
    /// The default values of the chart.
    Own,
    /// A file.
    Read(bytes::Bytes),
    /// None.
    Missing,
}

/// Returns the merged values of files, later ones over earlier ones, and the names of those that are there.
///
/// # Errors
/// When a file is missing and that is not to be ignored, or is no mapping.
pub fn merge(
    chart: &Chart,
    files: Vec<(String, ValuesFile)>,
    ignore_missing: bool,
) -> Result<(Map, Vec<String>), DefaultsError> {
    let (mut values, mut used) = (Map::default(), Vec::new());
    for (path, file) in files {
        let more = match file {
            ValuesFile::Own => chart.default_values(),
            ValuesFile::Read(bytes) => read(&path, &bytes)?,
            ValuesFile::Missing if ignore_missing => continue,
            ValuesFile::Missing => return Err(DefaultsError::Missing(path)),
        };
        values = merged(&values, &more);
        used.push(path);
    }
    Ok((values, used))
}

/// Reads the first document of a file, as source-controller does.
fn read(path: &str, bytes: &[u8]) -> Result<Map, DefaultsError> {
    let failed = |cause| DefaultsError::Unreadable { path: path.to_owned(), cause };
    let json = yaml_to_json(bytes).map_err(failed)?;
    match Value::from_json(&json) {
        Value::Nil => Ok(Map::default()),
        Value::Map(map) => Ok(map),
        _ => Err(failed(unfit(&json, "map[string]interface {}"))),
    }
}

/// Puts other default values into a chart; says whether they are other ones.
///
/// # Errors
/// When the chart has no `values.yaml`.
pub fn replace(chart: &mut Chart, values: &Map) -> Result<bool, DefaultsError> {
    let text = match values.entries().is_empty() {
        true => String::new(),
        false => emit_v2(&to_json(&Value::Map(values.clone())), &EmitOptions::UNFOLDED),
    };
    let own = chart.content.raw.iter().find(|file| file.name == VALUES).ok_or(DefaultsError::NoValues)?;
    if own.data == text.as_bytes() {
        return Ok(false);
    }
    let Content { templates, files, schema, raw } = (*chart.content).clone();
    let replaced = |file: File| if file.name == VALUES { File::new(VALUES, text.clone()) } else { file };
    let raw = raw.into_iter().map(replaced).collect();
    chart.content = Arc::new(Content { templates, files, schema, raw });
    chart.values = Some(values.clone());
    Ok(true)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{Limits, load_files};

    fn chart(values: Option<&str>) -> Chart {
        let mut files = vec![File::new("Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n")];
        files.extend(values.map(|text| File::new(VALUES, text.to_owned())));
        load_files(files, &Limits::default()).unwrap().chart
    }

    fn file(path: &str, text: Option<&str>) -> (String, ValuesFile) {
        let file = text.map_or(ValuesFile::Missing, |text| ValuesFile::Read(text.to_owned().into()));
        (path.to_owned(), file)
    }

    fn written(chart: &Chart) -> String {
        let raw = chart.content.raw.iter().find(|file| file.name == VALUES).unwrap();
        String::from_utf8(raw.data.to_vec()).unwrap()
    }

    #[test]
    fn later_files_go_over_earlier_ones() {
        let mut chart = chart(Some("a: {x: 1, z: 2}\nb: [1]\n"));
        let files = vec![
            ("values.yaml".to_owned(), ValuesFile::Own),
            file("prod.yaml", Some("a: {x: 5}\nb: [2, 3]\n---\na: {x: 9}\n")),
            file("none.yaml", None),
        ];
        let (values, used) = merge(&chart, files, true).unwrap();
        assert_eq!(used, ["values.yaml", "prod.yaml"]);
        assert_eq!(replace(&mut chart, &values), Ok(true));
        assert_eq!(written(&chart), "a:\n  x: 5\n  z: 2\nb:\n- 2\n- 3\n");
        assert_eq!(replace(&mut chart, &values), Ok(false));
    }

    #[rstest]
    #[case::missing(None, "no values file found at path 'prod.yaml'")]
    #[case::list(Some("- a\n"), "unmarshaling values from 'prod.yaml' failed: error unmarshaling JSON")]
    #[case::broken(Some("a: [\n"), "unmarshaling values from 'prod.yaml' failed: error converting YAML to JSON")]
    fn a_file_that_holds_no_values_is_named(#[case] text: Option<&str>, #[case] message: &str) {
        let error = merge(&chart(Some("")), vec![file("prod.yaml", text)], false).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }

    #[test]
    fn a_chart_without_values_keeps_none() {
        assert_eq!(replace(&mut chart(None), &Map::default()), Err(DefaultsError::NoValues));
    }

    #[test]
    fn empty_values_are_an_empty_file() {
        let mut chart = chart(Some("a: 1\n"));
        assert_eq!(replace(&mut chart, &Map::default()), Ok(true));
        assert_eq!(written(&chart), "");
    }
}
