//! The namespace of a release.

use serde_json::json;
use sluice_object::Object;

use crate::{
    error::{Error, hint_of},
    part::{Turn, answers},
    step::Input,
    work::Work,
    write::applied,
};

/// A namespace being made, as Helm makes it.
#[derive(Clone)]
pub(crate) struct Namespace;

impl Namespace {
    pub(crate) fn turn(&self, work: &Work, input: Option<Input>) -> Turn {
        let object = match namespace(&work.release.namespace) {
            Ok(object) => object,
            Err(error) => return Turn::Fail(error),
        };
        let Some(mut answers) = answers(input) else {
            let request = if work.server_side { work.apply(&object, false, false) } else { work.create(&object) };
            return Turn::Ask(vec![request]);
        };
        match answers.pop() {
            Some(Err(error)) if error.reason != "AlreadyExists" => {
                let text = if work.server_side { applied(&object, &error) } else { error.to_string() };
                Turn::Fail(Error::new(text).about(&object).hinted(hint_of(&error)))
            }
            _ => Turn::Done,
        }
    }
}

fn namespace(name: &str) -> Result<Object, Error> {
    let metadata = json!({"name": name, "labels": {"name": name}});
    // As Go writes it, so that the server notes the same fields.
    let value = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": {}});
    Object::new(value).map_err(|error| Error::new(error.to_string()))
}
