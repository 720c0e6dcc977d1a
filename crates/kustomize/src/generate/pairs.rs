//! The keys and values that a generator's sources hold.

use super::Generator;
use crate::{
    error::{Error, Problem},
    kustomization::GeneratorArgs,
};

type Pair = (String, Vec<u8>);

/// Reads all sources in kustomize's order: lines, literals, files.
pub(super) fn load(generator: &mut Generator<'_, '_>, args: &GeneratorArgs) -> Result<Vec<Pair>, Error> {
    let mut pairs = Vec::new();
    for path in &args.envs {
        let bytes = generator.loader.load(generator.root, path, generator.place)?;
        pairs.extend(lines(&bytes).map_err(|problem| problem.within(format!("`{path}`")).at(generator.place))?);
    }
    for source in &args.literals {
        pairs.push(literal(source).map_err(|problem| problem.at(generator.place))?);
    }
    for source in &args.files {
        let (key, path) = file(source).map_err(|problem| problem.at(generator.place))?;
        let bytes = generator.loader.load(generator.root, path, generator.place)?;
        pairs.push((key.to_owned(), bytes));
    }
    Ok(pairs)
}

fn literal(source: &str) -> Result<Pair, Problem> {
    match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), unquoted(value).as_bytes().to_vec())),
        _ => Err(Problem::invalid(format!("invalid literal source {source}, expected key=value"))),
    }
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Reads `path` or `key=path`; the key of a path is its last part.
fn file(source: &str) -> Result<(&str, &str), Problem> {
    match source.split('=').collect::<Vec<_>>()[..] {
        [path] => Ok((path.trim_end_matches('/').rsplit('/').next().unwrap_or(path), path)),
        ["", path] => {
            Err(Problem::invalid(format!("missing key name for file path \"{path}\" in source \"{source}\"")))
        }
        [key, ""] => Err(Problem::invalid(format!("missing file path for key name \"{key}\" in source \"{source}\""))),
        [key, path] => Ok((key, path)),
        _ => Err(Problem::invalid(format!("source \"{source}\" key name or file path contains '='"))),
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<Pair>, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut pairs = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line)
            .map_err(|_| Problem::invalid(format!("line {} has invalid utf8 bytes", index + 1)))?;
        let line = line.trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            pairs.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    Ok(pairs.into_iter().filter(|(key, _): &Pair| !key.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a=b=c", "a", "b=c")]
    #[case("a='b'", "a", "b")]
    #[case("a=\"b'", "a", "\"b'")]
    #[case("a='", "a", "'")]
    fn literals_are_split_at_the_first_sign(#[case] source: &str, #[case] key: &str, #[case] value: &str) {
        assert_eq!(literal(source), Ok((key.to_owned(), value.as_bytes().to_vec())));
    }

    #[test]
    fn lines_keep_what_follows_the_sign() {
        let read = lines(b"\xef\xbb\xbf# no\n\n  a=b \r\nc\n=x\n").unwrap();
        assert_eq!(read, [("a".to_owned(), b"b ".to_vec()), ("c".to_owned(), Vec::new())]);
    }

    #[rstest]
    #[case("dir/x.txt", Ok(("x.txt", "dir/x.txt")))]
    #[case("k=dir/x.txt", Ok(("k", "dir/x.txt")))]
    fn files_have_a_key(#[case] source: &str, #[case] expected: Result<(&str, &str), Problem>) {
        assert_eq!(file(source), expected);
        assert!(file("a=b=c").is_err() && file("=b").is_err());
    }
}
