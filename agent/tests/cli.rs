//! The binary as its users start it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

fn sluice(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.args(arguments).env_remove("KUBECONFIG").env_remove("RUNTIME_NAMESPACE");
    command
}

fn text(output: &Output) -> (Option<i32>, String) {
    let printed = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

#[test]
fn version_is_one_line() {
    let printed = text(&sluice(&["version"]).output().unwrap());
    assert_eq!(printed, (Some(0), concat!("sluice v", env!("CARGO_PKG_VERSION"), "\n").into()));
}

#[test]
fn an_unknown_gate_ends_the_process_with_the_known_ones() {
    let (code, printed) = text(&sluice(&["run", "--feature-gates=Typo=true"]).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(printed.contains("`Typo` is no feature gate; known are AdditiveCELDependencyCheck, "), "{printed}");
}

#[test]
fn a_wrong_flag_of_kustomize_ends_the_process_as_kustomize_does() {
    let (code, printed) = text(&sluice(&["kustomize", "build", "--reorder=foo"]).output().unwrap());
    assert_eq!(code, Some(1));
    assert!(printed.contains("legacy, none"), "{printed}");
}

#[test]
fn a_kubeconfig_that_is_not_there_is_named() {
    let (code, printed) = text(&sluice(&["run", "--kubeconfig=missing.yaml"]).output().unwrap());
    assert_eq!(code, Some(1));
    assert!(printed.starts_with("error: read --kubeconfig `missing.yaml`: "), "{printed}");
}

/// An agent whose API server does not answer.
struct Agent {
    child: Child,
    health: String,
    _folder: tempfile::TempDir,
}

impl Agent {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        fs::write(&kubeconfig, KUBECONFIG).unwrap();
        let mut command = sluice(&["run", "--metrics-addr=0", "--storage-addr=0", "--health-addr=127.0.0.1:0"]);
        command.arg("--kubeconfig").arg(kubeconfig).arg("--storage-path").arg(folder.path().join("artifacts"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let listening = lines.find(|line| line.contains("\"flag\":\"health-addr\"")).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let health = listening.split("127.0.0.1:").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
        Self { child, health: format!("127.0.0.1:{health}"), _folder: folder }
    }

    fn status(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.health).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: agent\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }
}

const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
current-context: none
contexts: [{ name: none, context: { cluster: none, user: none } }]
clusters: [{ name: none, cluster: { server: 'http://127.0.0.1:1' } }]
users: [{ name: none, user: {} }]
";

#[test]
fn an_agent_without_api_server_is_alive_but_not_ready_and_stops_when_told() {
    let mut agent = Agent::start();
    assert_eq!((agent.status("/healthz"), agent.status("/readyz")), ("200".into(), "503".into()));
    let id = agent.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(agent.child.wait().unwrap().code(), Some(0));
}
