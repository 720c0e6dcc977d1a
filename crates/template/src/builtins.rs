//! What an identifier in a template calls: Go's own functions, those of the engine, and all others.

mod compare;
mod escape;
mod index;

pub(crate) use index::zero;

use crate::{
    function::{Call, Failure, Function, Functions, Signature},
    print,
    types::Type,
    value::Value,
};

/// What stands behind the name of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Callee {
    /// `and` and `or` look at no more arguments than they need.
    And,
    Or,
    /// `call`, which finds nothing to call.
    Call,
    /// Executes a template by name.
    Include,
    /// Executes a text.
    Tpl,
    Builtin(Builtin),
    Function(Function),
}

/// A function of Go's that sees its arguments as `reflect.Value`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builtin {
    name: &'static str,
    /// How many arguments it has, or has at least.
    least: usize,
    variadic: bool,
    pub(crate) call: fn(&[Operand]) -> Result<Value, Failure>,
}

/// A value, and whether Go knows no more of its type than `interface {}`.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    pub(crate) boxed: bool,
}

/// What a callee takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Params {
    Typed(Signature),
    /// `reflect.Value`, so many at least, and any number.
    Reflected {
        least: usize,
        variadic: bool,
    },
}

/// The functions that a template may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a>(pub(crate) &'a Functions);

const TEMPLATE: Signature = Signature::of(&[Type::String, Type::Any], Type::String);

const BUILTINS: &[Builtin] = &[
    Builtin { name: "not", least: 1, variadic: false, call: compare::not },
    Builtin { name: "eq", least: 1, variadic: true, call: compare::eq },
    Builtin { name: "ne", least: 2, variadic: false, call: compare::ne },
    Builtin { name: "lt", least: 2, variadic: false, call: compare::lt },
    Builtin { name: "le", least: 2, variadic: false, call: compare::le },
    Builtin { name: "gt", least: 2, variadic: false, call: compare::gt },
    Builtin { name: "ge", least: 2, variadic: false, call: compare::ge },
    Builtin { name: "len", least: 1, variadic: false, call: index::len },
    Builtin { name: "index", least: 1, variadic: true, call: index::index },
    Builtin { name: "slice", least: 1, variadic: true, call: index::slice },
];

const PRINTERS: &[Function] = &[
    Function { name: "print", signature: Signature::variadic(&[], Type::Any, Type::String), call: print_all },
    Function { name: "println", signature: Signature::variadic(&[], Type::Any, Type::String), call: print_line },
    Function { name: "printf", signature: Signature::variadic(&[Type::String], Type::Any, Type::String), call: printf },
    Function { name: "html", signature: Signature::variadic(&[], Type::Any, Type::String), call: escape::html },
    Function { name: "js", signature: Signature::variadic(&[], Type::Any, Type::String), call: escape::js },
    Function { name: "urlquery", signature: Signature::variadic(&[], Type::Any, Type::String), call: escape::urlquery },
];

impl Scope<'_> {
    /// Returns what a name calls. Other functions come before Go's.
    pub(crate) fn callee(self, name: &str) -> Option<Callee> {
        if let Some(function) = self.0.get(name) {
            return Some(Callee::Function(*function));
        }
        match name {
            "and" => return Some(Callee::And),
            "or" => return Some(Callee::Or),
            "call" => return Some(Callee::Call),
            "include" if self.0.has_templates() => return Some(Callee::Include),
            "tpl" if self.0.has_templates() => return Some(Callee::Tpl),
            _ => {}
        }
        if let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == name) {
            return Some(Callee::Builtin(*builtin));
        }
        PRINTERS.iter().find(|function| function.name == name).map(|function| Callee::Function(*function))
    }
}

impl Callee {
    /// Returns its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
            Self::Call => "call",
            Self::Include => "include",
            Self::Tpl => "tpl",
            Self::Builtin(builtin) => builtin.name,
            Self::Function(function) => function.name,
        }
    }

    /// Returns what it takes.
    pub(crate) fn params(&self) -> Params {
        match self {
            Self::And | Self::Or | Self::Call => Params::Reflected { least: 1, variadic: true },
            Self::Include | Self::Tpl => Params::Typed(TEMPLATE),
            Self::Builtin(Builtin { least, variadic, .. }) => Params::Reflected { least: *least, variadic: *variadic },
            Self::Function(function) => Params::Typed(function.signature),
        }
    }
}

impl Operand {
    /// A value whose type is known.
    pub(crate) fn plain(value: Value) -> Self {
        Self { value, boxed: false }
    }

    /// A value of a type that is known as far as a type says.
    pub(crate) fn of(value: Value, of: Type) -> Self {
        Self { value, boxed: of == Type::Any }
    }

    /// Says whether there is no value at all, not even a nil.
    pub(crate) fn is_invalid(&self) -> bool {
        !self.boxed && matches!(self.value, Value::Nil)
    }

    /// Returns the name of the type that Go knows.
    pub(crate) fn type_name(&self) -> String {
        match self.value.type_of() {
            Some(of) if !self.boxed => of.to_string(),
            _ => Type::Any.to_string(),
        }
    }
}

/// Returns the name of a value's dynamic type.
fn type_name(value: &Value) -> String {
    value.type_of().unwrap_or(Type::Any).to_string()
}

/// Returns the name of what a pointer points at, or of a value's own type.
fn pointee_name(value: &Value) -> String {
    let name = type_name(value);
    name.strip_prefix('*').map_or(name.clone(), str::to_owned)
}

fn print_all(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    made(call, print::sprint(args))
}

fn print_line(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    made(call, print::sprintln(args))
}

fn printf(call: &mut Call<'_>, args: &[Value]) -> Result<Value, Failure> {
    let (format, args) = args.split_first().unwrap_or((&Value::Nil, &[]));
    let format = print::text(format);
    made(call, print::sprintf(format.as_bytes(), args))
}

fn made(call: &mut Call<'_>, text: Vec<u8>) -> Result<Value, Failure> {
    call.take(print::cost(&text))?;
    Ok(Value::string(text))
}
