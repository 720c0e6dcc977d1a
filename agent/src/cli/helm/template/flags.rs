//! The flags of `helm template`.

use anyhow::bail;
use clap::Args;

use crate::cli::helm::{
    flags::{Fetching, Global},
    output::Output,
    values::Values,
};

/// Flags of `sluice helm template`. As in Helm the last of several counts.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Template {
    /// The name of the release, which may be left away, and the folder or archive of the chart.
    #[arg(value_name = "[NAME] CHART")]
    pub(super) arguments: Vec<String>,
    #[command(flatten)]
    pub(super) flags: Flags,
    #[command(flatten)]
    pub(super) values: Values,
    #[command(flatten)]
    pub(super) fetching: Fetching,
    #[command(flatten)]
    pub(super) global: Global,
    #[command(flatten)]
    unused: Installing,
}

/// What is rendered and shown.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// API versions that the cluster has besides those that are always there.
    #[arg(long, short, value_name = "VERSIONS")]
    pub(super) api_versions: Vec<String>,
    /// The version of Kubernetes.
    #[arg(long, value_name = "VERSION")]
    pub(super) kube_version: Option<String>,
    /// Prints CRDs too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) include_crds: bool,
    /// Renders as for an upgrade.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) is_upgrade: bool,
    /// Prints no hooks.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) no_hooks: bool,
    /// Prints no tests.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) skip_tests: bool,
    /// Prints only what comes from these templates.
    #[arg(long, short, value_name = "TEMPLATE")]
    pub(super) show_only: Vec<String>,
    /// Writes a file for each template below this folder, instead of printing.
    #[arg(long, value_name = "DIR")]
    pub(super) output_dir: Option<String>,
    /// Puts the name of the release into the paths of --output-dir.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) release_name: bool,
    /// Does not check values against schemas.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) skip_schema_validation: bool,
    /// Renders native templates (`*.j2`) of charts that say they have them.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) native_templates: bool,
    /// A template that gives the name of the release.
    #[arg(long, value_name = "TEMPLATE")]
    pub(super) name_template: Option<String>,
    /// Makes a name where none is given.
    #[arg(long, short, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub(super) generate_name: bool,
    #[command(flatten)]
    refused: Refused,
}

/// Flags that need more than a chart.
#[derive(Debug, Args)]
struct Refused {
    /// Refused: charts are not fetched.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    dependency_update: bool,
    /// `client`; `server` is refused, as no cluster is asked.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "client", default_value = "client")]
    dry_run: String,
    /// Refused, as no cluster is asked.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    validate: bool,
    /// Refused: names of hosts are not looked up.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    enable_dns: bool,
    /// Refused: no other programs are started.
    #[arg(long, value_name = "NAME")]
    post_renderer: Option<String>,
    #[arg(long, hide = true)]
    post_renderer_args: Vec<String>,
}

/// Flags about installs: accepted, as nothing is installed.
#[derive(Debug, Args)]
struct Installing {
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    create_namespace: Option<bool>,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    disable_openapi_validation: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    force_conflicts: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    force_replace: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    hide_notes: Option<bool>,
    #[arg(long, short, hide = true)]
    labels: Vec<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    render_subchart_notes: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    replace: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    rollback_on_failure: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    server_side: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    skip_crds: Option<bool>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    take_ownership: Option<bool>,
    #[arg(long, hide = true)]
    timeout: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "watcher", hide = true)]
    wait: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    wait_for_jobs: Option<bool>,
}

impl Template {
    /// Refuses what needs more than a chart.
    ///
    /// # Errors
    /// With the reason, and what to do instead.
    pub(super) fn check(&self, output: &mut Output) -> anyhow::Result<()> {
        self.fetching.check()?;
        self.flags.refused.check()?;
        if self.unused.render_subchart_notes.is_some() {
            output.say(without_effect("render-subchart-notes"));
        }
        if self.unused.hide_notes.is_some() {
            output.say(without_effect("hide-notes"));
        }
        Ok(())
    }
}

fn without_effect(flag: &str) -> String {
    let reason = "this flag has no effect for 'helm template' and will be removed in Helm 5";
    format!("Flag --{flag} has been deprecated, {reason}")
}

impl Refused {
    fn check(&self) -> anyhow::Result<()> {
        if self.dependency_update {
            bail!("dependencies are not fetched with --dependency-update; hint: put them into charts/ before");
        }
        if self.validate || self.dry_run == "server" {
            bail!("no cluster is asked; hint: `kubectl apply --dry-run=server` takes what is printed without the flag");
        }
        if !matches!(self.dry_run.as_str(), "client" | "none" | "unset" | "true" | "false") {
            let given = sluice_yaml::quote(&self.dry_run);
            bail!("invalid dry-run value ({given}). Must be \"none\", \"server\", or \"client\"");
        }
        if self.enable_dns {
            bail!("names of hosts are not looked up with --enable-dns; hint: give addresses as values");
        }
        if self.post_renderer.is_some() {
            bail!("no program is started with --post-renderer; hint: pipe what is printed through it");
        }
        Ok(())
    }
}
