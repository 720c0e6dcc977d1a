//! A GET over plain HTTP: all that is needed to look at an agent's own servers.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// These servers are on this machine: who takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Gets `http://host:port/path`.
///
/// # Errors
/// When there is no answer in time, or it is no HTTP.
pub async fn get(url: &str) -> io::Result<Answer> {
    let wrong = || io::Error::other(format!("`{url}` is not of the form http://host:port/path"));
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    // With the old version of the protocol the body ends with the connection.
    let request = format!("GET /{path} HTTP/1.0\r\nhost: {host}\r\n\r\n");
    let bytes = timeout(PATIENCE, exchange(host, &request)).await;
    let bytes = bytes.map_err(|_| io::Error::other(format!("`{url}` does not answer")))??;
    parse(&bytes).ok_or_else(|| io::Error::other(format!("`{url}` does not answer in HTTP")))
}

async fn exchange(host: &str, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: bytes[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = parse(b"HTTP/1.0 503 Service Unavailable\r\ndate: now\r\n\r\n[-]leases\n").unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (503, "[-]leases\n"));
        assert_eq!(parse(b"HTTP/1.0 200 OK\r\n"), None);
    }
}
