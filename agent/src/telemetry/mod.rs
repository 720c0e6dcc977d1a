//! What the agent tells about itself: logs and metrics.

mod logs;
mod metrics;

pub use logs::{Encoding, Level, init};
pub use metrics::{CONTENT_TYPE, Metrics};
