//! Violations of schemas in the words of the library that Helm checks with.

use boon::{ErrorKind, InstanceToken, ValidationError};
use serde_json::{Number, Value as Json};

/// Returns a violation with all that caused it, a line each, without a line end. Patterns are shown as the schema has
/// them.
pub(super) fn text(error: &ValidationError<'_, '_>, schema: &Json) -> String {
    let mut lines = Lines { schema, found: Vec::new(), bytes: 0 };
    lines.add(error, 0, error.schema_url, false);
    lines.found.join("\n")
}

/// Nobody reads on from here; a schema with enough alternatives would fill the memory.
const MOST_BYTES: usize = 1 << 20;

struct Lines<'a> {
    schema: &'a Json,
    found: Vec<String>,
    bytes: usize,
}

impl Lines<'_> {
    /// Adds an error and its causes. `base` is where in the schema what is around it stands; `combined` says that a
    /// combination around it has a line already.
    fn add(&mut self, error: &ValidationError<'_, '_>, depth: usize, base: &str, combined: bool) {
        if self.bytes > MOST_BYTES {
            return;
        }
        let tokens = tokens(error);
        let mut depth = depth;
        for (name, length) in combinations(base, error.schema_url, tokens.len()).skip(usize::from(combined)) {
            let words = if name == "oneOf" { "failed, none matched" } else { "failed" };
            self.line(depth, &format!("at {}: '{name}' {words}", quoted(&tokens[..length].concat())));
            depth += 1;
        }
        // A reference says nothing that its one cause does not say.
        if !(error.causes.len() == 1 && matches!(error.kind, ErrorKind::Reference { .. })) {
            let place = match error.kind {
                ErrorKind::Schema { .. } => String::new(),
                _ => format!("at {}: ", quoted(&tokens.concat())),
            };
            self.line(depth, &format!("{place}{}", self.words(error)));
            depth += 1;
        }
        let base = match &error.kind {
            ErrorKind::Reference { url, .. } => url,
            _ => error.schema_url,
        };
        let combined = matches!(error.kind, ErrorKind::AllOf | ErrorKind::AnyOf | ErrorKind::OneOf(None));
        error.causes.iter().for_each(|cause| self.add(cause, depth, base, combined));
    }

    fn line(&mut self, depth: usize, text: &str) {
        let bullet = if depth == 0 { String::new() } else { format!("{}- ", "  ".repeat(depth - 1)) };
        self.bytes += bullet.len() + text.len();
        self.found.push(format!("{bullet}{text}"));
    }

    fn words(&self, error: &ValidationError<'_, '_>) -> String {
        match &error.kind {
            ErrorKind::Pattern { got, want } => {
                let pointer = error.schema_url.split_once('#').map_or("", |(_, pointer)| pointer);
                let written = self.schema.pointer(&format!("{pointer}/pattern")).and_then(Json::as_str);
                format!("{} does not match pattern {}", quoted(got), quoted(written.unwrap_or(want)))
            }
            other => kind(other),
        }
    }
}

/// Returns where a value stands, a token for each step, with its `/`.
fn tokens(error: &ValidationError<'_, '_>) -> Vec<String> {
    let token = |token: &InstanceToken<'_>| match token {
        InstanceToken::Prop(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        InstanceToken::Item(index) => format!("/{index}"),
    };
    error.instance_location.tokens.iter().map(token).collect()
}

/// Returns the combinations between two places of a schema, each with how deep the value stands that it is about.
///
/// The library leaves a combination away of which one part has failed; Helm's does not.
fn combinations<'a>(base: &str, url: &'a str, length: usize) -> impl Iterator<Item = (&'a str, usize)> {
    let path = url.strip_prefix(base).unwrap_or_default();
    let mut rest = path.split('/').filter(|token| !token.is_empty()).peekable();
    let (mut found, mut steps) = (Vec::new(), 0);
    while let Some(keyword) = rest.next() {
        match keyword {
            "allOf" | "anyOf" | "oneOf" => {
                rest.next();
                found.push((keyword, steps));
            }
            "properties" | "patternProperties" | "prefixItems" => {
                rest.next();
                steps += 1;
            }
            "dependentSchemas" | "dependencies" => _ = rest.next(),
            "items" => {
                rest.next_if(|token| token.bytes().all(|byte| byte.is_ascii_digit()));
                steps += 1;
            }
            "additionalProperties" | "additionalItems" | "contains" => steps += 1,
            "unevaluatedProperties" | "unevaluatedItems" => steps += 1,
            _ => {}
        }
    }
    let before = length.saturating_sub(steps);
    found.into_iter().map(move |(keyword, steps)| (keyword, before + steps))
}

fn kind(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Group | ErrorKind::Reference { .. } => "validation failed".into(),
        ErrorKind::Schema { url } => format!("jsonschema validation failed with {}", quoted(&with_fragment(url))),
        ErrorKind::Not => "'not' failed".into(),
        ErrorKind::AllOf => "'allOf' failed".into(),
        ErrorKind::AnyOf => "'anyOf' failed".into(),
        ErrorKind::OneOf(None) => "'oneOf' failed, none matched".into(),
        ErrorKind::OneOf(Some((one, two))) => {
            format!("'oneOf' failed, subschemas {}, {} matched", grouped(*one), grouped(*two))
        }
        ErrorKind::FalseSchema => "false schema".into(),
        ErrorKind::ContentSchema => "'contentSchema' failed".into(),
        ErrorKind::Contains => "no items match contains schema".into(),
        ErrorKind::RefCycle { url, kw_loc1, kw_loc2 } => {
            let url = sluice_yaml::quote(url);
            format!("both {kw_loc1} and {kw_loc2} resolve to {url} causing reference cycle")
        }
        ErrorKind::PropertyName { prop } => format!("invalid propertyName {}", quoted(prop)),
        ErrorKind::AdditionalProperties { got } => format!("additional properties {} not allowed", listed(got)),
        ErrorKind::Required { want } if want.len() == 1 => format!("missing property {}", listed(want)),
        ErrorKind::Required { want } => format!("missing properties {}", listed(want)),
        ErrorKind::Dependency { prop, missing } | ErrorKind::DependentRequired { prop, missing } => {
            format!("properties {} required, if {} exists", listed(missing), quoted(prop))
        }
        ErrorKind::Format { got, want, err } => format!("{} is not valid {want}: {err}", shown(got)),
        ErrorKind::ContentEncoding { want, err } => format!("value is not {} encoded: {err}", quoted(want)),
        ErrorKind::ContentMediaType { want, err, .. } => format!("value if not of mediatype {}: {err}", quoted(want)),
        ErrorKind::Type { .. } | ErrorKind::Enum { .. } | ErrorKind::Const { .. } => wanted(kind),
        other => measured(other),
    }
}

/// What should have been there.
fn wanted(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Type { got, want } => {
            let want: Vec<_> = want.iter().map(|of| of.to_string()).collect();
            format!("got {got}, want {}", want.join(" or "))
        }
        ErrorKind::Enum { want } if want.iter().any(is_compound) => "'enum' failed".into(),
        ErrorKind::Enum { want } if want.len() == 1 => format!("value must be {}", shown(&want[0])),
        ErrorKind::Enum { want } => {
            let want: Vec<_> = want.iter().map(shown).collect();
            format!("value must be one of {}", want.join(", "))
        }
        ErrorKind::Const { want } if is_compound(want) => "'const' failed".into(),
        ErrorKind::Const { want } => format!("value must be {}", shown(want)),
        other => other.to_string(),
    }
}

/// What is too much, or too little.
fn measured(kind: &ErrorKind<'_, '_>) -> String {
    let count = |what: &str, got: usize, want: usize| format!("{what}: got {}, want {}", grouped(got), grouped(want));
    let number = |what: &str, got: &Number, want: &Number| format!("{what}: got {}, want {}", local(got), local(want));
    match kind {
        ErrorKind::MinProperties { got, want } => count("minProperties", *got, *want),
        ErrorKind::MaxProperties { got, want } => count("maxProperties", *got, *want),
        ErrorKind::MinItems { got, want } => count("minItems", *got, *want),
        ErrorKind::MaxItems { got, want } => count("maxItems", *got, *want),
        ErrorKind::MinLength { got, want } => count("minLength", *got, *want),
        ErrorKind::MaxLength { got, want } => count("maxLength", *got, *want),
        ErrorKind::Minimum { got, want } => number("minimum", got, want),
        ErrorKind::Maximum { got, want } => number("maximum", got, want),
        ErrorKind::ExclusiveMinimum { got, want } => number("exclusiveMinimum", got, want),
        ErrorKind::ExclusiveMaximum { got, want } => number("exclusiveMaximum", got, want),
        ErrorKind::MultipleOf { got, want } => number("multipleOf", got, want),
        ErrorKind::UniqueItems { got: [one, two] } => {
            format!("items at {} and {} are equal", grouped(*one), grouped(*two))
        }
        ErrorKind::AdditionalItems { got } => format!("last {} additionalItem(s) not allowed", grouped(*got)),
        ErrorKind::MinContains { got, want } if got.is_empty() => {
            format!("min {} items required to match contains schema, but none matched", grouped(*want))
        }
        ErrorKind::MinContains { got, want } => contained("min", got, *want),
        ErrorKind::MaxContains { got, want } => contained("max", got, *want),
        other => other.to_string(),
    }
}

fn contained(bound: &str, got: &[usize], want: usize) -> String {
    let at: Vec<_> = got.iter().map(usize::to_string).collect();
    format!(
        "{bound} {} items required to match contains schema, but matched {} items at {}",
        grouped(want),
        grouped(got.len()),
        at.join(" ")
    )
}

/// Returns a URL with a fragment, if only an empty one.
pub(super) fn with_fragment(url: &str) -> String {
    if url.contains('#') { url.to_owned() } else { format!("{url}#") }
}

fn is_compound(json: &Json) -> bool {
    json.is_array() || json.is_object()
}

fn shown(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(_) | Json::Object(_) => "value".into(),
        Json::Null => "<nil>".into(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let text = sluice_yaml::quote(text).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{}'", &text[1..text.len() - 1])
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<_> = names.iter().map(|name| quoted(name.as_ref())).collect();
    names.join(", ")
}

fn grouped(count: usize) -> String {
    with_commas(&count.to_string())
}

/// Returns a number as Go's message printer writes it in English: `1,024.5`, `1×10⁰⁶`.
fn local(number: &Number) -> String {
    let text = sluice_yaml::format_g(number.as_f64().unwrap_or_default());
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{sign}{digits}×10{}", raised(exponent)),
        None => {
            let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, _)| (whole, &text[whole.len()..]));
            format!("{sign}{}{fraction}", with_commas(whole))
        }
    }
}

fn raised(exponent: &str) -> String {
    let digit = |digit: char| match digit {
        '-' => Some('⁻'),
        '0'..='9' => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'].get(digit as usize - '0' as usize).copied(),
        _ => None,
    };
    exponent.chars().filter_map(digit).collect()
}

fn with_commas(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
