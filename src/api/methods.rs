//! The description of the methods of `wa_call`, and the check of parameters against it. The rows stand with their handlers.

use super::error::Error;
use super::status::Status;
use serde_json::{Map, Value};

/// One parameter of a method, or one field of what it gives.
#[derive(Debug, Clone, Copy)]
pub struct ParamInfo {
    /// The key in the JSON object.
    pub name: &'static str,
    /// One of [`KINDS`](super::field::KINDS).
    pub kind: &'static str,
    /// Set if it may be left out (a parameter) or null (a result).
    pub optional: bool,
    /// Its meaning.
    pub sentence: &'static str,
}

/// The description of a method.
#[derive(Debug, Clone, Copy)]
pub struct MethodInfo {
    /// The dotted name.
    pub name: &'static str,
    /// The keys of the parameter object.
    pub params: &'static [ParamInfo],
    /// The keys of the result object.
    pub result: &'static [ParamInfo],
    /// Set if it needs a session that is logged in: without one it is answered, and does nothing.
    pub needs_login: bool,
    /// The version that brought it.
    pub since: &'static str,
    /// A sentence that says its effect.
    pub sentence: &'static str,
}

/// The deepest nesting of parameters. Each level takes some of the calling thread's stack, which may be small; no method has more than
/// four.
const NESTING_MAX: usize = 16;

/// Returns the deepest nesting of arrays and objects in a JSON text.
fn nesting(json: &str) -> usize {
    let (mut depth, mut most, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// Checks the parameters that a method is called with: no JSON at all stands for no parameters.
pub(crate) fn check_params(
    method: &MethodInfo,
    params_json: Option<&str>,
) -> Result<Map<String, Value>, Error> {
    let params = match params_json {
        None => Map::new(),
        Some(text) if nesting(text) > NESTING_MAX => {
            let text = format!("the parameters are nested more than {NESTING_MAX} levels deep");
            return Err(Error::new(Status::INVALID_JSON, text).with_key("params_json"));
        }
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
            Ok(Value::Null) => Map::new(),
            Ok(_) => {
                let text = "the parameters must be one JSON object";
                return Err(Error::new(Status::INVALID_PARAMETER, text).with_key("params_json"));
            }
            Err(error) => {
                let text = format!("the parameters are not JSON: {error}");
                return Err(Error::new(Status::INVALID_JSON, text).with_key("params_json"));
            }
        },
    };
    for (key, value) in &params {
        let Some(param) = method.params.iter().find(|param| param.name == key) else {
            let shown: String = key.chars().take(60).collect();
            let text = format!("{} has no such parameter", method.name);
            return Err(Error::new(Status::INVALID_PARAMETER, text).with_key(shown));
        };
        let fits = match param.kind {
            "text" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            _ => true,
        };
        if !(fits || (param.optional && value.is_null())) {
            let text = format!("{}: the parameter {} must be {}", method.name, param.name, param.kind);
            return Err(Error::new(Status::INVALID_PARAMETER, text).with_key(param.name));
        }
        // A text of C ends there, and so do those of events: what was sent could not be shown.
        if holds_nul(value) {
            let text =
                format!("{}: the parameter {} holds a NUL character (\\u0000)", method.name, param.name);
            return Err(Error::new(Status::INVALID_PARAMETER, text).with_key(param.name));
        }
    }
    if let Some(missing) =
        method.params.iter().find(|param| !param.optional && !params.contains_key(param.name))
    {
        let text = format!("{} needs the parameter {}", method.name, missing.name);
        return Err(Error::new(Status::INVALID_PARAMETER, text).with_key(missing.name));
    }
    Ok(params)
}

/// Returns whether a NUL is in any text of it, at any depth. The parser bounds the depth.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Makes the row of a parameter, or of a field of a result.
pub(crate) const fn param(
    name: &'static str,
    kind: &'static str,
    optional: bool,
    sentence: &'static str,
) -> ParamInfo {
    ParamInfo { name, kind, optional, sentence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_held_against_the_description() {
        const METHOD: MethodInfo = MethodInfo {
            name: "a.b",
            params: &[param("text", "text", false, "A."), param("count", "integer", true, "B.")],
            result: &[],
            needs_login: false,
            since: "0.1.0",
            sentence: "C.",
        };
        let checked = check_params(&METHOD, Some(" {\"text\":\"x\",\"count\":null} ")).unwrap();
        assert_eq!(checked.len(), 2);
        let deep = "[".repeat(100_000);
        for (params, status, key) in [
            (None, Status::INVALID_PARAMETER, "text"),
            (Some("null"), Status::INVALID_PARAMETER, "text"),
            (Some("{"), Status::INVALID_JSON, "params_json"),
            (Some(deep.as_str()), Status::INVALID_JSON, "params_json"),
            (Some("[]"), Status::INVALID_PARAMETER, "params_json"),
            (Some("{\"text\":1}"), Status::INVALID_PARAMETER, "text"),
            (Some("{\"text\":\"x\\u0000\"}"), Status::INVALID_PARAMETER, "text"),
            (Some("{\"text\":\"x\",\"count\":1.5}"), Status::INVALID_PARAMETER, "count"),
            (Some("{\"text\":\"x\",\"a\":1}"), Status::INVALID_PARAMETER, "a"),
        ] {
            let error = check_params(&METHOD, params).unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (status, Some(key)), "{params:?}");
        }
    }
}
