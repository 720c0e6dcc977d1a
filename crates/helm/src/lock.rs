//! `Chart.lock`: which versions of its dependencies a chart was put together with.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sluice_yaml::json_text;

use crate::chart::{Dependency, Lock};

impl Lock {
    /// Returns the digest of dependencies as they are wanted, and as they were found.
    pub fn digest(wanted: &[&Dependency], found: &[&Dependency]) -> String {
        let list = |list: &[&Dependency]| {
            let items: Vec<_> = list.iter().map(|dependency| ordered(dependency)).collect();
            format!("[{}]", items.join(","))
        };
        let text = format!("[{},{}]", list(wanted), list(found));
        let digest = Sha256::digest(text.as_bytes());
        format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

/// Writes a dependency as Go does, its fields in the order of the struct.
fn ordered(dependency: &Dependency) -> String {
    const FIELDS: [&str; 8] =
        ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
    let json = dependency.to_json();
    let field = |name: &&str| Some(format!("{}:{}", json_text(&Json::from(*name)), json_text(json.get(*name)?)));
    format!("{{{}}}", FIELDS.iter().filter_map(field).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_helms() {
        let child = |version: &str| Dependency {
            name: "child".into(),
            version: version.into(),
            repository: "file://../child".into(),
            ..Dependency::default()
        };
        let (wanted, found) = (child(">=1.0.0"), child("1.2.3"));
        let digest = Lock::digest(&[&wanted], &[&found]);
        assert_eq!(digest, "sha256:ef72201563b87dc98b11b3bd05b2fe571a116310e061290de8d04f3ef1e62514");
    }
}
