//! Feature gates: every name that a Flux controller knows is accepted, with Flux's default.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// Declares the gates once: variant, which is also the name, and default.
macro_rules! gates {
    ($($name:ident = $default:literal,)*) => {
        /// A feature gate of one of Flux's controllers, by its upstream name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Gate { $(
            #[doc = concat!("`", stringify!($name), "`, `", stringify!($default), "` unless set.")]
            $name,
        )* }

        impl Gate {
            /// All gates, by name.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns what holds when the gate is not set.
            pub fn default_state(self) -> bool {
                match self { $(Self::$name => $default,)* }
            }
        }
    };
}

gates! {
    AdditiveCELDependencyCheck = false,
    AdoptLegacyReleases = false,
    AllowDNSLookups = false,
    CacheSecretsAndConfigMaps = false,
    CancelHealthCheckOnNewRevision = false,
    CorrectDrift = false,
    DefaultToRetryOnFailure = false,
    DetectDrift = false,
    DirectSourceFetch = false,
    DisableChartDigestTracking = false,
    DisableConfigWatchers = false,
    DisableFailFastBehavior = false,
    DisableStatusPollerCache = true,
    ExternalArtifact = false,
    FluxStorage = false,
    GitAllBranchReferences = true,
    GitForcePushBranch = true,
    GitShallowClone = true,
    GitSparseCheckout = false,
    GroupChangeLog = false,
    MigrateAPIVersion = false,
    OOMWatch = false,
    ObjectLevelWorkloadIdentity = false,
    StrictPostBuildSubstitutions = true,
    UseHelm3Defaults = false,
}

/// The gates as set on the command line: `Name=true,Other=false`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeatureGates(BTreeMap<Gate, bool>);

impl FeatureGates {
    /// Says whether a gate is on.
    pub fn enabled(&self, gate: Gate) -> bool {
        self.0.get(&gate).copied().unwrap_or(gate.default_state())
    }

    /// Joins what several flags set; the last one counts.
    pub fn merge<'a>(flags: impl IntoIterator<Item = &'a Self>) -> Self {
        Self(flags.into_iter().flat_map(|gates| gates.0.clone()).collect())
    }
}

/// A text that sets no known gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidGates {
    /// Not `Name=true` or `Name=false`.
    Form(String),
    /// No controller knows the name.
    Unknown(String),
}

impl fmt::Display for InvalidGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(f, "`{text}` is neither `Name=true` nor `Name=false`"),
            Self::Unknown(name) => {
                let known: Vec<_> = Gate::ALL.iter().map(|gate| gate.name()).collect();
                write!(f, "`{name}` is no feature gate; known are {}", known.join(", "))
            }
        }
    }
}

impl std::error::Error for InvalidGates {}

impl FromStr for FeatureGates {
    type Err = InvalidGates;

    fn from_str(text: &str) -> Result<Self, InvalidGates> {
        let settings = text.split(',').map(str::trim).filter(|setting| !setting.is_empty());
        settings.map(read_gate).collect::<Result<_, _>>().map(Self)
    }
}

fn read_gate(setting: &str) -> Result<(Gate, bool), InvalidGates> {
    let form = || InvalidGates::Form(setting.to_owned());
    let (name, state) = setting.split_once('=').ok_or_else(form)?;
    let gate = Gate::ALL.iter().find(|gate| gate.name() == name);
    let gate = gate.ok_or_else(|| InvalidGates::Unknown(name.to_owned()))?;
    Ok((*gate, state.parse().map_err(|_| form())?))
}

impl fmt::Display for FeatureGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self.0.iter().map(|(gate, state)| format!("{}={state}", gate.name())).collect();
        f.write_str(&settings.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::{FeatureGates, Gate};

    #[test]
    fn unset_gates_have_fluxs_defaults() {
        let gates = FeatureGates::default();
        assert!(gates.enabled(Gate::StrictPostBuildSubstitutions));
        assert!(!gates.enabled(Gate::ExternalArtifact));
    }

    #[test]
    fn gates_are_set_by_name() {
        let gates: FeatureGates = "StrictPostBuildSubstitutions=false, ExternalArtifact=true".parse().unwrap();
        assert!(!gates.enabled(Gate::StrictPostBuildSubstitutions));
        assert!(gates.enabled(Gate::ExternalArtifact));
    }

    #[test]
    fn the_last_flag_counts() {
        let flags = ["OOMWatch=true,ExternalArtifact=true", "OOMWatch=false"].map(|flag| flag.parse().unwrap());
        let gates = FeatureGates::merge(&flags);
        assert!(!gates.enabled(Gate::OOMWatch) && gates.enabled(Gate::ExternalArtifact));
    }

    #[test]
    fn an_unknown_gate_is_answered_with_the_list() {
        let error = "Typo=true".parse::<FeatureGates>().unwrap_err().to_string();
        assert!(error.starts_with("`Typo` is no feature gate; known are AdditiveCELDependencyCheck, "), "{error}");
        assert!(error.ends_with(", UseHelm3Defaults"), "{error}");
    }

    #[test]
    fn a_gate_needs_a_state() {
        let error = "ExternalArtifact".parse::<FeatureGates>().unwrap_err().to_string();
        assert_eq!(error, "`ExternalArtifact` is neither `Name=true` nor `Name=false`");
    }
}
