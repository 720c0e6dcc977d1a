//! Azure's own emulator of Blob Storage, and containers on it.

use std::fs;
use std::time::Duration;

use ::http::{Method, Request, StatusCode};
use object_store::azure::{AzureAccessKey, AzureAuthorizer, AzureCredential};
use object_store::client::{HttpClient, HttpRequestBody};

use crate::process::{Folder, Process};
use crate::scenario::{Outcome, Unmet};
use crate::wait::eventually;
use crate::{ports, tools};

/// The storage account.
pub const ACCOUNT: &str = "sluice";

/// The key of the account.
pub const KEY: &str = "c2x1aWNlLWUyZS1rZXktb2YtYW4tZW11bGF0b3Itb25seQ==";

const PATIENCE: Duration = Duration::from_secs(30);

/// A running emulator. Dropping it kills it.
#[derive(Debug)]
pub struct Azurite {
    // Before the folder: the program ends before its files go.
    _process: Process,
    port: u16,
    client: HttpClient,
    folder: Folder,
}

/// A container of the emulator.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    azurite: &'a Azurite,
    name: &'a str,
}

impl Azurite {
    /// Starts an emulator on a free port, and waits until it answers.
    ///
    /// # Errors
    /// When node or npm are missing, or it does not answer.
    pub async fn start() -> Outcome<Self> {
        let script = tools::npm::azurite().await?.display().to_string();
        let folder = Folder::create("sluice-azurite-", std::env::var_os("SLUICE_E2E_KEEP").is_some())?;
        let (port, data) = (ports::free()?, folder.path().join("data").display().to_string());
        let account = format!("AZURITE_ACCOUNTS={ACCOUNT}:{KEY}");
        let port_text = port.to_string();
        let place = ["--blobHost", "127.0.0.1", "--blobPort", &port_text, "--location", &data];
        let rest = ["--skipApiVersionCheck", "--disableTelemetry"];
        let arguments = [&[account.as_str(), "node", &script], &place[..], &rest[..]].concat();
        let arguments: Vec<_> = arguments.into_iter().map(String::from).collect();
        let process = Process::start("azurite", "env".as_ref(), &arguments, folder.path())?;
        let client = HttpClient::new(client()?);
        let azurite = Self { _process: process, port, client, folder };
        eventually(PATIENCE, || azurite.answers()).await.map_err(Unmet::from)?;
        Ok(azurite)
    }

    /// Returns the address of the account, as `spec.endpoint` has it.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// Makes a container.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn container<'a>(&'a self, name: &'a str) -> Outcome<Container<'a>> {
        let container = self.container_of(name);
        container.send(Method::PUT, "?restype=container", "").await?;
        Ok(container)
    }

    /// Returns a container that was made before.
    pub fn container_of<'a>(&'a self, name: &'a str) -> Container<'a> {
        Container { azurite: self, name }
    }

    async fn answers(&self) -> Result<(), String> {
        self.call(Method::GET, "/?comp=list", "").await.map(drop).map_err(|error| error.to_string())
    }

    async fn call(&self, method: Method, path: &str, body: &str) -> Outcome<StatusCode> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint()))
            .header("x-ms-blob-type", "BlockBlob")
            .header("content-length", body.len())
            .body(HttpRequestBody::from(body.to_owned()))?;
        let credential = AzureCredential::AccessKey(AzureAccessKey::try_new(KEY)?);
        AzureAuthorizer::new(&credential, ACCOUNT).try_authorize(&mut request)?;
        Ok(self.client.execute(request).await?.status())
    }
}

impl<'a> Container<'a> {
    /// Returns the container's name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn put(&self, blob: &str, text: &str) -> Outcome {
        self.send(Method::PUT, &format!("/{blob}"), text).await
    }

    /// Deletes a blob.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn remove(&self, blob: &str) -> Outcome {
        self.send(Method::DELETE, &format!("/{blob}"), "").await
    }

    /// Deletes the container.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn delete(&self) -> Outcome {
        self.send(Method::DELETE, "?restype=container", "").await
    }

    /// Returns the names of the blobs that were downloaded so far, in order.
    ///
    /// # Errors
    /// When the emulator's log cannot be read.
    pub fn downloads(&self) -> Outcome<Vec<String>> {
        let log = fs::read_to_string(self.azurite.folder.path().join("azurite.log"))?;
        let begin = format!("\"GET /{ACCOUNT}/{}/", self.name);
        let served = log.lines().filter(|line| line.contains("\" 200 ") || line.contains("\" 206 "));
        let names = served.filter_map(|line| line.split_once(&begin)?.1.split([' ', '?']).next());
        Ok(names.map(ToOwned::to_owned).collect())
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Outcome {
        let status = self.azurite.call(method.clone(), &format!("/{}{path}", self.name), body).await?;
        match status.is_success() {
            true => Ok(()),
            false => Err(format!("{method} {}{path} on the emulator: {status}", self.name).into()),
        }
    }
}

/// A client without certificates: the emulator speaks plain HTTP.
fn client() -> reqwest::Result<reqwest::Client> {
    // Without a default provider the client cannot be built; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build()
}
