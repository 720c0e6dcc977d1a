//! Templates to texts.

use std::sync::Arc;

use sluice_template::{Compiled, Data, Failure, Job, Language, Limits, Map, Source, Str, World};

use super::{Files, scope};
use crate::Chart;

/// How templates are executed.
#[derive(Debug, Clone, Default)]
pub struct Execution {
    /// How they are read, and what they can call.
    pub language: Language,
    /// Whether they are only looked at: what they require may be missing.
    pub lint: bool,
    /// How much they may do.
    pub limits: Limits,
}

/// Executes the templates of a chart and of those below it, with the values at the top.
pub(crate) fn execute(
    chart: &Chart,
    top: &Map,
    execution: &Execution,
    world: Box<dyn World + Send>,
) -> Result<Files, Failure> {
    let templates = scope::templates(chart, top);
    let text = |text: &str| Str::from(text);
    let sources: Vec<_> = templates
        .iter()
        .map(|template| Source { name: text(&template.path), text: Str::from(&template.file.data[..]) })
        .collect();
    let data = templates.into_iter().map(|template| {
        let data = Data { values: template.scope, base_path: text(&template.base) };
        (text(&template.path), data)
    });
    let job = Job { data: data.collect(), lint: execution.lint, limits: execution.limits };
    let compiled = Arc::new(Compiled::new(&sources, execution.language.clone())?);
    let rendered = compiled.render(job, world)?;
    Ok(rendered.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect())
}
