//! HTTP clients: connections are kept open and shared by all sources with the same certificates and proxy.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt, io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Certificate, Client, ClientBuilder, Identity, redirect::Policy};
use sha2::{Digest, Sha256};

use crate::Secret;

/// Clients differ by their certificates; few sets of them are in use.
const CLIENTS: usize = 64;

/// Certificates beside those of the system.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Tls {
    /// Authorities to trust too, PEM.
    pub ca: Option<Vec<u8>>,
    /// The client's certificate and key, PEM.
    pub identity: Option<Secret>,
    /// Whether any certificate of the server is taken.
    pub unverified: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ca = self.ca.as_ref().map(|pem| format!("{} bytes", pem.len()));
        let Self { identity, unverified, .. } = self;
        f.debug_struct("Tls").field("ca", &ca).field("identity", identity).field("unverified", unverified).finish()
    }
}

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// URL.
    pub address: String,
    /// User, empty for none.
    pub username: String,
    /// Password.
    pub password: Secret,
}

/// Clients by certificates and proxy.
#[derive(Debug)]
pub(crate) struct Clients {
    user_agent: &'static str,
    clients: Mutex<HashMap<[u8; 32], Client>>,
}

impl Clients {
    pub(crate) fn new(user_agent: &'static str) -> Self {
        Self { user_agent, clients: Mutex::default() }
    }

    pub(crate) fn get(&self, tls: &Tls, proxy: Option<&Proxy>) -> reqwest::Result<Client> {
        let key = fingerprint(tls, proxy);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(tls, proxy)?;
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// Given authorities are trusted beside the system's. An image without any still gets a client.
    fn build(&self, tls: &Tls, proxy: Option<&Proxy>) -> reqwest::Result<Client> {
        // Without a default provider the client cannot be built; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let ca = Certificate::from_pem_bundle(tls.ca.as_deref().unwrap_or_default())?;
        let with_system = self.builder(tls, proxy)?.tls_certs_merge(ca.clone()).build();
        with_system.or_else(|_| self.builder(tls, proxy)?.tls_certs_only(ca).build())
    }

    fn builder(&self, tls: &Tls, proxy: Option<&Proxy>) -> reqwest::Result<ClientBuilder> {
        let mut builder = Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(4)
            .tls_danger_accept_invalid_certs(tls.unverified)
            // Redirects are followed by hand, so that no credentials go elsewhere.
            .redirect(Policy::none());
        if let Some(pem) = &tls.identity {
            builder = builder.identity(Identity::from_pem(pem.expose().as_bytes())?);
        }
        if let Some(proxy) = proxy {
            builder = builder.proxy(proxy_of(proxy)?);
        }
        Ok(builder)
    }
}

fn fingerprint(Tls { ca, identity, unverified }: &Tls, proxy: Option<&Proxy>) -> [u8; 32] {
    let secret = |secret: &'_ Secret| secret.expose().as_bytes().to_vec();
    let parts = [
        unverified.then(Vec::new),
        ca.clone(),
        identity.as_ref().map(secret),
        proxy.map(|proxy| proxy.address.clone().into_bytes()),
        proxy.map(|proxy| proxy.username.clone().into_bytes()),
        proxy.map(|proxy| secret(&proxy.password)),
    ];
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64).to_le_bytes());
        hasher.update(part.unwrap_or_default());
    }
    hasher.finalize().into()
}

fn proxy_of(Proxy { address, username, password }: &Proxy) -> reqwest::Result<reqwest::Proxy> {
    let proxy = reqwest::Proxy::all(address)?;
    Ok(if username.is_empty() { proxy } else { proxy.basic_auth(username, password.expose()) })
}

/// Says why a certificate was not accepted.
pub(crate) fn certificate_problem(error: &rustls::Error) -> String {
    use rustls::{CertificateError, Error::InvalidCertificate};
    match error {
        InvalidCertificate(CertificateError::UnknownIssuer) => "it is signed by an unknown authority".into(),
        error => error.to_string(),
    }
}

/// Finds a cause of some type. An `io::Error` hides what it wraps from `source`.
pub(crate) fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
