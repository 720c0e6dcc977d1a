//! kustomize as a function: a directory of a tree in, Kubernetes objects out.
//!
//! tree → [`build`] → [`Built`] (objects with their origin) · [`flux::prepare`] puts a Flux Kustomization's fields in ·
//! [`three_way`] makes the patches of Helm's client-side apply
//!
//! The results equal those of kustomize 5.8.1, the version Flux pins, byte for byte where they are printed; those of
//! 5.8.2 on request ([`Release`]). Nothing is read but the tree; what else a build needs is
//! named in [`Error::Needs`], and comes with [`Options::remotes`] when it is tried again. What isn't offered is refused,
//! never left out. Begin reading with `build.rs`, then `steps.rs` for the order of the transformers.

mod build;
mod config;
mod decode;
mod error;
mod fields;
mod files;
pub mod flux;
mod generate;
mod go;
mod id;
mod kustomization;
mod loader;
mod manifest;
mod metadata;
mod output;
mod patch;
mod plugin;
pub mod post_render;
mod remote;
mod resource;
mod resources;
mod schema;
mod selector;
mod sort;
mod steps;
mod substitute;
mod target;
mod transform;
mod validators;

use sluice_object::TreePath;

pub use error::{Error, Need, Place};
pub use files::{Files, Found};
pub use output::{Built, Manifest};
pub use patch::three_way::{Change, ClientPatch, OtherKinds, ThreeWayError, three_way};
pub use remote::{Checkout, Parts, Remote, Remotes, Repository, is_url};
pub use substitute::{Variables, template};

/// How a directory is built.
#[derive(Debug, Clone)]
pub struct Options {
    /// The order of the output, where the kustomization has no `sortOptions`.
    pub order: Order,
    /// Where files may be read from.
    pub restriction: Restriction,
    /// Whether unknown fields in the root's kustomization file are refused; below the root they always are.
    pub strict_root: bool,
    /// What has been fetched.
    pub remotes: Remotes,
    /// The release of kustomize whose results are wanted.
    pub release: Release,
    /// Whether all objects get the label that `buildMetadata: [managedByLabel]` asks for.
    pub managed_by_label: bool,
    /// How much a build may use.
    pub limits: Limits,
}

/// A release of kustomize. The fields that only the later one knows are accepted for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Release {
    /// The release that Flux pins.
    #[default]
    V5_8_1,
    /// The one after it, with other results in a few places.
    V5_8_2,
}

impl Release {
    /// Returns the version as `buildMetadata: [managedByLabel]` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V5_8_1 => "v5.8.1",
            Self::V5_8_2 => "v5.8.2",
        }
    }
}

/// The order of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As the files and generators come.
    #[default]
    AsWritten,
    /// By kind, as the `kustomize` command does.
    Legacy,
}

/// Where files may be read from. Bases may be anywhere in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restriction {
    /// Anywhere in the tree.
    #[default]
    Tree,
    /// In or below the directory of the kustomization that names them.
    RootOnly,
}

/// How much a build may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Kustomizations inside each other.
    pub depth: usize,
    /// Kustomizations read; one that is named twice counts twice.
    pub kustomizations: usize,
    /// Objects.
    pub resources: usize,
    /// Bytes read, files that are read twice counted twice.
    pub bytes: u64,
    /// Size and depth of a YAML file, aliases expanded.
    pub yaml: sluice_yaml::Limits,
}

impl Default for Limits {
    /// A hundred times what large repositories use, a tenth of what would hurt.
    fn default() -> Self {
        Self {
            depth: 64,
            kustomizations: 10_000,
            resources: 100_000,
            bytes: 512 << 20,
            yaml: sluice_yaml::Limits::default(),
        }
    }
}

impl Options {
    /// As Flux's kustomize-controller builds.
    pub fn flux() -> Self {
        Self {
            order: Order::AsWritten,
            restriction: Restriction::Tree,
            strict_root: false,
            remotes: Remotes::default(),
            release: Release::default(),
            managed_by_label: false,
            limits: Limits::default(),
        }
    }

    /// As the `kustomize build` command builds.
    pub fn command_line() -> Self {
        Self { order: Order::Legacy, restriction: Restriction::RootOnly, strict_root: true, ..Self::flux() }
    }
}

/// Builds the kustomization in a directory of a tree, or of other files.
///
/// ```
/// use sluice_kustomize::{Options, build};
/// use sluice_object::{Tree, TreePath};
///
/// let tree = Tree::in_memory([
///     ("kustomization.yaml", "resources: [a.yaml]\nnamePrefix: my-\n"),
///     ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"),
/// ]);
/// let built = build(&tree, &TreePath::root(), &Options::flux())?;
/// assert_eq!(built.to_yaml(), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: my-a\n");
/// # Ok::<(), sluice_kustomize::Error>(())
/// ```
///
/// # Errors
/// Where kustomize fails, and [`Error::Needs`] when something remote must be fetched first, [`Error::Unsupported`] for
/// what isn't offered, [`Error::Limit`] for too much of anything.
pub fn build(files: &dyn Files, path: &TreePath, options: &Options) -> Result<Built, Error> {
    build::run(files, path, options)
}
