//! The programs that the tests run: found in a cache, or built from the Go modules, or installed from the npm packages,
//! in `tools/`.

pub mod npm;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use sha2::{Digest as _, Sha256};

/// A program that is built from one of the Go modules in `tools/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// The store behind the API server.
    Etcd,
    /// The Kubernetes API server.
    KubeApiserver,
    /// The Kubernetes controllers: Deployments, Jobs, ServiceAccounts, garbage collection.
    KubeControllerManager,
    /// The Kubernetes scheduler.
    KubeScheduler,
    /// The Kubernetes command line.
    Kubectl,
    /// The player of nodes and pods.
    Kwok,
    /// The registry of OCI artifacts.
    Crane,
    /// Helm, to compare with.
    Helm,
    /// Helm as many people still have it, to read what we write.
    Helm3,
    /// Kustomize, to compare with.
    Kustomize,
    /// What kustomize's libraries make of URLs, to compare with.
    KustomizeOracle,
    /// What Go's YAML libraries make of text, to compare with.
    YamlOracle,
    /// What Flux's libraries make of objects, to compare with.
    FluxOracle,
    /// What Helm's libraries make of templates and charts, to compare with.
    HelmOracle,
}

/// What keeps a tool from being there.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The Go toolchain is not on the path.
    #[error(
        "build {tool}: no `go` on the path; hint: install Go 1.26 or newer, \
         or set KUBECONFIG to a cluster that the tests may use"
    )]
    NoGo {
        /// The tool that was to be built.
        tool: &'static str,
    },
    /// npm is not on the path.
    #[error("install {tool}: no `npm` on the path; hint: install Node.js 20 or newer, which brings npm")]
    NoNpm {
        /// The tool that was to be installed.
        tool: &'static str,
    },
    /// The build ran and failed.
    #[error("build {tool} in `{module}`: {stderr}")]
    Build {
        /// The tool that was to be built.
        tool: &'static str,
        /// The folder of its module.
        module: PathBuf,
        /// The end of what was said.
        stderr: String,
    },
    /// A file of the cache or of a module cannot be used.
    #[error("use `{path}`; hint: SLUICE_CACHE names another folder for built tools")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Neither `SLUICE_CACHE` nor `HOME` says where to keep built tools.
    #[error("find a folder for built tools; hint: set SLUICE_CACHE or HOME")]
    NoCache,
    /// The build was cut short by the end of the runtime.
    #[error("wait for the build of the tools")]
    Cancelled(#[from] tokio::task::JoinError),
}

const KUBERNETES_LDFLAGS: &str = "-s -w \
     -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 \
     -X k8s.io/component-base/version.gitMinor=36 \
     -X k8s.io/component-base/version.gitTreeState=clean";

const HELM_LDFLAGS: &str = "-s -w -X helm.sh/helm/v4/internal/version.version=v4.2.4";

const HELM3_LDFLAGS: &str = "-s -w -X helm.sh/helm/v3/internal/version.version=v3.22.0";

/// How a tool is built.
struct Recipe {
    name: &'static str,
    module: &'static str,
    package: &'static str,
    ldflags: &'static str,
}

impl Tool {
    /// Returns the name of the program, as its users know it.
    pub fn name(self) -> &'static str {
        self.recipe().name
    }

    fn recipe(self) -> Recipe {
        let kubernetes = |name, package| Recipe { name, module: "kubernetes", package, ldflags: KUBERNETES_LDFLAGS };
        let helm = |name, package| Recipe { name, module: "oracles/helm", package, ldflags: HELM_LDFLAGS };
        let own = |name, module| Recipe { name, module, package: ".", ldflags: "-s -w" };
        match self {
            Self::KubeApiserver => kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            Self::KubeControllerManager => {
                kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager")
            }
            Self::KubeScheduler => kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
            Self::Kubectl => kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
            Self::Etcd => {
                Recipe { name: "etcd", module: "etcd", package: "go.etcd.io/etcd/server/v3", ldflags: "-s -w" }
            }
            Self::Kwok => {
                Recipe { name: "kwok", module: "kwok", package: "sigs.k8s.io/kwok/cmd/kwok", ldflags: "-s -w" }
            }
            Self::Crane => Recipe {
                name: "crane",
                module: "crane",
                package: "github.com/google/go-containerregistry/cmd/crane",
                ldflags: "-s -w",
            },
            Self::Helm => helm("helm", "helm.sh/helm/v4/cmd/helm"),
            Self::Helm3 => {
                Recipe { name: "helm3", module: "helm3", package: "helm.sh/helm/v3/cmd/helm", ldflags: HELM3_LDFLAGS }
            }
            Self::HelmOracle => helm("helm-oracle", "."),
            Self::Kustomize => Recipe {
                name: "kustomize",
                module: "oracles/kustomize",
                package: "sigs.k8s.io/kustomize/kustomize/v5",
                ldflags: "-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v5.8.1",
            },
            Self::KustomizeOracle => own("kustomize-oracle", "oracles/kustomize"),
            Self::YamlOracle => own("yaml-oracle", "oracles/yaml"),
            Self::FluxOracle => own("flux-oracle", "oracles/flux"),
        }
    }
}

/// Returns the path of a tool's program, building it first when the cache lacks it.
///
/// The first build of the Kubernetes programs takes minutes; a line on standard error says how
/// long each took. Builds run one at a time, whichever process asks.
///
/// # Errors
/// When Go is missing, a build fails, or the cache cannot be written.
pub async fn path(tool: Tool) -> Result<PathBuf, ToolError> {
    tokio::task::spawn_blocking(move || path_blocking(tool)).await?
}

/// Does the same as [`path`] for callers outside of a runtime.
///
/// # Errors
/// As [`path`].
pub fn path_blocking(tool: Tool) -> Result<PathBuf, ToolError> {
    let recipe = tool.recipe();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(recipe.module);
    let root = cache_root()?;
    let folder = root.join(format!("{}-{}", recipe.name, fingerprint(&recipe, &module)?));
    let program = folder.join(recipe.name);
    if program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let _lock = lock(&root)?;
    if !program.exists() {
        build(&recipe, &module, &program)?;
    }
    Ok(program)
}

fn cache_root() -> Result<PathBuf, ToolError> {
    if let Some(root) = std::env::var_os("SLUICE_CACHE") {
        return Ok(PathBuf::from(root).join("tools"));
    }
    let home = std::env::var_os("HOME").ok_or(ToolError::NoCache)?;
    Ok(PathBuf::from(home).join(".cache/sluice/tools"))
}

/// Names a build by all that goes into it.
fn fingerprint(recipe: &Recipe, module: &Path) -> Result<String, ToolError> {
    let mut hash = Sha256::new();
    for path in sources(module).map_err(at(module))? {
        hash.update(fs::read(&path).map_err(at(&path))?);
    }
    hash.update(arguments(recipe, Path::new(recipe.name)).join("\0"));
    Ok(hex(&hash.finalize()[..6]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: writing to a String cannot fail");
        text
    })
}

/// Returns what a module says of its dependencies, and its own code where it has some.
fn sources(module: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(module)?.collect::<io::Result<Vec<_>>>()?;
    let mut code: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(|path| is_go(path)).collect();
    code.sort();
    Ok(["go.mod", "go.sum"].map(|file| module.join(file)).into_iter().chain(code).collect())
}

fn is_go(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "go")
}

fn arguments(recipe: &Recipe, output: &Path) -> Vec<String> {
    let output = output.display().to_string();
    ["build", "-trimpath", "-buildvcs=false", "-ldflags", recipe.ldflags, "-o", &output, recipe.package]
        .map(String::from)
        .to_vec()
}

/// Waits for other builds, which might make the same tool, or compile the same packages for
/// another; the lock ends with the returned file.
fn lock(folder: &Path) -> Result<File, ToolError> {
    let path = folder.join(".lock");
    let file = File::create(&path).map_err(at(&path))?;
    file.lock().map_err(at(&path))?;
    Ok(file)
}

/// Builds beside the final place and renames, so that no one ever sees half a program.
fn build(recipe: &Recipe, module: &Path, program: &Path) -> Result<(), ToolError> {
    eprint!("building {} once for all later runs … ", recipe.name);
    let started = Instant::now();
    let partial = program.with_extension("partial");
    let output = Command::new("go")
        .args(arguments(recipe, &partial))
        .current_dir(module)
        .env("CGO_ENABLED", "0")
        .output()
        .map_err(|source| no_go(recipe, module, source))?;
    check(recipe.name, module, &output)?;
    fs::rename(&partial, program).map_err(at(program))?;
    eprintln!("{:.0?}", started.elapsed());
    Ok(())
}

fn no_go(recipe: &Recipe, module: &Path, source: io::Error) -> ToolError {
    if source.kind() == io::ErrorKind::NotFound {
        return ToolError::NoGo { tool: recipe.name };
    }
    ToolError::File { path: module.to_owned(), source }
}

fn check(tool: &'static str, module: &Path, output: &Output) -> Result<(), ToolError> {
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let tail = stderr.lines().rev().take(20).collect::<Vec<_>>();
    Err(ToolError::Build {
        tool,
        module: module.to_owned(),
        stderr: tail.into_iter().rev().collect::<Vec<_>>().join("\n"),
    })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ToolError + '_ {
    move |source| ToolError::File { path: path.to_owned(), source }
}
