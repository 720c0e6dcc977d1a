//! Whose artifacts: the first three parts of their paths.

use std::fmt;

use super::Error;

/// The object that an artifact belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    kind: String,
    namespace: String,
    name: String,
}

impl Owner {
    /// Names an owner; the kind is written in small letters.
    ///
    /// # Errors
    /// When a part could lead to another directory.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Result<Self, Error> {
        let kind = check(&kind.to_lowercase())?;
        Ok(Self { kind, namespace: check(namespace)?, name: check(name)? })
    }

    /// Returns the path of one of the owner's artifacts.
    ///
    /// # Errors
    /// When `file` is no plain file name.
    pub fn path(&self, file: &str) -> Result<String, Error> {
        Ok(format!("{self}/{}", check(file)?))
    }

    /// Splits an artifact's path into its owner and the name of its file.
    ///
    /// # Errors
    /// When it is no path of an artifact.
    pub fn of_path(path: &str) -> Result<(Self, &str), Error> {
        let parts: Vec<&str> = path.split('/').collect();
        let [kind, namespace, name, file] = parts[..] else {
            return Err(Error::Name(path.escape_default().to_string()));
        };
        check(file)?;
        Ok((Self { kind: check(kind)?, namespace: check(namespace)?, name: check(name)? }, file))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

/// Hidden files are ours: indexes, and what a crash left.
fn check(part: &str) -> Result<String, Error> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "-_.+:".contains(char);
    if part.is_empty() || part.starts_with('.') || part.len() > 253 || !part.chars().all(plain) {
        return Err(Error::Name(part.escape_default().to_string()));
    }
    Ok(part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("gitrepository/apps/podinfo/abc.tar.gz", true)]
    #[case("helmchart/apps/podinfo/podinfo-6.5.0+1.tgz", true)]
    #[case("ocirepository/apps/podinfo/sha256:abc.tar.gz", true)]
    #[case("gitrepository/apps/podinfo/.abc.tar.gz.json", false)]
    #[case("gitrepository/apps/../abc.tar.gz", false)]
    #[case("gitrepository/apps/podinfo", false)]
    #[case("/gitrepository/apps/podinfo/x", false)]
    #[case("gitrepository/apps/podinfo/x/y", false)]
    #[case("gitrepository/apps/pod\\info/x", false)]
    #[case("gitrepository/apps/podinfo/x\0", false)]
    fn a_path_has_four_plain_parts(#[case] path: &str, #[case] good: bool) {
        assert_eq!(Owner::of_path(path).is_ok(), good);
    }
}
