//! Puts objects into a namespace.

use sluice_yaml::{Mapping, Node, Value};

use crate::{
    config::FieldSpec,
    error::Problem,
    fields::{self, Make, wrong_kind},
    id::Gvk,
    resource::{Resource, raw_text, set_string},
    resources::Resources,
    schema,
};

/// Which subjects of role bindings follow into the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subjects {
    /// Those named `default`.
    #[default]
    DefaultOnly,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    None,
}

/// How objects are put into a namespace.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Namespace {
    pub(crate) namespace: String,
    pub(crate) specs: Vec<FieldSpec>,
    pub(crate) subjects: Subjects,
    /// Whether namespaces that are set already stay.
    pub(crate) unset_only: bool,
}

impl Subjects {
    /// Reads `setRoleBindingSubjects`.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        match text {
            "" | "defaultOnly" => Ok(Self::DefaultOnly),
            "allServiceAccounts" => Ok(Self::AllServiceAccounts),
            "none" => Ok(Self::None),
            _ => Err(Problem::invalid(format!(
                "invalid value \"{text}\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \
                 \"allServiceAccounts\""
            ))),
        }
    }
}

/// Puts all objects into a namespace.
pub(crate) fn apply(resources: &mut Resources, how: &Namespace) -> Result<(), Problem> {
    if how.namespace.is_empty() {
        return Ok(());
    }
    for resource in resources.list_mut() {
        resource.remember_id();
        set(resource, how)?;
    }
    match resources.repeated_id() {
        Some(id) => Err(Problem::new(format!("namespace transformation produces ID conflict: {id}"))
            .hint("two objects differ only in their namespace")),
        None => Ok(()),
    }
}

/// Puts one object into a namespace.
pub(crate) fn set(resource: &mut Resource, how: &Namespace) -> Result<(), Problem> {
    let gvk = resource.gvk();
    set_own(resource, &gvk, how)?;
    let binding = matches!(gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
    if binding {
        set_subjects(resource, how)?;
    }
    for spec in how.specs.iter().filter(|spec| is_wanted(spec, &gvk, binding)) {
        fields::visit(resource, spec, Make::Scalar, &mut |node| write(node, how))
            .map_err(|problem| problem.within("namespace transformation failed"))?;
    }
    Ok(())
}

/// The object's own namespace is set here, whatever the specs say; a name only of core Namespaces.
fn is_wanted(spec: &FieldSpec, gvk: &Gvk, binding: bool) -> bool {
    let core = gvk.group.is_empty() && gvk.version == "v1";
    let named_subjects = binding && spec.path == "subjects/namespace" && spec.gvk.kind.ends_with("RoleBinding");
    match spec.path.as_str() {
        "metadata/namespace" => false,
        "metadata/name" => core,
        _ => !named_subjects,
    }
}

fn set_own(resource: &mut Resource, gvk: &Gvk, how: &Namespace) -> Result<(), Problem> {
    if schema::is_cluster_scoped(gvk) {
        return Ok(());
    }
    let path = ["metadata".to_owned(), "namespace".to_owned()];
    fields::walk(&mut resource.node, &path, Make::Scalar, &mut |node| write(node, how))
}

fn write(node: &mut Node, how: &Namespace) -> Result<(), Problem> {
    if !matches!(node.value, Value::Scalar(_)) {
        return Err(wrong_kind("ScalarNode", node));
    }
    if !how.unset_only || node.is_null() || raw_text(node).is_empty() {
        set_string(node, &how.namespace);
    }
    Ok(())
}

fn set_subjects(resource: &mut Resource, how: &Namespace) -> Result<(), Problem> {
    if how.subjects == Subjects::None {
        return Ok(());
    }
    let Some(subjects) = resource.node.get_mut("subjects").filter(|node| !node.is_null()) else { return Ok(()) };
    let Value::Sequence(items) = &mut subjects.value else { return Err(wrong_kind("SequenceNode", subjects)) };
    for subject in items {
        let Value::Mapping(subject) = &mut subject.value else { return Err(wrong_kind("MappingNode", subject)) };
        if follows(subject, how.subjects) {
            set_subject(subject, how)?;
        }
    }
    Ok(())
}

fn follows(subject: &Mapping, subjects: Subjects) -> bool {
    let is = |field: &str, text: &str| subject.get(field).is_some_and(|node| raw_text(node) == text);
    match subjects {
        Subjects::DefaultOnly => is("name", "default"),
        Subjects::AllServiceAccounts => is("kind", "ServiceAccount"),
        Subjects::None => false,
    }
}

fn set_subject(subject: &mut Mapping, how: &Namespace) -> Result<(), Problem> {
    if !subject.contains("namespace") {
        subject.insert("namespace", Node::string(""));
    }
    subject.get_mut("namespace").map_or(Ok(()), |node| write(node, how))
}
