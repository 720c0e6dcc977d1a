//! What looks like a call and is none: `has`, loops, and expressions on optionals.

use std::sync::Arc;

use crate::{
    error::Flaw,
    syntax::{Kind, Loop, Mode, Node, Over},
};

/// Says whether a method of that name and number of arguments is a macro.
pub(crate) fn is_macro(name: &str, arguments: usize) -> bool {
    match name {
        "all" | "exists" | "exists_one" | "filter" | "optMap" | "optFlatMap" => arguments == 2,
        "map" => arguments == 2 || arguments == 3,
        _ => false,
    }
}

/// Makes the loop or binding of a macro; the first argument names its variable.
pub(crate) fn expand(operand: Node, macro_name: &str, arguments: Vec<Node>) -> Result<Kind, Flaw> {
    let mut arguments = arguments.into_iter();
    let name = arguments.next().map(variable).transpose()?.unwrap_or_default();
    let (first, second) = (arguments.next(), arguments.next());
    let over = match macro_name {
        "all" => Over::All,
        "exists" => Over::Exists,
        "exists_one" => Over::ExistsOne,
        "filter" => Over::Filter,
        "map" => Over::Map,
        flat => {
            let Some(body) = first else { return Ok(operand.kind) };
            let flat = flat == "optFlatMap";
            return Ok(Kind::Bind { flat, value: Box::new(operand), name, body: Box::new(body) });
        }
    };
    let (condition, transform) = match (over, second) {
        (Over::Map, None) => (None, first),
        (_, second) => (first, second),
    };
    Ok(Kind::Loop(Box::new(Loop { over, range: operand, name, condition, transform })))
}

fn variable(argument: Node) -> Result<Arc<str>, Flaw> {
    match argument.kind {
        Kind::Name(name) => Ok(name),
        _ => Err(Flaw::new(argument.at, "the first argument must be the name of a variable")),
    }
}

/// Makes the test of `has(a.b)`.
pub(crate) fn has(argument: &Node) -> Result<Kind, Flaw> {
    match &argument.kind {
        Kind::Select { operand, field, mode: Mode::Must } => {
            Ok(Kind::Select { operand: operand.clone(), field: field.clone(), mode: Mode::Test })
        }
        _ => Err(Flaw::new(argument.at, "`has` wants a field: `has(a.b)`")),
    }
}
