//! The crate against real Git, a smart HTTP server made of `git http-backend`, and servers that act as Azure and as a
//! registry.

mod bucket;
mod download;
mod errors;
mod external;
mod fileserver;
mod git;
mod helm_repo;
mod limits;
mod oci;
mod publish;
mod store;
mod support;
