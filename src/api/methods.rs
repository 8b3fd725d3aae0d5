//! The table of methods for `wa_call`: what is not needed often enough for a function of its own.

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
