//! What pipelines come to: Go's evaluation, node by node.
//!
//! minijinja decides which site of a template is next; a site's pipelines are evaluated here. Every error tells the node
//! that Go would tell, which is the one that was looked at last.

mod args;
mod call;
mod fields;
mod trouble;

use std::sync::MutexGuard;

pub(crate) use call::without_no_value;
pub(crate) use trouble::{Layer, Outcome, Trouble};

use crate::{
    builtins::Operand,
    engine::{Machine, Session, Unit},
    print,
    syntax::{Command, Node, Number, Pipe, Syntax, Term, Variable},
    value::Value,
};

/// Evaluates the pipelines of one site.
pub(crate) struct Evaluator<'u> {
    session: &'u Session,
    /// Away while another template is executed.
    machine: Option<MutexGuard<'u, Machine>>,
    pub(crate) unit: &'u Unit,
    pub(crate) dot: Operand,
    /// What was looked at last.
    at: &'u dyn Syntax,
}

impl<'u> Evaluator<'u> {
    /// Begins at a pipeline or another node.
    pub(crate) fn new(session: &'u Session, unit: &'u Unit, dot: usize, at: &'u dyn Syntax) -> Self {
        let machine = session.machine();
        let dot = machine.dot(dot);
        Self { session, machine: Some(machine), unit, dot, at }
    }

    pub(crate) fn machine(&mut self) -> &mut Machine {
        self.machine.as_mut().expect("invariant: the machine is back after each execution")
    }

    /// Runs something that takes the machine for itself.
    pub(crate) fn away<T>(&mut self, run: impl FnOnce(&'u Session) -> T) -> T {
        self.machine = None;
        let result = run(self.session);
        self.machine = Some(self.session.machine());
        result
    }

    pub(crate) fn look_at(&mut self, node: &'u dyn Syntax) {
        self.at = node;
    }

    /// Evaluates what is in parentheses. Templates in parentheses in templates may use up any stack.
    fn parenthesized(&mut self, pipe: &'u Pipe) -> Outcome<Value> {
        if !self.machine().nest() {
            return self.fail("parentheses and templates nest too deep");
        }
        let value = self.pipe(pipe)?;
        self.machine().unnest();
        Ok(value)
    }

    /// Returns what a pipeline comes to, and declares or assigns its variables.
    pub(crate) fn pipe(&mut self, pipe: &'u Pipe) -> Outcome<Value> {
        self.at = pipe;
        let mut last = None;
        for command in &pipe.commands {
            self.step()?;
            last = Some(self.command(command, last)?.value);
        }
        let value = last.unwrap_or(Value::Nil);
        for variable in &pipe.variables {
            let operand = Operand::plain(value.clone());
            match pipe.assigns {
                true => self.assign(&variable.name, operand)?,
                false => self.machine().frame().declare(&variable.name, operand),
            }
        }
        Ok(value)
    }

    /// Executes an action: what it comes to is printed, unless it is for variables.
    pub(crate) fn action(&mut self, pipe: &'u Pipe) -> Outcome<()> {
        let value = self.pipe(pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        let machine = self.machine();
        let before = machine.out.len();
        match &value {
            Value::Nil => machine.out.extend_from_slice(b"<no value>"),
            Value::Object(object) => machine.out.extend_from_slice(object.show().as_bytes()),
            value => print::append(&mut machine.out, value),
        }
        let cost = print::cost(&machine.out[before..]);
        self.take(cost)
    }

    /// Executes `template`.
    pub(crate) fn template(&mut self, node: &'u Node) -> Outcome<()> {
        let Node::Template { name, pipe, .. } = node else { return Ok(()) };
        self.at = node;
        let Some(entry) = self.machine().lookup(name) else {
            let name = String::from_utf8_lossy(&print::quote(name.as_bytes())).into_owned();
            return self.fail(format!("template {name} not defined"));
        };
        if let Some(limit) = self.machine().depth_limit() {
            return self.fail(limit);
        }
        let dot = match pipe {
            Some(pipe) => self.pipe(pipe)?,
            None => Value::Nil,
        };
        self.away(|session| session.execute(entry, dot))
    }

    pub(crate) fn assign(&mut self, name: &crate::Str, operand: Operand) -> Outcome<()> {
        match self.machine().frame().assign(name, operand) {
            true => Ok(()),
            false => self.fail(format!("undefined variable: {name}")),
        }
    }

    fn step(&mut self) -> Outcome<()> {
        match self.machine().step() {
            Ok(()) => Ok(()),
            Err(failure) => self.fail_with("", failure),
        }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Outcome<()> {
        match self.machine().take(bytes) {
            Ok(()) => Ok(()),
            Err(failure) => self.fail_with("", failure),
        }
    }

    /// Ends the execution at the node that was looked at last.
    pub(crate) fn fail<T>(&mut self, message: impl Into<String>) -> Outcome<T> {
        let layer = self.layer(message.into());
        Err(Trouble::of(layer))
    }

    /// Ends the execution with a failure as the cause.
    pub(crate) fn fail_with<T>(&mut self, message: &str, failure: crate::Failure) -> Outcome<T> {
        let layer = self.layer(message.to_owned());
        Err(Trouble::caused(failure, layer))
    }

    fn layer(&mut self, message: String) -> Layer {
        let (at, source) = (self.at, &self.unit.source);
        self.machine().frame().layer(source, at, message)
    }

    /// Evaluates a command; `last` is what the command before came to.
    fn command(&mut self, command: &'u Command, last: Option<Value>) -> Outcome<Operand> {
        let Some((first, args)) = command.terms.split_first() else { return Ok(Operand::plain(Value::Nil)) };
        match first {
            Term::Field(_, names) => {
                self.at = first;
                let dot = self.dot.clone();
                self.fields(dot, names, first, args, last)
            }
            Term::Chain(_, inner, names) => self.chain(first, inner, names, args, last),
            Term::Function(_, callee) => {
                self.at = first;
                self.call(callee, command, args, last)
            }
            Term::Pipe(pipe) => {
                self.no_arguments(first, args, &last)?;
                self.parenthesized(pipe).map(Operand::plain)
            }
            Term::Variable(variable) => self.variable(variable, args, last),
            _ => {
                self.at = first;
                self.no_arguments(first, args, &last)?;
                self.literal(first)
            }
        }
    }

    fn no_arguments(&mut self, first: &'u Term, args: &[Term], last: &Option<Value>) -> Outcome<()> {
        if args.is_empty() && last.is_none() {
            return Ok(());
        }
        let text = self.text_of(first);
        self.fail(format!("can't give argument to non-function {text}"))
    }

    pub(crate) fn text_of(&self, node: &dyn Syntax) -> String {
        let mut text = Vec::new();
        node.write(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn literal(&mut self, term: &'u Term) -> Outcome<Operand> {
        Ok(match term {
            Term::Bool(_, value) => Operand::plain(Value::Bool(*value)),
            Term::Dot(_) => self.dot.clone(),
            Term::Number(_, number) => Operand::plain(self.number(number)?),
            Term::String(_, _, value) => Operand::plain(value.clone()),
            _ => return self.fail("nil is not a command"),
        })
    }

    /// A number whose type nobody asks for has the one that it looks like.
    pub(crate) fn number(&mut self, number: &Number) -> Outcome<Value> {
        match (number.complex, number.int) {
            (Some((real, imaginary)), _) => Ok(crate::complex::value(real, imaginary)),
            _ if number.is_written_as_float() => Ok(Value::Float(number.float.unwrap_or_default())),
            (_, Some(int)) => Ok(Value::int(int)),
            _ => self.fail(format!("{} overflows int", number.text)),
        }
    }

    pub(crate) fn variable(
        &mut self,
        variable: &'u Variable,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        self.at = variable;
        let Some(value) = self.machine().frame().variable(&variable.name) else {
            return self.fail(format!("undefined variable: {}", variable.name));
        };
        if !variable.fields.is_empty() {
            return self.fields(value, &variable.fields, variable, args, last);
        }
        if !args.is_empty() || last.is_some() {
            return self.fail(format!("can't give argument to non-function {}", variable.name));
        }
        Ok(value)
    }

    pub(crate) fn chain(
        &mut self,
        chain: &'u Term,
        inner: &'u Term,
        names: &'u [crate::Str],
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        self.at = chain;
        let receiver = self.untyped_argument(inner)?;
        self.fields(receiver, names, chain, args, last)
    }
}
