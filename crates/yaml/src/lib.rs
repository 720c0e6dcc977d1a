//! YAML as Go's tools read and write it.
//!
//! text → [`parse_all`] → [`Node`] (tag, style, position) → [`to_json`] · [`emit_v2`] · [`emit_v3`]
//!
//! Begin with `node`: the readers make it, the writers print it, kustomize changes it. `scan` is the
//! parser underneath, a state machine after the original because its quirks decide what Go accepts.
//!
//! ```
//! use sluice_yaml::{EmitOptions, Flavor, Limits, json_to_yaml, parse_all, to_json};
//!
//! let nodes = parse_all("b: 'yes'\na: 0x10 # sixteen\n", &Limits::default())?;
//! let json = to_json(&nodes[0], Flavor::V3)?;
//! assert_eq!(json_to_yaml(&json, &EmitOptions::FOLDED)?, "a: 16\nb: \"yes\"\n");
//! # Ok::<(), sluice_yaml::Error>(())
//! ```

mod base64;
mod compose;
mod emit;
mod error;
mod event;
mod go;
mod json;
mod mapping;
mod marshal;
mod node;
mod parse;
mod resolve;
mod scalar;
mod scan;
mod shown;
mod timestamp;

pub use emit::{EmitOptions, LayoutOptions, Sequences, emit_v2, emit_v2_bytewise, emit_v3, json_to_yaml};
pub use error::{DuplicateKey, Error};
pub use go::{format_g, format_g32, format_json, json_text, quote, shortest_digits};
pub use json::{from_json, into_json, to_json};
pub use marshal::{float_v3, map_v3, string_v3, time_v3};
pub use node::{Mapping, Node, Position, Style, Tag, Value};
pub use parse::{Duplicates, Limits, parse_all, parse_all_v2, parse_first};
pub use resolve::{Flavor, Resolved, resolve, resolve_v2, resolve_v3};
