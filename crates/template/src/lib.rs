//! Go templates with Helm's functions, executed by minijinja.
//!
//! text → tokens → tree → minijinja's template, in which every pipeline is a call back into this crate → bytes
//!
//! minijinja runs what a template does in which order: text, branches, loops, variables. What a pipeline comes to, the
//! values, their types, their printing and every error are Go's, and are ours. Begin with [`Value`].

mod builtins;
mod complex;
mod drops;
mod engine;
mod exec;
mod function;
mod functions;
mod list;
mod map;
mod object;
mod print;
pub mod semver;
mod syntax;
mod text;
mod time;
mod types;
mod value;

pub use engine::{Compiled, Data, Job, Language, Limits, Source, Texts};
pub use function::{Call, Failure, Function, Functions, Lookup, Signature, World};
pub use list::List;
pub use map::Map;
pub use object::{Method, Object};
pub use syntax::Delimiters;
pub use text::Str;
pub use types::{IntKind, Kind, Named, Type};
pub use value::Value;
