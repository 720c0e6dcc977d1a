//! What each program of the control plane is started with.

use std::path::Path;

use super::pki::PkiFiles;

/// The ports of one control plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) store: u16,
    pub(super) store_peer: u16,
    pub(super) api: u16,
    pub(super) kubelet: u16,
}

impl Ports {
    pub(super) fn free() -> std::io::Result<Self> {
        Ok(Self {
            store: crate::ports::free()?,
            store_peer: crate::ports::free()?,
            api: crate::ports::free()?,
            kubelet: crate::ports::free()?,
        })
    }
}

/// Returns etcd's arguments. Its data dies with the test: no write needs to reach the disk.
pub(super) fn etcd(ports: Ports, folder: &Path) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", ports.store);
    let peer = format!("http://127.0.0.1:{}", ports.store_peer);
    vec![
        "--name=e2e".into(),
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=e2e={peer}"),
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

/// Returns the API server's arguments.
pub(super) fn api_server(ports: Ports, pki: &PkiFiles, audit: Option<Audit<'_>>) -> Vec<String> {
    let mut arguments = vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.store),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        // The endpoints of the `kubernetes` Service may not be a loopback address.
        "--endpoint-reconciler-type=none".into(),
        format!("--secure-port={}", ports.api),
        "--service-cluster-ip-range=10.0.0.0/16".into(),
        "--allow-privileged=true".into(),
        "--authorization-mode=RBAC".into(),
        "--max-requests-inflight=2000".into(),
        "--max-mutating-requests-inflight=1000".into(),
        "--profiling=false".into(),
    ];
    arguments.extend(identity(pki));
    arguments.extend(kubelet(pki));
    if let Some(audit) = audit {
        arguments.extend(audit.arguments());
    }
    arguments
}

fn identity(pki: &PkiFiles) -> [String; 8] {
    [
        format!("--client-ca-file={}", pki.argument("ca", "crt")),
        format!("--tls-cert-file={}", pki.argument("server", "crt")),
        format!("--tls-private-key-file={}", pki.argument("server", "key")),
        format!("--service-account-key-file={}", pki.argument("accounts", "pub")),
        format!("--service-account-signing-key-file={}", pki.argument("accounts", "key")),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--requestheader-client-ca-file={}", pki.argument("front", "crt")),
        "--requestheader-username-headers=X-Remote-User".into(),
    ]
}

/// The kubelets are kwok, which checks no certificate and shows one of its own.
fn kubelet(pki: &PkiFiles) -> [String; 3] {
    [
        format!("--kubelet-client-certificate={}", pki.argument("admin", "crt")),
        format!("--kubelet-client-key={}", pki.argument("admin", "key")),
        "--kubelet-preferred-address-types=InternalIP".into(),
    ]
}

/// Where the API server reads the audit policy and writes the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Audit<'a> {
    pub(super) policy: &'a Path,
    pub(super) log: &'a Path,
}

impl Audit<'_> {
    fn arguments(self) -> [String; 3] {
        [
            format!("--audit-policy-file={}", self.policy.display()),
            format!("--audit-log-path={}", self.log.display()),
            // In MiB: never rotated away while a test counts.
            "--audit-log-maxsize=4096".into(),
        ]
    }
}

/// Returns the controller manager's arguments. With its default rates a hundred empty
/// Deployments take 19 s to be observed, and every bench would measure that.
pub(super) fn controller_manager(kubeconfig: &Path, pki: &PkiFiles) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        "--secure-port=0".into(),
        "--leader-elect=false".into(),
        "--kube-api-qps=2000".into(),
        "--kube-api-burst=4000".into(),
        "--use-service-account-credentials=true".into(),
        format!("--service-account-private-key-file={}", pki.argument("accounts", "key")),
        format!("--root-ca-file={}", pki.argument("ca", "crt")),
        format!("--cluster-signing-cert-file={}", pki.argument("ca", "crt")),
        format!("--cluster-signing-key-file={}", pki.argument("ca", "key")),
        "--profiling=false".into(),
    ]
}

/// Returns the scheduler's arguments.
pub(super) fn scheduler(kubeconfig: &Path) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        "--secure-port=0".into(),
        "--leader-elect=false".into(),
        "--kube-api-qps=2000".into(),
        "--kube-api-burst=4000".into(),
        "--profiling=false".into(),
    ]
}

/// Returns kwok's arguments.
pub(super) fn kwok(kubeconfig: &Path, config: &Path, ports: Ports) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--config={}", config.display()),
        "--manage-all-nodes=true".into(),
        "--node-ip=127.0.0.1".into(),
        format!("--node-port={}", ports.kubelet),
        format!("--server-address=127.0.0.1:{}", ports.kubelet),
        "--cidr=10.64.0.0/16".into(),
        // Short: a kwok that is started again must not wait long for the leases of the one before.
        "--node-lease-duration-seconds=5".into(),
    ]
}
