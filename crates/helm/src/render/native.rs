//! Native templates: files of `templates/` that end in `.j2`, in minijinja's own language.
//!
//! A chart says in its annotations that it has them, and the operator allows them. Steps and output are bounded, what
//! lies in variables is not: minijinja does not count it.

use std::{collections::BTreeMap, io};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value as Jinja, syntax::SyntaxConfig, value::Serde,
};
use serde_json::Value as Json;
use sluice_template::{Failure, Limits, Value};
use sluice_yaml::{EmitOptions, json_to_yaml};

use super::{Files, scope::Template};
use crate::{chart::Metadata, files, manifest::is_partial, values::to_json};

/// The annotation of charts with native templates.
const ANNOTATION: &str = "sluice.dev/native-templates";
const EXTENSION: &str = ".j2";
/// What the templates see of what others see.
const SEEN: [&str; 4] = ["Capabilities", "Chart", "Release", "Values"];
/// Templates and macros in one another: so many fit on the stack of any thread.
const DEEPEST: usize = 100;

/// Says whether a file of a chart is a native template.
pub(super) fn is_native(metadata: &Metadata, file: &str) -> bool {
    file.ends_with(EXTENSION) && metadata.annotations.get(ANNOTATION).is_some_and(|value| value == "true")
}

/// Renders the native templates of a chart and of those below it; they see values as nobody has changed them yet.
pub(super) fn render(templates: &[Template<'_>], limits: &Limits) -> Result<Files, Failure> {
    let mut charts = BTreeMap::<&str, Vec<_>>::new();
    for template in templates {
        charts.entry(&template.base).or_default().push(template);
    }
    let (mut rendered, mut left) = (Files::new(), *limits);
    for templates in charts.into_values() {
        chart(&templates, &mut left, &mut rendered)?;
    }
    Ok(rendered)
}

/// Refuses native templates where they are not allowed.
pub(super) fn refuse(templates: &[Template<'_>]) -> Result<(), Failure> {
    let refused = |template: &Template<'_>| {
        let hint = "hint: whoever runs this may allow them with --native-templates";
        Failure::new(format!("{} is a native template, and none are allowed here; {hint}", template.path))
    };
    templates.first().map_or(Ok(()), |template| Err(refused(template)))
}

/// Renders the templates of one chart. They know one another by their paths below `templates/`.
fn chart(templates: &[&Template<'_>], left: &mut Limits, rendered: &mut Files) -> Result<(), Failure> {
    let mut environment = environment();
    for template in templates {
        let text = files::text(&template.file.data).into_owned();
        let added = environment.add_template_owned(name(template).to_owned(), text);
        added.map_err(|error| failure(template, &error))?;
    }
    for template in templates.iter().filter(|template| !is_partial(&template.path)) {
        environment.set_fuel(Some(left.steps));
        let text = one(&environment, template, left).map_err(|error| failure(template, &error))?;
        rendered.insert(template.path.clone(), text);
    }
    Ok(())
}

fn one(environment: &Environment<'_>, template: &Template<'_>, left: &mut Limits) -> Result<Vec<u8>, Error> {
    let mut out = Bounded { text: Vec::new(), left: &mut left.bytes };
    let captured = environment.get_template(name(template))?.render_captured_to(seen(template), &mut out)?;
    left.steps = captured.state().fuel_levels().map_or(0, |(_, remaining)| remaining);
    Ok(out.text)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build().expect("invariant: the delimiters are minijinja's own"));
    environment.set_recursion_limit(DEEPEST);
    environment.add_filter("toyaml", to_yaml);
    environment
}

/// Writes a value as `toYaml` does.
fn to_yaml(value: &Jinja) -> Result<String, Error> {
    let refused = |error: &dyn std::fmt::Display| Error::new(ErrorKind::BadSerialization, error.to_string());
    let json = serde_json::to_value(value).map_err(|error| refused(&error))?;
    let text = json_to_yaml(&json, &EmitOptions::FOLDED).map_err(|error| refused(&error))?;
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

fn name<'a>(template: &'a Template<'_>) -> &'a str {
    template.file.name.strip_prefix("templates/").unwrap_or(&template.file.name)
}

fn seen(template: &Template<'_>) -> Jinja {
    let entry = |key: &str| (key.to_owned(), to_json(&template.scope.get(key.as_bytes()).unwrap_or(Value::Nil)));
    Jinja::from(Serde(Json::Object(SEEN.into_iter().map(entry).collect())))
}

fn failure(template: &Template<'_>, error: &Error) -> Failure {
    let file = error.name().unwrap_or_else(|| name(template));
    let line = error.line().unwrap_or(1);
    let text = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template takes more steps than it may".to_owned(),
        (ErrorKind::WriteFailure, _) => "the template makes more text than it may".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    Failure::new(format!("execution error at ({}/{file}:{line}): {text}", template.base))
}

/// What a template writes, up to a bound.
struct Bounded<'a> {
    text: Vec<u8>,
    left: &'a mut usize,
}

impl io::Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
