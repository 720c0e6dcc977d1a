/// What is known of a kind without its types.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KindInfo {
    /// Group of the API.
    pub group: &'static str,
    /// The one version that is served.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Name in paths: lower case, plural.
    pub plural: &'static str,
    /// Whether its status holds conditions.
    pub has_conditions: bool,
    /// Whether a controller of Sluice serves it. Objects of the others are accepted, and nothing happens to them.
    pub served: bool,
}

/// Returns all kinds, in the order of [`crds`](crate::crds()).
pub fn kinds() -> &'static [KindInfo] {
    &KINDS
}

const SOURCE: &str = "source.toolkit.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const CONTROLPLANE: &str = "fluxcd.controlplane.io";

const KINDS: [KindInfo; 19] = [
    served(info(SOURCE, "v1", "GitRepository", "gitrepositories")),
    served(info(SOURCE, "v1", "OCIRepository", "ocirepositories")),
    served(info(SOURCE, "v1", "Bucket", "buckets")),
    served(info(SOURCE, "v1", "HelmRepository", "helmrepositories")),
    served(info(SOURCE, "v1", "HelmChart", "helmcharts")),
    info(SOURCE, "v1", "ExternalArtifact", "externalartifacts"),
    served(info("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations")),
    served(info("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases")),
    info(NOTIFICATION, "v1", "Receiver", "receivers"),
    without_conditions(info(NOTIFICATION, "v1beta3", "Alert", "alerts")),
    without_conditions(info(NOTIFICATION, "v1beta3", "Provider", "providers")),
    info(IMAGE, "v1", "ImageRepository", "imagerepositories"),
    info(IMAGE, "v1", "ImagePolicy", "imagepolicies"),
    info(IMAGE, "v1", "ImageUpdateAutomation", "imageupdateautomations"),
    info("source.extensions.fluxcd.io", "v1beta1", "ArtifactGenerator", "artifactgenerators"),
    info(CONTROLPLANE, "v1", "FluxInstance", "fluxinstances"),
    info(CONTROLPLANE, "v1", "FluxReport", "fluxreports"),
    info(CONTROLPLANE, "v1", "ResourceSet", "resourcesets"),
    info(CONTROLPLANE, "v1", "ResourceSetInputProvider", "resourcesetinputproviders"),
];

const fn info(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> KindInfo {
    KindInfo { group, version, kind, plural, has_conditions: true, served: false }
}

const fn served(info: KindInfo) -> KindInfo {
    KindInfo { served: true, ..info }
}

const fn without_conditions(info: KindInfo) -> KindInfo {
    KindInfo { has_conditions: false, ..info }
}
