//! What holds for every text and every value.

use proptest::prelude::*;
use serde_json::{Map, Value as Json};
use sluice_yaml::{
    Duplicates, EmitOptions, Flavor, LayoutOptions, Limits, emit_v2, emit_v3, from_json, into_json, json_to_yaml,
    parse_all, parse_first, to_json,
};

/// Pieces that mean something to YAML, so that random texts get somewhere.
const PIECES: &[&str] = &[
    "a",
    "key",
    ": ",
    ":",
    "- ",
    "-",
    "? ",
    "\n",
    "\n  ",
    "\n    ",
    " ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "#",
    "&x ",
    "*x",
    "!!str ",
    "!t ",
    "!!binary ",
    "|",
    ">",
    "|-\n",
    ">2\n",
    "\"",
    "'",
    "<<: ",
    "~",
    "yes",
    "0x1F",
    "1.5",
    "2020-01-01",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "%TAG ! x:\n",
    "\\",
    "\r\n",
    "\u{85}",
    "\u{2028}",
    "é",
    "😀",
    "\u{feff}",
    "\0",
    "@",
    "a: |\n  t\n",
    "\"\\u00e9\"",
    "%41",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..30).prop_map(|pieces| pieces.concat())
}

fn word() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z \n:#'\"-]{0,100}",
        // What go-yaml's reader lets pass.
        prop::collection::vec(
            any::<char>().prop_filter("allowed", |c| !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')),
            0..8
        )
        .prop_map(|chars| chars.into_iter().collect()),
    ]
}

/// Words that go-yaml v3 reads again where it has laid them out: a text of several lines that begins with a tab becomes a
/// block, whose tab counts as an indentation (`reading.rs`).
fn laid_out() -> impl Strategy<Value = String> + Clone {
    let begins_with_tab = |text: &String| text.contains('\n') && text.trim_start_matches('\n').starts_with('\t');
    word().prop_filter("no block with a tab", move |text| !begins_with_tab(text))
}

/// Values of these words. No key is `<<`: go-yaml writes it without quotes, and then reads it as a merge (`reading.rs`).
fn value(word: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Json> {
    let key = word.clone().prop_filter("not a merge", |key| key != "<<");
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        word.prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|entries| Json::Object(Map::from_iter(entries))),
        ]
    })
}

fn read_everything(text: &str) {
    let limits = Limits::default();
    for node in parse_all(text, &limits).into_iter().flatten() {
        let _ = to_json(&node, Flavor::V3);
        let _ = emit_v3(&node, &LayoutOptions::default());
    }
    for duplicates in [Duplicates::LastWins, Duplicates::Refuse] {
        if let Ok(json) = parse_first(text, Flavor::V2, duplicates, &limits).and_then(|node| to_json(&node, Flavor::V2))
        {
            let _ = json_to_yaml(&json, &EmitOptions::FOLDED);
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), soup in soup()) {
        read_everything(&text);
        read_everything(&soup);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_everything(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_is_marshalled_is_read_again(json in value(word()), width in prop_oneof![Just(None), (1usize..90).prop_map(Some)]) {
        let text = emit_v2(&json, &EmitOptions { width });
        for flavor in [Flavor::V2, Flavor::V3] {
            let node = parse_first(&text, flavor, Duplicates::Refuse, &Limits::default()).unwrap();
            prop_assert_eq!(&to_json(&node, flavor).unwrap(), &json, "{}", text);
        }
    }

    #[test]
    fn json_is_the_same_without_a_copy(text in soup()) {
        if let Ok(node) = parse_first(&text, Flavor::V2, Duplicates::LastWins, &Limits::default()) {
            prop_assert_eq!(to_json(&node, Flavor::V2), into_json(node));
        }
    }

    #[test]
    fn what_is_laid_out_is_read_again(json in value(laid_out())) {
        let node = from_json(&json);
        let text = emit_v3(&node, &LayoutOptions::default());
        let read = parse_first(&text, Flavor::V3, Duplicates::Refuse, &Limits::default()).unwrap();
        prop_assert_eq!(&to_json(&read, Flavor::V3).unwrap(), &json, "{}", text);
        prop_assert_eq!(emit_v3(&read, &LayoutOptions::default()), text);
    }
}
