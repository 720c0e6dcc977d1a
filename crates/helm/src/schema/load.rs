//! Documents that schemas refer to. Nothing is read from a disk, nothing is fetched.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use boon::UrlLoader;
use serde_json::Value as Json;

use super::Documents;
use crate::notice::Notice;

/// Hands out documents, and notes what it has none of.
#[derive(Clone)]
pub(super) struct Loader {
    documents: Arc<Documents>,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    needs: Vec<String>,
    notices: Vec<Notice>,
}

impl Loader {
    pub(super) fn new(documents: &Documents) -> Self {
        Self { documents: Arc::new(documents.clone()), asked: Arc::default() }
    }

    pub(super) fn needs(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).needs.clone()
    }

    pub(super) fn notices(&self) -> Vec<Notice> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).notices.clone()
    }
}

impl UrlLoader for Loader {
    fn load(&self, url: &str) -> Result<Json, Box<dyn Error>> {
        if let Some(document) = self.documents.get(url) {
            return Ok(document.clone());
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match url.split_once(':') {
            Some(("file", path)) => {
                let path = path.trim_start_matches('/');
                Err(format!("open /{path}: no such file or directory").into())
            }
            // Helm takes all that is called so for whatever anybody wants.
            Some(("urn", _)) => {
                let message = "unresolved URN reference ignored; using permissive schema";
                asked.notices.push(Notice::warn(message, vec![("urn", url.to_owned())]));
                Ok(Json::Bool(true))
            }
            _ => {
                asked.needs.push(url.to_owned());
                Err("not at hand".into())
            }
        }
    }
}
