//! Trees as Go's `Node.String()` writes them.

use super::tree::{Branch, BranchKind, Command, Node, Pipe, Term, Variable};
use crate::{print, text::Str};

impl Node {
    /// Appends the node; texts come from the source.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>, source: &[u8]) {
        match self {
            Self::Text(range) => out.extend_from_slice(source.get(range.clone()).unwrap_or_default()),
            Self::Action(pipe) => in_braces(out, |out| pipe.append_to(out)),
            Self::Branch(branch) => branch.append_to(out, source),
            Self::Break => out.extend_from_slice(b"{{break}}"),
            Self::Continue => out.extend_from_slice(b"{{continue}}"),
            Self::Template { name, pipe, .. } => in_braces(out, |out| template(name, pipe.as_ref(), out)),
        }
    }
}

impl Branch {
    fn append_to(&self, out: &mut Vec<u8>, source: &[u8]) {
        in_braces(out, |out| {
            out.extend_from_slice(self.kind.name().as_bytes());
            out.push(b' ');
            self.pipe.append_to(out);
        });
        self.nodes.iter().for_each(|node| node.append_to(out, source));
        if let Some(otherwise) = &self.otherwise {
            out.extend_from_slice(b"{{else}}");
            otherwise.iter().for_each(|node| node.append_to(out, source));
        }
        out.extend_from_slice(b"{{end}}");
    }
}

impl BranchKind {
    /// Returns the keyword.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Range => "range",
            Self::With => "with",
        }
    }
}

impl Pipe {
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        for (index, variable) in self.variables.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b", " } else { b"" });
            variable.append_to(out);
        }
        if !self.variables.is_empty() {
            out.extend_from_slice(if self.assigns { b" = " } else { b" := " });
        }
        for (index, command) in self.commands.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b" | " } else { b"" });
            command.append_to(out);
        }
    }
}

impl Command {
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        for (index, term) in self.terms.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b" " } else { b"" });
            term.append_in_parens(out);
        }
    }
}

impl Variable {
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name.as_bytes());
        names(&self.fields, out);
    }
}

impl Term {
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(_, value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Chain(_, term, fields) => {
                term.append_in_parens(out);
                names(fields, out);
            }
            Self::Dot(_) => out.push(b'.'),
            Self::Field(_, fields) => names(fields, out),
            Self::Function(_, callee) => out.extend_from_slice(callee.name().as_bytes()),
            Self::Nil(_) => out.extend_from_slice(b"nil"),
            Self::Number(_, number) => out.extend_from_slice(number.text.as_bytes()),
            Self::Pipe(pipe) => pipe.append_to(out),
            Self::String(_, quoted, _) => out.extend_from_slice(quoted.as_bytes()),
            Self::Variable(variable) => variable.append_to(out),
        }
    }

    fn append_in_parens(&self, out: &mut Vec<u8>) {
        match self {
            Self::Pipe(pipe) => {
                out.push(b'(');
                pipe.append_to(out);
                out.push(b')');
            }
            _ => self.append_to(out),
        }
    }
}

fn in_braces(out: &mut Vec<u8>, inner: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"{{");
    inner(out);
    out.extend_from_slice(b"}}");
}

fn template(name: &Str, pipe: Option<&Pipe>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"template ");
    out.extend(print::quote(name.as_bytes()));
    if let Some(pipe) = pipe {
        out.push(b' ');
        pipe.append_to(out);
    }
}

fn names(names: &[Str], out: &mut Vec<u8>) {
    for name in names {
        out.push(b'.');
        out.extend_from_slice(name.as_bytes());
    }
}
