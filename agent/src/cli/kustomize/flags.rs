//! The flags of `kustomize build`, and two of our own.

use std::{env, path::PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use sluice_kustomize::{Options, Order, Release, Restriction};

/// What makes kustomize add its label without a flag, when it is `on`.
const MANAGED_BY_LABEL: &str = "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL";

/// Flags of `sluice kustomize build`. As in kustomize the last of several counts.
#[derive(Debug, Args)]
#[command(args_override_self = true)]
pub(in crate::cli) struct Build {
    /// The directory of the kustomization.
    #[arg(default_value = ".", value_name = "DIR")]
    pub(super) directory: PathBuf,
    /// The file to write to instead of standard output, or the directory to write one file to for each object.
    #[arg(long, short, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
    /// The directory that no path may leave; without it paths may lead anywhere.
    #[arg(long, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// Where files may be read from.
    #[arg(long, value_enum, default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: LoadRestrictor,
    /// The order of the objects, where the kustomization has no `sortOptions`.
    #[arg(long, value_enum, default_value = "legacy")]
    reorder: Reorder,
    /// The release of kustomize whose results are wanted.
    #[arg(long, value_enum, value_name = "VERSION", default_value = "5.8.1")]
    kustomize_version: Version,
    /// Adds the label `app.kubernetes.io/managed-by` to all objects.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    enable_managedby_label: bool,
    #[command(flatten)]
    programs: Programs,
}

/// Flags about programs that kustomize can start. None is started here: those that allow it are refused, those that
/// only say how are accepted.
#[derive(Debug, Args)]
struct Programs {
    /// Refused: plugins that are programs are not run.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    enable_alpha_plugins: bool,
    /// Refused: functions that are programs are not run.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    enable_exec: bool,
    /// Refused: charts are not rendered from a kustomization.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    enable_helm: bool,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    helm_debug: Option<bool>,
    #[arg(long, hide = true)]
    helm_command: Option<String>,
    #[arg(long, hide = true)]
    helm_api_versions: Vec<String>,
    #[arg(long, hide = true)]
    helm_kube_version: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    as_current_user: Option<bool>,
    #[arg(long, short, hide = true)]
    env: Vec<String>,
    #[arg(long, hide = true)]
    mount: Vec<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    network: Option<bool>,
    #[arg(long, hide = true)]
    network_name: Option<String>,
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    stack_trace: Option<bool>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum LoadRestrictor {
    /// From the kustomization that names them and below.
    LoadRestrictionsRootOnly,
    /// From anywhere.
    LoadRestrictionsNone,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reorder {
    /// By kind: Namespaces first, webhooks last.
    Legacy,
    /// As files and generators come.
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Version {
    /// As Flux builds.
    #[value(name = "5.8.1")]
    V5_8_1,
    /// The one after it.
    #[value(name = "5.8.2")]
    V5_8_2,
}

impl Build {
    /// Refuses what would start a program.
    ///
    /// # Errors
    /// With the reason, and what to do instead.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Programs { enable_alpha_plugins, enable_exec, enable_helm, .. } = self.programs;
        if enable_alpha_plugins || enable_exec {
            bail!(
                "plugins and functions that are programs are not run; hint: plugins with `apiVersion: builtin` need no flag"
            );
        }
        if enable_helm {
            bail!("charts are not rendered from a kustomization; hint: use a HelmRelease, as with Flux");
        }
        Ok(())
    }

    /// Returns how to build.
    pub(super) fn options(&self) -> Options {
        let restriction = match self.load_restrictor {
            LoadRestrictor::LoadRestrictionsRootOnly => Restriction::RootOnly,
            LoadRestrictor::LoadRestrictionsNone => Restriction::Tree,
        };
        let order = match self.reorder {
            Reorder::Legacy => Order::Legacy,
            Reorder::None => Order::AsWritten,
        };
        let release = match self.kustomize_version {
            Version::V5_8_1 => Release::V5_8_1,
            Version::V5_8_2 => Release::V5_8_2,
        };
        let managed_by_label =
            self.enable_managedby_label || env::var(MANAGED_BY_LABEL).is_ok_and(|value| value == "on");
        Options { restriction, order, release, managed_by_label, ..Options::command_line() }
    }
}
