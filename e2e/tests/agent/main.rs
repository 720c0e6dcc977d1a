//! The agent on a real API server, as the account that its chart gives it.
//!
//! Most tests share one control plane and one agent, each in a namespace of its own (`fixture::scenario`). Tests that
//! kill, configure or count the agent take the other control plane, one after the other (`fixture::alone`).

mod fixture;

mod apply;
mod bad_input;
mod bad_source;
mod bucket;
mod build;
mod counts;
mod crash;
mod dependencies;
mod drift;
mod expressions;
mod git_repository;
mod health;
mod helm_chart;
mod helm_release;
mod helm_repository;
mod helm_stuck;
mod helm_three;
mod history;
mod ignore;
mod install;
mod kustomization;
mod leases;
mod metrics;
mod migration;
mod oci;
mod outage;
mod protocol;
mod remote;
mod shards;
mod stamps;
mod substitution;
mod tenancy;
mod traces;
mod versions;
