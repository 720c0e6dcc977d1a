//! The crate against real Git, a smart HTTP server made of `git http-backend`, and a server that acts as Azure.

mod bucket;
mod download;
mod errors;
mod external;
mod fileserver;
mod git;
mod limits;
mod publish;
mod store;
mod support;
