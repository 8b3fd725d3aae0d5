//! The parameters of a call. The table has checked that they are there and of the right kind; this reads what is in them.

use serde_json::{Map, Value};

use crate::api::{Error, Status};
use crate::client::recipient;
use crate::stanza::Jid;

/// Most entries of a list.
const MAX_LIST: usize = 1024;

/// The parameters of one call.
pub(super) struct Params {
    method: &'static str,
    map: Map<String, Value>,
}

impl Params {
    pub(super) fn new(method: &'static str, map: Map<String, Value>) -> Self {
        Self { method, map }
    }

    /// The error for a parameter that is not as it should be: `what` goes on after its name.
    pub(super) fn wrong(&self, name: &str, what: &str) -> Error {
        let text = format!("{}: the parameter {name} {what}", self.method);
        Error::new(Status::INVALID_PARAMETER, text).with_key(name.to_owned())
    }

    /// A parameter; nothing if it was left out or is null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, Error> {
        self.optional_text(name).ok_or_else(|| self.wrong(name, "is missing"))
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Error> {
        self.value(name).and_then(Value::as_bool).ok_or_else(|| self.wrong(name, "is missing"))
    }

    pub(super) fn number(&self, name: &str) -> Result<f64, Error> {
        self.value(name).and_then(Value::as_f64).ok_or_else(|| self.wrong(name, "must be a number"))
    }

    /// A number that fits 32 bits, or nothing.
    pub(super) fn optional_count(&self, name: &str) -> Result<Option<u32>, Error> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.wrong(name, "must be a small number, and not negative"))
    }

    /// A person, or nothing.
    pub(super) fn optional_person(&self, name: &'static str) -> Result<Option<Jid>, Error> {
        self.optional_text(name).map(|text| recipient::person_or_bot(text, name)).transpose()
    }

    /// A list that is not empty.
    pub(super) fn list(&self, name: &str) -> Result<&[Value], Error> {
        let list = self.value(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match list.len() {
            0 => Err(self.wrong(name, "must be an array with something in it")),
            1..=MAX_LIST => Ok(list),
            _ => Err(self.wrong(name, "has too many entries; at most 1,024 are taken")),
        }
    }

    /// A list of texts that are not empty.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Error> {
        let text = |value: &Value| {
            let text = value.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| self.wrong(name, "must be an array of text"))
        };
        self.list(name)?.iter().map(text).collect()
    }
}
