//! An HTTP server that answers by script, for what the real one cannot be made to do.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sluice_cluster::{KubeCluster, kube::Options};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// How a request is answered.
pub(crate) enum Answer {
    Json(u16, Value),
    /// A code with header lines.
    Code(u16, &'static str),
    /// Events of a watch, then the end of the stream.
    Events(Vec<Value>),
    /// Events of a watch that stays open.
    Open(Vec<Value>),
    /// The connection is cut.
    Cut,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) cluster: KubeCluster,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server. The script gets the request and how many like it came before; discovery is answered for it.
    pub(crate) async fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (script, log) = (Arc::new(script), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                tokio::spawn(async move {
                    let _ = serve(stream, &*script, &log).await;
                });
            }
        });
        let config = kube::Config::new(url.parse().unwrap());
        let options = Options { user_agent: "sluice/test".into(), ..Options::default() };
        Self { cluster: KubeCluster::connect(config, options).unwrap(), asked }
    }

    /// Returns the request lines that hold a text.
    pub(crate) fn asked(&self, part: &str) -> Vec<String> {
        self.requests(part).into_iter().map(|asked| asked.line).collect()
    }

    /// Returns the requests whose line holds a text.
    pub(crate) fn requests(&self, part: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.line.contains(part)).cloned().collect()
    }
}

type Script = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

async fn serve(mut stream: TcpStream, script: &Script, log: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
    let asked = read(&mut stream).await?;
    let before = {
        let mut log = log.lock().unwrap();
        let before = log.iter().filter(|other| other.line == asked.line).count();
        log.push(asked.clone());
        before
    };
    match discovery(&asked.line).unwrap_or_else(|| script(&asked, before)) {
        Answer::Json(code, body) => stream.write_all(whole(code, "", &body.to_string()).as_bytes()).await,
        Answer::Code(code, headers) => stream.write_all(whole(code, headers, "").as_bytes()).await,
        Answer::Events(events) => write_events(&mut stream, &events).await,
        Answer::Open(events) => {
            write_events(&mut stream, &events).await?;
            // Until the client closes.
            stream.read_u8().await.map(drop)
        }
        Answer::Cut => Ok(()),
    }
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut headers, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut line).await?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).await?;
        if header.trim().is_empty() {
            break;
        }
        let header = header.to_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push_str(&header);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    Ok(Asked { line: line.trim().replace(" HTTP/1.1", ""), headers, body: String::from_utf8_lossy(&body).into() })
}

fn whole(code: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

async fn write_events(stream: &mut TcpStream, events: &[Value]) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
    for event in events {
        stream.write_all(format!("{event}\n").as_bytes()).await?;
    }
    stream.flush().await
}

fn discovery(line: &str) -> Option<Answer> {
    let resource = |kind: &str, plural: &str| json!({ "resource": plural, "scope": "Namespaced", "responseKind": { "kind": kind } });
    let resources = match line {
        "GET /api" => json!([resource("ConfigMap", "configmaps"), resource("Event", "events")]),
        "GET /apis" => json!([]),
        _ => return None,
    };
    let versions = json!([{ "version": "v1", "resources": resources }]);
    let list =
        json!({ "kind": "APIGroupDiscoveryList", "items": [{ "metadata": { "name": "" }, "versions": versions }] });
    Some(Answer::Json(200, list))
}

/// Returns a ConfigMap.
pub(crate) fn map(name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "default", "resourceVersion": version },
    })
}

/// Returns an event of a watch.
pub(crate) fn event(type_: &str, object: Value) -> Value {
    json!({ "type": type_, "object": object })
}

/// Returns the bookmark at the end of a streamed list.
pub(crate) fn end_of_list(version: &str) -> Value {
    let annotations = json!({ "k8s.io/initial-events-end": "true" });
    event("BOOKMARK", json!({ "metadata": { "resourceVersion": version, "annotations": annotations } }))
}

/// Returns a Status.
pub(crate) fn status(code: u16, reason: &str) -> Value {
    json!({ "kind": "Status", "code": code, "reason": reason, "message": reason })
}
