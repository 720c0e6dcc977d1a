//! `sluice helm template`

mod flags;
mod name;
mod shown;
mod written;

use std::{path::Path, sync::Arc};

use anyhow::{anyhow, bail};
use sluice_helm::{
    Chart, Event, Hook, Notice, Refusal, Rendered, check_installable, dependencies,
    render::{Cache, Execution, Options, render},
    top::{Release, Schemas},
};
use sluice_template::{Functions, Language, Map};

use super::{
    chart::{load, locate},
    flags::capabilities,
    output::Output,
    world::Offline,
};
pub(super) use flags::Template;

impl Template {
    /// Renders a chart, and prints or writes what came out.
    ///
    /// # Errors
    /// In Helm's words.
    pub(super) fn run(&self, output: &mut Output) -> anyhow::Result<()> {
        self.check(output)?;
        let capabilities = capabilities(self.flags.kube_version.as_deref(), &self.flags.api_versions)?;
        let (name, chart) = self.name_and_chart()?;
        let path = locate(&chart)?;
        let values = self.values.read()?;
        let chart = load(&path, output)?;
        check(&chart, output)?;
        name::check(&name, output)?;
        let release =
            Release { name, namespace: self.global.namespace(), revision: 1, is_upgrade: self.flags.is_upgrade };
        let documents = Default::default();
        let options = Options {
            release: &release,
            capabilities: &capabilities,
            schemas: if self.flags.skip_schema_validation { Schemas::Skipped } else { Schemas::Checked(&documents) },
            sub_notes: false,
            execution: &Execution { native: self.flags.native_templates, ..execution(false) },
            post_render: None,
        };
        match rendered(&chart, &values, &options, output) {
            Ok(rendered) => self.deliver(&release, &rendered, output),
            Err(refusal) => self.refuse(&refusal, output),
        }
    }

    fn refuse(&self, refusal: &Refusal, output: &mut Output) -> anyhow::Result<()> {
        if let Refusal::Dependencies(mismatch) = refusal {
            output.log_error("chart dependencies processing failed", &mismatch.to_string());
        }
        match refusal.is_late() {
            true if self.global.debug => {
                output.line(refusal.partial().trim());
                bail!("{refusal}")
            }
            true => bail!("{refusal}\n\nUse --debug flag to render out invalid YAML"),
            false => bail!("{refusal}"),
        }
    }

    fn deliver(&self, release: &Release, rendered: &Rendered, output: &mut Output) -> anyhow::Result<()> {
        let hooks = self.hooks(rendered);
        if let Some(directory) = &self.flags.output_dir {
            let name = self.flags.release_name.then_some(release.name.as_str());
            let crds = self.flags.include_crds;
            return written::write(Path::new(directory), name, rendered, &hooks, crds, output);
        }
        let manifest = match self.flags.include_crds {
            true => rendered.manifest_with_crds(),
            false => rendered.manifest(),
        };
        let mut text = format!("{}\n", manifest.trim());
        for hook in hooks {
            text.push_str(&format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest));
        }
        match self.flags.show_only.is_empty() {
            true => output.print(&text),
            false => shown::choose(&text, &self.flags.show_only, output)?,
        }
        Ok(())
    }

    fn hooks<'a>(&self, rendered: &'a Rendered) -> Vec<&'a Hook> {
        let wanted = |hook: &&Hook| !(self.flags.skip_tests && hook.events.contains(&Event::Test));
        let hooks = rendered.hooks.iter().filter(wanted);
        if self.flags.no_hooks { Vec::new() } else { hooks.collect() }
    }

    /// Takes the arguments apart: a name may be left away, or be made.
    fn name_and_chart(&self) -> anyhow::Result<(String, String)> {
        let named = match (&self.flags.name_template, self.flags.generate_name) {
            (_, true) => Some("generate-name"),
            (Some(_), _) => Some("name-template"),
            _ => None,
        };
        match (self.arguments.as_slice(), named) {
            ([], _) => {
                bail!("\"helm template\" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]")
            }
            ([chart], _) => Ok((self.made_name()?, chart.clone())),
            ([_, _], Some(flag)) => bail!("cannot set --{flag} and also specify a name"),
            ([name, chart], None) => Ok((name.clone(), chart.clone())),
            ([_, _, rest @ ..], _) => {
                bail!("expected at most two arguments, unexpected arguments: {}", rest.join(", "))
            }
        }
    }

    /// Helm has a name already when it looks at --generate-name, which then makes none.
    fn made_name(&self) -> anyhow::Result<String> {
        match &self.flags.name_template {
            Some(template) => name::of_template(template),
            None => Ok("release-name".to_owned()),
        }
    }
}

/// Checks what Helm checks before it renders.
fn check(chart: &Chart, output: &mut Output) -> anyhow::Result<()> {
    check_installable(chart)?;
    if chart.metadata.deprecated {
        output.log(&[Notice::warn("this chart is deprecated", Vec::new())]);
    }
    dependencies::check(chart).map_err(|missing| {
        const HINT: &str = "You may need to run 'helm dependency build' to fetch missing dependencies";
        anyhow!("an error occurred while checking for chart dependencies. {HINT}: {missing}")
    })
}

/// Returns how templates are executed on the command line.
pub(super) fn execution(lint: bool) -> Execution {
    Execution { cache: Arc::new(Cache::new(language())), lint, ..Execution::default() }
}

fn language() -> Language {
    Language { functions: Functions::helm().with_templates(), ..Language::default() }
}

/// Renders, and logs what was noticed.
fn rendered(chart: &Chart, values: &Map, options: &Options<'_>, output: &mut Output) -> Result<Rendered, Refusal> {
    let mut notices = Vec::new();
    let rendered = render(chart, values, options, Box::new(Offline::new()), &mut notices);
    output.log(&notices);
    rendered
}
