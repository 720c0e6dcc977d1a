//! Go's complex numbers: templates can write them, and do nothing with them but print them.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::{
    object::Object,
    print::format_float,
    types::{Kind, Named},
    value::Value,
};

static COMPLEX: Named = Named { name: "complex128", underlying: None, methods: &[] };

#[derive(Debug)]
struct Complex(f64, f64);

/// Makes a `complex128`.
pub(crate) fn value(real: f64, imaginary: f64) -> Value {
    Value::Object(Arc::new(Complex(real, imaginary)))
}

impl Object for Complex {
    fn type_of(&self) -> &'static Named {
        &COMPLEX
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    fn is_true(&self) -> bool {
        self.0 != 0.0 || self.1 != 0.0
    }

    fn print(&self) -> String {
        let real = format_float(self.0, 'g', None);
        let imaginary = format_float(self.1, 'g', None);
        let sign = if imaginary.starts_with(['-', '+']) { "" } else { "+" };
        format!("({real}{sign}{imaginary}i)")
    }

    fn to_json(&self) -> Json {
        Json::Null
    }
}
