//! Expressions over objects in the Common Expression Language, as Flux evaluates them.
//!
//! text → tokens → tree (→ types) → [`Program`]; a program and an object → true or false
//!
//! What is enabled is what Flux enables: the standard functions and macros, optionals, and the extensions for texts,
//! sets and encodings; numbers of different types are compared by value, and times are UTC. An expression is bounded
//! in length and nesting, and its evaluation in [`STEPS`]. Begin with [`Program`].
//!
//! ```
//! use sluice_cel::Program;
//!
//! let program = Program::parse("status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')")?;
//! let object = serde_json::json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
//! assert_eq!(program.holds(object.as_object().ok_or("no object")?), Ok(true));
//!
//! let refused = Program::condition("dep.metadata.name", &["self", "dep"]);
//! assert_eq!(refused.unwrap_err().to_string(), "CEL expression output type mismatch: expected bool, got dyn");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod constants;
mod declared;
mod error;
mod evaluate;
mod functions;
mod lex;
mod macros;
mod parse;
mod program;
mod steps;
mod syntax;
mod types;
mod value;

pub use error::{Error, Unanswered};
pub use program::Program;
pub use steps::STEPS;
pub use value::{Key, Value};
