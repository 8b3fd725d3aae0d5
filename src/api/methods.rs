//! The table of methods for `wa_call`: what is not needed often enough for a function of its own.

use super::error::Error;
use super::status::Status;
use serde_json::{Map, Value};

/// One parameter of a method, or one field of what it gives.
#[derive(Debug, Clone, Copy)]
pub struct ParamInfo {
    /// The key in the JSON object.
    pub name: &'static str,
    /// `text`, `integer`, `boolean` or `json`.
    pub kind: &'static str,
    /// Whether it may be left out (a parameter) or null (a result).
    pub optional: bool,
    /// What it means.
    pub sentence: &'static str,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct MethodInfo {
    /// The dotted name.
    pub name: &'static str,
    /// The keys of the parameter object.
    pub params: &'static [ParamInfo],
    /// The keys of the result object.
    pub result: &'static [ParamInfo],
    /// Whether it needs a session that is logged in.
    pub needs_login: bool,
    /// The version that brought it.
    pub since: &'static str,
    /// What it does.
    pub sentence: &'static str,
}

/// The row of this method.
pub fn find_method(name: &str) -> Option<&'static MethodInfo> {
    METHODS.iter().find(|method| method.name == name)
}

/// Finds a method and checks the parameters it is called with: no JSON at all stands for no parameters.
pub fn check_call(
    name: &str,
    params_json: Option<&str>,
) -> Result<(&'static MethodInfo, Map<String, Value>), Error> {
    let method = find_method(name).ok_or_else(|| {
        let known: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
        Error::new(
            Status::UNKNOWN_METHOD,
            format!("there is no method of this name; there are {}", known.join(", ")),
        )
        .with_key("method")
    })?;
    let params = match params_json {
        None => Map::new(),
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => map,
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
    }
    if let Some(missing) =
        method.params.iter().find(|param| !param.optional && !params.contains_key(param.name))
    {
        let text = format!("{} needs the parameter {}", method.name, missing.name);
        return Err(Error::new(Status::INVALID_PARAMETER, text).with_key(missing.name));
    }
    Ok((method, params))
}

const fn param(name: &'static str, kind: &'static str, optional: bool, sentence: &'static str) -> ParamInfo {
    ParamInfo { name, kind, optional, sentence }
}

/// Every method there is, by name.
pub static METHODS: &[MethodInfo] = &[
    MethodInfo {
        name: "server.ping",
        params: &[],
        result: &[param("round_trip_ms", "integer", false, "Time until the server answered.")],
        needs_login: false,
        since: "0.1.0",
        sentence: "Asks the server for a sign of life on the connection that is open.",
    },
    MethodInfo {
        name: "session.erase",
        params: &[],
        result: &[],
        needs_login: false,
        since: "0.1.0",
        sentence: "Erases the session from the store without telling the server, and closes the client. The phone goes on listing \
                   the device until it is removed there; wa_logout is the polite way.",
    },
    MethodInfo {
        name: "session.list",
        params: &[],
        result: &[param(
            "sessions",
            "json",
            false,
            "The names of all sessions in the client's store, as an array of text.",
        )],
        needs_login: false,
        since: "0.1.0",
        sentence: "Lists the sessions of the store.",
    },
    MethodInfo {
        name: "session.status",
        params: &[],
        result: &[
            param("state", "text", false, "Where the connection stands, as in the event `connection`."),
            param("linked", "boolean", false, "Whether the session is linked to an account."),
            param("jid", "text", true, "The device's own JID."),
            param("lid", "text", true, "The device's own LID."),
            param("phone", "text", true, "The account's phone number, digits only."),
        ],
        needs_login: false,
        since: "0.1.0",
        sentence: "Tells where the session stands, without asking the server.",
    },
    MethodInfo {
        name: "version.latest",
        params: &[],
        result: &[param("version", "text", false, "The version, fit for the key `client.version`.")],
        needs_login: false,
        since: "0.1.0",
        sentence: "Asks WhatsApp's web site for the newest version of its web client. This is never done unasked.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_checked_against_the_table() {
        assert_eq!(check_call("session.status", None).unwrap().0.name, "session.status");
        assert!(check_call("session.status", Some(" {} ")).unwrap().1.is_empty());
        let deep = "[".repeat(100_000);
        for (method, params, status) in [
            ("session.stat", None, Status::UNKNOWN_METHOD),
            ("", None, Status::UNKNOWN_METHOD),
            ("session.status", Some("{"), Status::INVALID_JSON),
            ("session.status", Some(deep.as_str()), Status::INVALID_JSON),
            ("session.status", Some("[]"), Status::INVALID_PARAMETER),
            ("session.status", Some("{\"a\":1}"), Status::INVALID_PARAMETER),
        ] {
            assert_eq!(check_call(method, params).unwrap_err().status, status);
        }
    }

    #[test]
    fn rows_are_sorted_and_speak() {
        for pair in METHODS.windows(2) {
            assert!(pair[0].name < pair[1].name);
        }
        for method in METHODS {
            assert!(method.sentence.ends_with('.'), "{}", method.name);
            for item in method.params.iter().chain(method.result) {
                assert!(
                    item.sentence.ends_with('.')
                        && matches!(item.kind, "text" | "integer" | "boolean" | "json")
                );
            }
        }
    }
}
