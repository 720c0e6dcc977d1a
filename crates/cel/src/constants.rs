//! Mistakes that show before an evaluation: conversions of constants, patterns, and numbers of arguments.

use crate::{
    declared,
    error::Flaw,
    evaluate,
    functions::{CONVERSIONS, read_pattern},
    steps::Steps,
    syntax::{Kind, Node},
    value::Value,
};

/// Looks for a call that cannot succeed whatever the variables are. Source: cel-go's planner.
pub(crate) fn check(node: &Node) -> Result<(), Flaw> {
    part(node, &mut Steps::new())
}

fn part(node: &Node, steps: &mut Steps) -> Result<(), Flaw> {
    if let Kind::Call { name, arguments, .. } = &node.kind {
        call(node, name, arguments, steps)?;
    }
    node.parts().into_iter().try_for_each(|inner| part(inner, steps))
}

fn call(node: &Node, name: &str, arguments: &[Node], steps: &mut Steps) -> Result<(), Flaw> {
    let mut overloads = declared::overloads(name).iter();
    let known = declared::is_function(name) || !arguments.is_empty();
    if !known || (declared::is_function(name) && !overloads.any(|overload| overload.takes.len() == arguments.len())) {
        return Err(Flaw::new(node.at, format!("no such overload: {name} of {} arguments", arguments.len())));
    }
    match arguments {
        [argument] if CONVERSIONS.contains(&name) && is_constant(argument) => match evaluate::constant(node) {
            Ok(_) => Ok(()),
            Err(fault) => Err(Flaw::new(node.at, fault.to_string())),
        },
        [_, Node { kind: Kind::Literal(Value::String(pattern)), at, .. }] if name == "matches" => {
            read_pattern(pattern, steps).map(|_| ()).map_err(|fault| Flaw::new(*at, fault.to_string()))
        }
        _ => Ok(()),
    }
}

fn is_constant(node: &Node) -> bool {
    match &node.kind {
        Kind::Literal(_) => true,
        Kind::List(_) | Kind::Map(_) => node.parts().into_iter().all(is_constant),
        _ => false,
    }
}
