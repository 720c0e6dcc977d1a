//! Capabilities as templates see them: structs of Go, with their methods.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use sluice_template::{Call, Failure, Function, Kind, List, Method, Named, Object, Signature, Type, Value};

use super::{Capabilities, KubeVersion};

/// The release of Helm whose charts are rendered here.
const HELM: Helm = Helm { version: "v4.2.4", go: "go1.26", kubernetes: "v1.36" };

static CAPABILITIES: Named = Named {
    name: "*common.Capabilities",
    underlying: None,
    methods: &[method("Copy", Signature::of(&[Type::Named(&CAPABILITIES)], Type::Named(&CAPABILITIES)), itself)],
};

static KUBE_VERSION: Named = Named {
    name: "common.KubeVersion",
    underlying: None,
    methods: &[
        method("GitVersion", Signature::of(&[Type::Named(&KUBE_VERSION)], Type::String), git_version),
        method("String", Signature::of(&[Type::Named(&KUBE_VERSION)], Type::String), string),
    ],
};

static VERSION_SET: Named = Named {
    name: "common.VersionSet",
    underlying: Some(Type::STRINGS),
    methods: &[method("Has", Signature::of(&[Type::Named(&VERSION_SET), Type::String], Type::Bool), has)],
};

static BUILD_INFO: Named = Named { name: "version.BuildInfo", underlying: None, methods: &[] };

const fn method(
    name: &'static str,
    signature: Signature,
    call: fn(&mut Call<'_>, &[Value]) -> Result<Value, Failure>,
) -> Method {
    Method { function: Function { name, signature, call } }
}

/// `.Capabilities.HelmVersion`
#[derive(Debug)]
struct Helm {
    version: &'static str,
    go: &'static str,
    kubernetes: &'static str,
}

impl Capabilities {
    /// Returns `.Capabilities`.
    pub fn to_value(&self) -> Value {
        Value::Object(Arc::new(self.clone()))
    }

    fn versions(&self) -> Value {
        let versions = self.api_versions.iter().map(|version| Value::string(version.as_str()));
        Value::List(List::typed(Type::Named(&VERSION_SET), versions.collect()))
    }
}

impl Object for Capabilities {
    fn type_of(&self) -> &'static Named {
        &CAPABILITIES
    }

    fn kind(&self) -> Kind {
        Kind::Pointer
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(match name {
            "KubeVersion" => Value::Object(Arc::new(self.kube_version.clone())),
            "APIVersions" => self.versions(),
            "HelmVersion" => Value::Object(Arc::new(HELM)),
            _ => return None,
        })
    }

    fn print(&self) -> String {
        format!("&{{{} [{}] {}}}", fields(&self.kube_version), self.api_versions.join(" "), HELM.print())
    }

    fn to_json(&self) -> Json {
        let kube_version = self.kube_version.to_json();
        json!({ "KubeVersion": kube_version, "APIVersions": self.api_versions, "HelmVersion": HELM.to_json() })
    }
}

fn fields(KubeVersion { version, plain, major, minor }: &KubeVersion) -> String {
    format!("{{{version} {plain} {major} {minor}}}")
}

impl Object for KubeVersion {
    fn type_of(&self) -> &'static Named {
        &KUBE_VERSION
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(Value::string(match name {
            "Version" => self.version.as_str(),
            "Major" => &self.major,
            "Minor" => &self.minor,
            _ => return None,
        }))
    }

    /// `String()` is a method of the pointer: an action finds it, a function that is given the struct does not.
    fn show(&self) -> String {
        self.plain.clone()
    }

    fn print(&self) -> String {
        fields(self)
    }

    fn to_json(&self) -> Json {
        json!({ "Version": self.version, "Major": self.major, "Minor": self.minor })
    }
}

impl Object for Helm {
    fn type_of(&self) -> &'static Named {
        &BUILD_INFO
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(Value::string(match name {
            "Version" => self.version,
            "GoVersion" => self.go,
            "KubeClientVersion" => self.kubernetes,
            "GitCommit" | "GitTreeState" => "",
            _ => return None,
        }))
    }

    fn print(&self) -> String {
        let Self { version, go, kubernetes } = self;
        format!("{{{version}   {go} {kubernetes}}}")
    }

    fn to_json(&self) -> Json {
        json!({ "version": self.version, "go_version": self.go, "kube_client_version": self.kubernetes })
    }
}

fn itself(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(arguments.first().cloned().unwrap_or(Value::Nil))
}

fn git_version(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    Ok(field(arguments, "Version"))
}

fn string(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::Object(version)] = arguments else { return Ok(Value::Nil) };
    Ok(Value::string(version.show()))
}

fn field(arguments: &[Value], name: &str) -> Value {
    let [Value::Object(object)] = arguments else { return Value::Nil };
    object.field(name).unwrap_or(Value::Nil)
}

fn has(_: &mut Call<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let [Value::List(versions), Value::String(wanted)] = arguments else { return Ok(Value::Nil) };
    let is_wanted = |version: &Value| matches!(version, Value::String(version) if version == wanted);
    Ok(Value::Bool(versions.items().iter().any(is_wanted)))
}
