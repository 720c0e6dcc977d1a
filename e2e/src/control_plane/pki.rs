//! The certificates and keys of one control plane, made anew for each.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::Error;

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// All that the control plane's parts need to trust each other.
pub(super) struct Pki {
    pub(super) ca: Pair,
    /// A client in the group that may do everything.
    pub(super) admin: Pair,
    /// What the API server shows to its clients.
    pub(super) server: Pair,
    /// Signs and checks the tokens of ServiceAccounts.
    pub(super) accounts: KeyPair,
    /// What the proxy in front of aggregated APIs would show; a CA that signs nothing else.
    pub(super) front: Pair,
}

/// Where [`Pki::write`] puts each file.
pub(super) struct PkiFiles {
    folder: PathBuf,
}

impl Pki {
    /// Makes a new set.
    pub(super) fn generate() -> Result<Self, rcgen::Error> {
        let ca = issuer("sluice-e2e")?;
        let front = issuer("sluice-e2e-front")?;
        Ok(Self {
            admin: client(&ca, "admin", "system:masters")?,
            server: server(&ca)?,
            accounts: KeyPair::generate()?,
            front: pair(&front),
            ca: pair(&ca),
        })
    }

    /// Writes the files that the programs are pointed to.
    pub(super) fn write(&self, folder: &Path) -> Result<PkiFiles, Error> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let files = PkiFiles { folder: folder.to_owned() };
        let named = [("ca", &self.ca), ("admin", &self.admin), ("server", &self.server), ("front", &self.front)];
        for (name, pair) in named {
            write(&files.path(name, "crt"), &pair.certificate)?;
            write(&files.path(name, "key"), &pair.key)?;
        }
        write(&files.path("accounts", "key"), &self.accounts.serialize_pem())?;
        write(&files.path("accounts", "pub"), &self.accounts.public_key_pem())?;
        Ok(files)
    }
}

impl PkiFiles {
    /// Returns the path of one file, as a program's argument.
    pub(super) fn argument(&self, name: &str, extension: &str) -> String {
        self.path(name, extension).display().to_string()
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join(format!("{name}.{extension}"))
    }
}

type Ca = CertifiedIssuer<'static, KeyPair>;

fn issuer(name: &str) -> Result<Ca, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn client(ca: &Ca, user: &str, group: &str) -> Result<Pair, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, user);
    params.distinguished_name.push(DnType::OrganizationName, group);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign(ca, params)
}

fn server(ca: &Ca) -> Result<Pair, rcgen::Error> {
    let names = ["127.0.0.1", "10.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"];
    let mut params = CertificateParams::new(names.map(String::from))?;
    params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(ca, params)
}

fn sign(ca: &Ca, mut params: CertificateParams) -> Result<Pair, rcgen::Error> {
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, ca)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn pair(ca: &Ca) -> Pair {
    Pair { certificate: ca.pem(), key: ca.key().serialize_pem() }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::file(path))
}
