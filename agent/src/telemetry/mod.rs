//! What the agent tells about itself: logs, metrics, traces.

mod logs;
mod metrics;
pub mod traces;

pub use logs::{Encoding, Level, init};
pub use metrics::{CONTENT_TYPE, Metrics};
