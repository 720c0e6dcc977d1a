//! `notification.toolkit.fluxcd.io`: events out, webhooks in.

mod alert;
mod provider;
mod receiver;

pub use alert::{Alert, AlertSpec, EventSeverity, EventSource, EventSourceKind};
pub use provider::{Provider, ProviderSpec, ProviderType};
pub use receiver::{
    OidcProvider, OidcValidation, OidcVariable, Receiver, ReceiverResource, ReceiverSpec, ReceiverStatus, ReceiverType,
};
