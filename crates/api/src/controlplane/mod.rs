//! `fluxcd.controlplane.io`: the kinds of Flux Operator.

mod flux_instance;
mod flux_report;
mod input_provider;
mod resource_set;

pub use flux_instance::{
    ClusterSize, ClusterType, ComponentImage, ComponentName, Distribution, DistributionVariant, FluxInstance,
    FluxInstanceSpec, FluxInstanceStatus, InstanceCluster, InstanceKustomize, InstanceSync, ShardStorage, Sharding,
    Storage, SyncProvider, SyncSourceKind,
};
pub use flux_report::{
    FluxReport, FluxReportSpec, FluxReportStatus, ReportCluster, ReportComponent, ReportDistribution, ReportOperator,
    ReportReconciler, ReportStats, ReportSync,
};
pub use input_provider::{
    InputFilter, InputProviderType, InputSchedule, InputSkip, NextSchedule, ObjectSelector, ResourceSetInputProvider,
    ResourceSetInputProviderSpec, ResourceSetInputProviderStatus,
};
pub use resource_set::{
    InputKind, InputReference, InputStrategy, InputStrategyName, InputVersion, ResourceSet, ResourceSetDependency,
    ResourceSetSpec, ResourceSetStatus, Step,
};

/// One set of inputs: any JSON by name.
pub type InputSet = std::collections::BTreeMap<String, serde_json::Value>;
