//! Helm charts as functions: files in, a chart with its values out, ready to be rendered.
//!
//! folder or archive → [`Chart`] → [`dependencies::process`] → [`coalesce()`] → [`schema::validate`] → [`top::top`]
//! → templates rendered → [`manifest::sort`] → hooks and manifests, as Helm stores them → [`release::Release`] ⇄ Secret
//!
//! Nothing is read but what is handed in, and nothing is fetched. Results, messages and their order are those of Helm
//! 4.2.4; where Helm's depend on the order of Go's maps, names are sorted here. Charts are nobody's friends: sizes,
//! counts and depths have [`Limits`]. Begin with [`Chart`].

mod capabilities;
pub mod chart;
mod coalesce;
mod compat;
pub mod defaults;
pub mod dependencies;
mod files;
pub mod hook;
mod ignore;
mod kept;
pub mod lint;
mod lock;
pub mod manifest;
mod notice;
mod order;
mod pack;
mod print;
pub mod release;
pub mod render;
pub mod schema;
pub mod top;
pub mod values;

pub use capabilities::{BadVersion, Capabilities, KubeVersion};
pub use chart::{
    Chart, File, Limits, LoadError, Loaded, Metadata, archive_metadata, folder_metadata, load_archive, load_files,
    load_folder,
};
pub use coalesce::{Mismatch, Nulls, coalesce};
pub use compat::{Unfit, Unpatched, check_installable, check_kubernetes, is_compatible, is_version, with_build};
pub use hook::{Event, Hook};
pub use ignore::{PatternError, Rules, path_matches};
pub use manifest::{Manifest, Unreadable};
pub use notice::{Level, Notice};
pub use order::KindOrder;
pub use pack::pack;
pub use render::{Refusal, Rendered};
