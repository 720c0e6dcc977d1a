//! Templates to texts.

use std::sync::Arc;

use sluice_template::{Data, Failure, Job, Limits, Map, Str, World};

use super::{Cache, Files, native, scope};
use crate::Chart;

/// How templates are executed.
#[derive(Debug, Clone, Default)]
pub struct Execution {
    /// How they are read, what they can call, and those that are compiled already.
    pub cache: Arc<Cache>,
    /// Whether they are only looked at: what they require may be missing.
    pub lint: bool,
    /// How much they may do.
    pub limits: Limits,
    /// Whether charts may have native templates.
    pub native: bool,
}

/// Executes the templates of a chart and of those below it, with the values at the top.
pub(crate) fn execute(
    chart: &Chart,
    top: &Map,
    execution: &Execution,
    world: Box<dyn World + Send>,
) -> Result<Files, Failure> {
    let (natives, templates) = scope::templates(chart, top).into_iter().partition::<Vec<_>, _>(|one| one.native);
    let natives = match execution.native {
        true => native::render(&natives, &execution.limits)?,
        false => native::refuse(&natives).map(|()| Files::new())?,
    };
    let compiled = execution.cache.compile(&templates)?;
    let text = |text: &str| Str::from(text);
    let data = templates.into_iter().map(|template| {
        let data = Data { values: template.scope, base_path: text(&template.base) };
        (text(&template.path), data)
    });
    let job = Job { data: data.collect(), lint: execution.lint, limits: execution.limits };
    let rendered = compiled.render(job, world)?;
    let rendered = rendered.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec()));
    Ok(rendered.chain(natives).collect())
}
