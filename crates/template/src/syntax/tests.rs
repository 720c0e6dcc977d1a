//! Trees print as Go prints them; whatever the bytes are, reading them ends.

use proptest::prelude::*;
use rstest::rstest;

use super::{Delimiters, parse};
use crate::{Functions, builtins::Scope};

fn printed(source: &[u8]) -> Result<String, String> {
    let functions = Functions::default().with_templates();
    let parsed = parse(&"x".into(), source, &Delimiters::default(), &Scope(&functions))?;
    let mut text = Vec::new();
    for tree in parsed.trees {
        tree.nodes.iter().for_each(|node| node.append_to(&mut text, source));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[rstest]
#[case("{{- 1 -}}", "{{1}}")]
#[case("a {{/* c */}} b", "a  b")]
#[case("{{ $x := .a.b | print   1 'x' `r` \"q\" }}", "{{$x := .a.b | print 1 'x' `r` \"q\"}}")]
#[case("{{$x := 1}}{{ $x = (not $x.y) }}", "{{$x := 1}}{{$x = (not $x.y)}}")]
#[case("{{ (index . 1).a.b }}{{ nil | print }}", "{{(index . 1).a.b}}{{nil | print}}")]
#[case("{{ if 1 }}a{{ else if 2 }}b{{ else }}c{{ end }}", "{{if 1}}a{{else}}{{if 2}}b{{else}}c{{end}}{{end}}")]
#[case(
    "{{ range $i, $x := . }}{{ break }}{{ continue }}{{ else }}{{ end }}",
    "{{range $i, $x := .}}{{break}}{{continue}}{{else}}{{end}}"
)]
#[case(
    "{{ with .a }}{{ template `t` . }}{{ template \"u\" }}{{ end }}",
    "{{with .a}}{{template \"t\" .}}{{template \"u\"}}{{end}}"
)]
#[case("{{ block \"b\" 1 }}in{{ end }}", "in{{template \"b\" 1}}")]
fn trees_print_as_go_prints_them(#[case] source: &str, #[case] text: &str) {
    assert_eq!(printed(source.as_bytes()), Ok(text.to_owned()));
}

/// Pieces that make actions of all kinds, also broken ones.
const PIECES: &[&str] = &[
    "{{", "}}", "{{-", "-}}", " ", "\n", "if", "else", "end", "range", "with", "define", "block", "template", "break",
    "continue", "nil", "true", "$", "$x", ":=", "=", ",", "|", "(", ")", ".", ".a", ".a.b", "print", "and", "1", "-1",
    "0x1p4", "1i", "'a'", "\"s\"", "`r`", "/*", "*/", "text", "é", "\"", "'", "\\",
];

fn soup() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|pieces| pieces.join(" ").into_bytes())
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = printed(&bytes);
    }

    #[test]
    fn what_is_printed_prints_alike(source in soup()) {
        if let Ok(text) = printed(&source) {
            prop_assert_eq!(printed(text.as_bytes()), Ok(text));
        }
    }
}
