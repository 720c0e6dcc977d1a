//! The HTTPS side of the Git server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A client that does not finish its handshake must not keep the others out for long.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// A certificate (chain) and its key, as PEM.
#[derive(Clone)]
pub struct Tls {
    /// The certificate, followed by those that signed it.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(***)")
    }
}

impl Tls {
    /// Makes a certificate for 127.0.0.1 and `localhost` that is its own authority: clients
    /// trust it by [`Tls::certificate`].
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn self_signed() -> Result<Self, rcgen::Error> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)?;
        Ok(Self { certificate: cert.pem(), key: signing_key.serialize_pem() })
    }

    pub(super) fn listen(&self, listener: TcpListener) -> io::Result<TlsListener> {
        let acceptor = TlsAcceptor::from(Arc::new(self.config()?));
        Ok(TlsListener { listener, acceptor })
    }

    fn config(&self) -> io::Result<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)
    }
}

/// Accepts TCP connections and hands them on once TLS is established.
pub(super) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, self.acceptor.accept(stream)).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
