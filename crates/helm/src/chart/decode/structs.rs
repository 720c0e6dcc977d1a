//! The structs that the files of a chart are decoded into, with the names of their fields.

use super::{Decode, Struct};
use crate::chart::{Dependency, Lock, Maintainer, Metadata};

impl Struct for Metadata {
    const TYPE: &'static str = "v2.Metadata";
    const NAME: &'static str = "Metadata";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
        "tags",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "home" => &mut self.home,
            "sources" => &mut self.sources,
            "version" => &mut self.version,
            "description" => &mut self.description,
            "keywords" => &mut self.keywords,
            "maintainers" => &mut self.maintainers,
            "icon" => &mut self.icon,
            "apiVersion" => &mut self.api_version,
            "condition" => &mut self.condition,
            "tags" => &mut self.tags,
            "appVersion" => &mut self.app_version,
            "deprecated" => &mut self.deprecated,
            "annotations" => &mut self.annotations,
            "kubeVersion" => &mut self.kube_version,
            "dependencies" => &mut self.dependencies,
            "type" => &mut self.kind,
            _ => return None,
        })
    }
}

impl Struct for Maintainer {
    const TYPE: &'static str = "v2.Maintainer";
    const NAME: &'static str = "Maintainer";
    const FIELDS: &'static [&'static str] = &["name", "email", "url"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "email" => &mut self.email,
            "url" => &mut self.url,
            _ => return None,
        })
    }
}

impl Struct for Dependency {
    const TYPE: &'static str = "v2.Dependency";
    const NAME: &'static str = "Dependency";
    const FIELDS: &'static [&'static str] =
        &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "version" => &mut self.version,
            "repository" => &mut self.repository,
            "condition" => &mut self.condition,
            "tags" => &mut self.tags,
            "enabled" => &mut self.enabled,
            "import-values" => &mut self.import_values,
            "alias" => &mut self.alias,
            _ => return None,
        })
    }
}

impl Struct for Lock {
    const TYPE: &'static str = "v2.Lock";
    const NAME: &'static str = "Lock";
    const FIELDS: &'static [&'static str] = &["generated", "digest", "dependencies"];

    fn field(&mut self, name: &str) -> Option<&mut dyn Decode> {
        Some(match name {
            "generated" => &mut self.generated,
            "digest" => &mut self.digest,
            "dependencies" => &mut self.dependencies,
            _ => return None,
        })
    }
}
