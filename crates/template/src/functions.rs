//! Helm's functions: sprig's, and those that Helm adds or replaces. A file for each family of them.

mod arguments;
mod bytes;
mod cases;
mod certificates;
mod convert;
mod crypto;
mod dates;
mod decimal;
mod defaults;
mod derive;
mod dicts;
mod digest;
mod encoding;
mod equal;
mod json;
mod lists;
mod lookup;
mod math;
mod merge;
mod names;
mod numbers;
mod path;
mod random;
mod reflection;
mod regex;
mod semver;
mod sequences;
mod signatures;
mod strings;
mod toml;
mod unicode;
mod url;
mod words;
mod yaml;

use crate::{
    function::{Call, Failure, Function, Functions, Signature},
    value::Value,
};

/// What a function comes to.
type Answer = Result<Value, Failure>;

/// What Go says of a `nil` where sprig expects something.
const NIL_POINTER: &str = "runtime error: invalid memory address or nil pointer dereference";

static FAMILIES: &[&[Function]] = &[
    cases::ALL,
    certificates::FUNCTIONS,
    convert::ALL,
    crypto::FUNCTIONS,
    dates::FUNCTIONS,
    defaults::ALL,
    dicts::ALL,
    digest::ALL,
    encoding::ALL,
    json::FUNCTIONS,
    lists::ALL,
    lookup::FUNCTIONS,
    math::ALL,
    path::ALL,
    random::FUNCTIONS,
    reflection::ALL,
    regex::ALL,
    &semver::ALL,
    sequences::ALL,
    strings::ALL,
    toml::FUNCTIONS,
    url::ALL,
    words::ALL,
    yaml::FUNCTIONS,
];

impl Functions {
    /// Returns the functions that templates of Helm know beside those of the language.
    pub fn helm() -> Self {
        FAMILIES.iter().fold(Self::default(), |functions, family| functions.with(family))
    }
}

const fn function(name: &'static str, signature: Signature, call: fn(&mut Call<'_>, &[Value]) -> Answer) -> Function {
    Function { name, signature, call }
}

#[cfg(test)]
mod tests;
