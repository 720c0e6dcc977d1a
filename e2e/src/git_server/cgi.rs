//! One request, answered by `git http-backend` as a CGI program.

use std::io;
use std::path::Path;
use std::process::Stdio;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, header};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Runs the program on the repositories below `root`.
pub(super) async fn run(root: &Path, request: &Parts, body: Bytes) -> io::Result<Response<Body>> {
    let mut child = command(root, request, body.len())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().expect("invariant: stdin is piped above");
    let feed = async {
        // A program that answers without reading everything closes its input early.
        let _ = stdin.write_all(&body).await;
        drop(stdin);
    };
    let ((), output) = futures::join!(feed, child.wait_with_output());
    response(Bytes::from(output?.stdout))
}

fn command(root: &Path, request: &Parts, length: usize) -> Command {
    let mut command = super::repo::git();
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", request.method.as_str())
        .env("PATH_INFO", request.uri.path())
        .env("QUERY_STRING", request.uri.query().unwrap_or_default())
        .env("CONTENT_LENGTH", length.to_string())
        // Pushes are taken from whoever got this far.
        .env("REMOTE_USER", "e2e");
    for (variable, name) in [
        ("CONTENT_TYPE", header::CONTENT_TYPE.as_str()),
        ("HTTP_CONTENT_ENCODING", header::CONTENT_ENCODING.as_str()),
        ("GIT_PROTOCOL", "git-protocol"),
    ] {
        command.env(variable, text(&request.headers, name));
    }
    Command::from(command)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Turns a CGI answer, headers and an empty line before the body, into an HTTP response.
fn response(output: Bytes) -> io::Result<Response<Body>> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or_else(|| io::Error::other("no headers in the answer"))?;
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut response = Response::builder().status(StatusCode::OK);
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        response = match (name, value.split(' ').next()) {
            ("Status", Some(code)) => response.status(code),
            _ => response.header(name, value),
        };
    }
    response.body(Body::from(output.slice(end + 4..))).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_of_an_answer_becomes_the_status() {
        let answer = Bytes::from_static(b"Status: 404 Not Found\r\nExpires: 0\r\n\r\nnothing");
        let response = response(answer).unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["expires"], "0");
    }

    #[test]
    fn an_answer_without_headers_is_an_error() {
        assert!(response(Bytes::from_static(b"fatal: oops")).is_err());
    }
}
