//! The ways to other clusters: few are open at once, and the one that was longest unused gives way.

use std::sync::{Mutex, PoisonError};

use kube::{Config, config::KubeConfigOptions};
use sluice_object::Digest;

use super::{KubeCluster, Options};
use crate::{ApiError, remote::Remote};

/// Ways kept. One that is gone is made anew, at the price of a discovery.
const MOST: usize = 64;

pub(super) struct Remotes {
    options: Options,
    /// The one used last is last.
    open: Mutex<Vec<(Digest, KubeCluster)>>,
}

impl Remotes {
    pub(super) fn new(options: Options) -> Self {
        Self { options, open: Mutex::default() }
    }

    /// Returns the way to a cluster, made when there is none.
    pub(super) async fn get(&self, remote: &Remote) -> Result<KubeCluster, ApiError> {
        if let Some(found) = self.take(remote.digest()) {
            return Ok(self.keep(remote.digest(), found));
        }
        let config = Config::from_custom_kubeconfig(remote.kubeconfig(), &KubeConfigOptions::default()).await;
        // The cause may quote credentials.
        let unusable = |_| ApiError::status(401, "Unauthorized", unusable(remote));
        let cluster = KubeCluster::connect(config.map_err(unusable)?, self.options.clone())?;
        Ok(self.keep(remote.digest(), cluster))
    }

    fn take(&self, digest: &Digest) -> Option<KubeCluster> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let at = open.iter().position(|(known, _)| known == digest)?;
        Some(open.remove(at).1)
    }

    fn keep(&self, digest: &Digest, cluster: KubeCluster) -> KubeCluster {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(known, _)| known != digest);
        open.push((digest.clone(), cluster.clone()));
        if open.len() > MOST {
            open.remove(0);
        }
        cluster
    }
}

fn unusable(remote: &Remote) -> String {
    format!("the kubeconfig for {} has certificates, a key or a URL that cannot be used", remote.server())
}
