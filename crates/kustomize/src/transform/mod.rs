//! What can be done to the objects of a build, one file each.

pub(crate) mod affix;
pub(crate) mod hash;
pub(crate) mod images;
pub(crate) mod labels;
pub(crate) mod namespace;
pub(crate) mod path;
pub(crate) mod references;
pub(crate) mod replacements;
pub(crate) mod replicas;
pub(crate) mod structured;
pub(crate) mod value;
pub(crate) mod vars;
