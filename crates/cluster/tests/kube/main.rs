//! The kube implementation against a server that answers by script: what the real one cannot be made to do.

#[cfg(test)]
mod call;
#[cfg(test)]
mod server;
#[cfg(test)]
mod watch;
