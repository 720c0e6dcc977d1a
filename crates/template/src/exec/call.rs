//! Calls of functions and methods.

use super::{Evaluator, Layer, Outcome, Trouble};
use crate::{
    builtins::{Callee, Operand, Params},
    function::{Call, Failure, Function},
    print,
    syntax::{Syntax, Term},
    text::Str,
    types::Type,
    value::Value,
};

/// Helm's bound on one template including itself.
const MOST_NESTED: usize = 1000;

impl<'u> Evaluator<'u> {
    /// Calls a function. `node` is where its errors are told; `last` is its last argument, if a command before made it.
    pub(super) fn call(
        &mut self,
        callee: &'u Callee,
        node: &'u dyn Syntax,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        match (callee, callee.params()) {
            (Callee::Function(function), params) => self.call_typed(function, params, None, node, args, last),
            (_, Params::Reflected { .. }) => self.call_reflected(callee, node, args, last),
            (_, params) => {
                let values = self.typed_arguments(callee.name(), params, None, args, last)?;
                let result = match callee {
                    Callee::Include => self.include(&values),
                    _ => self.tpl(&values),
                };
                match result {
                    Ok(text) => Ok(Operand::plain(text)),
                    Err(trouble) => {
                        self.look_at(node);
                        let layer = self.layer(format!("error calling {}: ", callee.name()));
                        Err(trouble.within(layer))
                    }
                }
            }
        }
    }

    /// Calls a function whose parameters have types; a method gets its receiver first.
    pub(super) fn call_typed(
        &mut self,
        function: &Function,
        params: Params,
        receiver: Option<Value>,
        node: &'u dyn Syntax,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        let values = self.typed_arguments(function.name, params, receiver, args, last)?;
        let mut call = self.machine().call();
        let result = (function.call)(&mut call, &values);
        self.machine().note(function.name, &values);
        self.machine().give_back(values);
        match result {
            Ok(value) => Ok(Operand::of(value, function.signature.result)),
            Err(failure) => self.refused(function.name, node, failure),
        }
    }

    fn refused<T>(&mut self, name: &str, node: &'u dyn Syntax, failure: Failure) -> Outcome<T> {
        self.look_at(node);
        self.fail_with(&format!("error calling {name}: "), failure)
    }

    fn typed_arguments(
        &mut self,
        name: &str,
        params: Params,
        receiver: Option<Value>,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Vec<Value>> {
        let Params::Typed(signature) = params else { return Ok(Vec::new()) };
        let fixed = &signature.params[usize::from(receiver.is_some()).min(signature.params.len())..];
        self.count(name, args.len(), last.is_some(), fixed.len(), signature.variadic.is_some())?;
        let of = |index: usize| fixed.get(index).copied().or(signature.variadic).unwrap_or(Type::Any);
        let mut values = self.machine().arguments();
        values.extend(receiver);
        for (index, term) in args.iter().enumerate() {
            let value = self.argument(of(index), term)?;
            values.push(value);
        }
        if let Some(last) = last {
            let value = self.checked(Operand::plain(last), of(args.len()))?;
            values.push(value);
        }
        Ok(values)
    }

    fn count(&mut self, name: &str, given: usize, last: bool, wanted: usize, variadic: bool) -> Outcome<()> {
        let all = given + usize::from(last);
        match variadic {
            true if all < wanted => {
                self.fail(format!("wrong number of args for {name}: want at least {wanted} got {given}"))
            }
            false if all != wanted => self.fail(format!("wrong number of args for {name}: want {wanted} got {all}")),
            _ => Ok(()),
        }
    }

    fn call_reflected(
        &mut self,
        callee: &'u Callee,
        node: &'u dyn Syntax,
        args: &'u [Term],
        last: Option<Value>,
    ) -> Outcome<Operand> {
        let Params::Reflected { least, variadic } = callee.params() else { return Ok(Operand::plain(Value::Nil)) };
        self.count(callee.name(), args.len(), last.is_some(), least, variadic)?;
        match callee {
            Callee::And => return self.first_that(false, args, last),
            Callee::Or => return self.first_that(true, args, last),
            _ => {}
        }
        let mut operands = Vec::with_capacity(args.len() + 1);
        for term in args {
            let operand = self.reflected_argument(term)?;
            operands.push(operand);
        }
        operands.extend(last.map(Operand::plain));
        let result = match callee {
            Callee::Builtin(builtin) => (builtin.call)(&operands),
            _ => Err(self.nothing_to_call(args, &operands)),
        };
        match result {
            Ok(value) => Ok(Operand::plain(value)),
            Err(failure) => self.refused(callee.name(), node, failure),
        }
    }

    /// `and`, `or`: the first argument that decides, or the last.
    fn first_that(&mut self, decides: bool, args: &'u [Term], last: Option<Value>) -> Outcome<Operand> {
        let mut operand = Operand::plain(Value::Nil);
        for term in args {
            operand = self.reflected_argument(term)?;
            if operand.value.is_true() == decides {
                return Ok(operand);
            }
        }
        Ok(last.map_or(operand, Operand::plain))
    }

    fn nothing_to_call(&self, args: &'u [Term], operands: &[Operand]) -> Failure {
        let Some(first) = operands.first().filter(|first| !matches!(first.value, Value::Nil)) else {
            return Failure::new("call of nil");
        };
        let name = match (args.first(), &first.value) {
            (Some(term), _) => self.text_of(term),
            (None, Value::String(text)) => text.to_string(),
            (None, _) => format!("<{} Value>", Operand::plain(first.value.clone()).type_name()),
        };
        let of = Operand::plain(first.value.clone()).type_name();
        Failure::new(format!("non-function {name} of type {of}"))
    }

    /// `include`: executes a template and returns its text.
    fn include(&mut self, values: &[Value]) -> Outcome<Value> {
        let [Value::String(name), data] = values else { return Ok(Value::Nil) };
        self.enter(name)?;
        let result = match self.machine().lookup(name) {
            Some(entry) => {
                let data = data.clone();
                self.captured(|session| session.execute(entry, data))
            }
            None => {
                let name = String::from_utf8_lossy(&print::quote(name.as_bytes())).into_owned();
                let text = format!("template: no template {name} associated with template \"gotpl\"");
                Err(Trouble::bare(Failure::new(text)))
            }
        };
        if let Some(count) = self.machine().includes.get_mut(name) {
            *count -= 1;
        }
        result.map(Value::string)
    }

    fn enter(&mut self, name: &Str) -> Outcome<()> {
        let count = self.machine().includes.entry(name.clone()).or_insert(0);
        if *count > MOST_NESTED {
            const CAUSE: &str = "unable to execute template";
            let text = format!("rendering template has a nested reference name: {name}: {CAUSE}");
            return Err(Trouble::bare(Failure { text, cause: Some(Box::new(Failure::new(CAUSE))) }));
        }
        *count += 1;
        Ok(())
    }

    /// `tpl`: executes a text. What it defines is there for what it calls.
    fn tpl(&mut self, values: &[Value]) -> Outcome<Value> {
        let [Value::String(text), data] = values else { return Ok(Value::Nil) };
        let quoted = |text: &Str| String::from_utf8_lossy(&print::quote(text.as_bytes())).into_owned();
        let (entry, before) = match self.machine().overlay(text) {
            Ok(found) => found,
            Err(failure) => {
                let text = format!("cannot parse template {}: {failure}", quoted(text));
                return Err(Trouble::bare(Failure { text, cause: Some(Box::new(failure)) }));
            }
        };
        let data = data.clone();
        let result = self.captured(|session| session.execute(entry, data));
        self.machine().restore(before);
        match result {
            Ok(made) => Ok(Value::string(without_no_value(made))),
            Err(trouble) => {
                let text = format!("error during tpl function execution for {}: ", quoted(text));
                Err(trouble.within(Layer::Wrapped(text)))
            }
        }
    }

    /// Runs an execution and takes what it has written.
    fn captured(&mut self, run: impl FnOnce(&'u crate::engine::Session) -> Outcome<()>) -> Outcome<Str> {
        let start = self.machine().out.len();
        let result = self.away(run);
        let out = &mut self.machine().out;
        let made = Str::from(&out[start..]);
        out.truncate(start);
        result.map(|()| made)
    }
}

impl crate::engine::Machine {
    /// Lends a call what it may reach.
    fn call(&mut self) -> Call<'_> {
        Call { world: self.world.as_mut(), budget: &mut self.bytes, lint: self.lint }
    }
}

/// Drops what an action prints for nothing, wherever it comes from.
pub(crate) fn without_no_value(text: Str) -> Str {
    const NOTHING: &[u8] = b"<no value>";
    let mut kept = Vec::new();
    let mut end = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), NOTHING) {
        kept.extend_from_slice(&text.as_bytes()[end..at]);
        end = at + NOTHING.len();
    }
    match end {
        0 => text,
        _ => [&kept, &text.as_bytes()[end..]].concat().into(),
    }
}
