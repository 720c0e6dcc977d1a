//! Free ports on the loopback address.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::wait::eventually;

/// Below the range that systems hand out to outgoing connections, so that a port stays ours
/// while its server is stopped for a while.
const FIRST: u32 = 16_000;
const COUNT: u32 = 16_000;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Returns a port that nobody listens on, and that this process has not been given before.
///
/// Processes start at different places of the range, so that tests in parallel rarely meet.
pub(crate) fn free() -> std::io::Result<u16> {
    let start = std::process::id().wrapping_mul(97);
    let mut last = std::io::Error::other("no free port");
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + start.wrapping_add(step) % COUNT;
        let port = u16::try_from(port).expect("invariant: FIRST + COUNT is below 65536");
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Listens on a port that was just free.
///
/// A program that another thread is starting holds copies of all sockets until it runs, those that were closed
/// meanwhile too; the port is waited for until then.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<tokio::net::TcpListener> {
    let listening = eventually(Duration::from_secs(5), || tokio::net::TcpListener::bind(address)).await;
    listening.map_err(|error| std::io::Error::other(format!("listen on {address}: {error}")))
}
