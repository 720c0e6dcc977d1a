//! What is asked of a cloud, and what comes of it.

use std::collections::BTreeMap;

use crate::{Error, Secret};

/// A cloud provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Amazon: EKS.
    Aws,
    /// Microsoft: AKS.
    Azure,
    /// Google: GKE.
    Gcp,
}

impl Provider {
    /// Reads the name that a ConfigMap gives.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "aws" => Some(Self::Aws),
            "azure" => Some(Self::Azure),
            "gcp" => Some(Self::Gcp),
            _ => None,
        }
    }
}

/// A cluster that somebody wants to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whose it is.
    pub provider: Provider,
    /// Its full name at the provider; may be empty where address and authority are given.
    pub cluster: String,
    /// The address of its API server, where the provider need not be asked.
    pub address: Option<String>,
    /// The authority of its certificate, PEM, where the provider need not be asked.
    pub ca: Option<String>,
    /// Who the account's token is for, where that is not what the provider expects.
    pub audiences: Vec<String>,
}

impl Wish {
    /// Returns address and authority where both are given.
    pub(crate) fn place(&self) -> Option<Place> {
        Some(Place { address: self.address.clone()?, ca: Some(self.ca.clone()?) })
    }

    /// Takes what is given before what the provider says.
    pub(crate) fn prefer(&self, found: Place) -> Place {
        Place { address: self.address.clone().unwrap_or(found.address), ca: self.ca.clone().or(found.ca) }
    }
}

/// A service account of this cluster, which the provider trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its annotations: they say who it is at the provider.
    pub annotations: BTreeMap<String, String>,
}

impl Account {
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }

    pub(crate) fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::Annotation { account: format!("{}/{}", self.namespace, self.name), problem: problem.into() }
    }
}

/// Where an API server is, and who has signed its certificate (PEM).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: String,
    pub(crate) ca: Option<String>,
}

/// The way to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The address of its API server, as the provider or the wish names it.
    pub address: String,
    /// The authority of its certificate, PEM; the system's without.
    pub ca: Option<String>,
    /// The bearer token.
    pub token: Secret,
}
