//! The table of methods for `wa_call`: what is not needed often enough for a function of its own.

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

/// How deep parameters may be nested. Each level takes some of the calling thread's stack, which may be small; no method has more than
/// four.
const NESTING_MAX: usize = 16;

/// How deep the arrays and objects of a JSON text are nested at most.
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
    Ok((method, params))
}

/// Whether a NUL is in any text of it, at any depth. The parser bounds the depth.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

const fn param(name: &'static str, kind: &'static str, optional: bool, sentence: &'static str) -> ParamInfo {
    ParamInfo { name, kind, optional, sentence }
}

/// What every method gives that sends a message.
const SENT: &[ParamInfo] = &[
    param("message_id", "text", false, "The id of the message."),
    param("chat", "text", false, "Where it went."),
    param("sent_at_ms", "integer", false, "The server's time for it, in milliseconds since 1970 UTC."),
];

/// The group that a method is about.
const GROUP: ParamInfo = param("chat", "text", false, "The group's JID.");

/// The people that a method is about.
const MEMBERS: ParamInfo =
    param("members", "array of text", false, "They, as JIDs or phone numbers with their country codes.");

/// What became of each of them.
const OUTCOMES: ParamInfo = param(
    "members",
    "array of objects",
    false,
    "What became of each of them: `jid`, `phone`, `outcome` (`done`, `must_be_invited`, `left_lately`, `already_so`, `blocked_us`, `not_found`, `group_is_full`, `refused`), WhatsApp's `code` for it, and for `must_be_invited` the `invite_code` and `invite_expires_at_ms` for an invitation by message.",
);

const EXPIRATION: ParamInfo = param(
    "expiration_s",
    "integer",
    true,
    "After how many seconds messages disappear; 0 for never. Official clients offer 86400, 604800 and 7776000.",
);

/// Everything about a group.
const GROUP_FIELDS: &[ParamInfo] = &[
    param("chat", "text", false, "The group's JID."),
    param("subject", "text", true, "Its name."),
    param("description", "text", true, "What it is about."),
    param("creator", "text", true, "The JID of who made it."),
    param("created_at_ms", "integer", true, "When."),
    param("size", "integer", false, "How many members it has."),
    param(
        "members",
        "array of objects",
        false,
        "The members, each with `jid`, `phone` (null if it is not known), `rank` (`member`, `admin`, `super_admin`).",
    ),
    param(
        "not_added",
        "array of objects",
        false,
        "Who was to be a member and is none, as `group.add` says it.",
    ),
    param("announcement", "boolean", false, "Whether only admins may send."),
    param("locked", "boolean", false, "Whether only admins may change name, picture and description."),
    param("expiration_s", "integer", false, "After how many seconds messages disappear; 0 for never."),
    param("all_may_add", "boolean", true, "Whether all members may add others, if it is said."),
    param("all_may_invite", "boolean", true, "Whether all members may see the invite link, if it is said."),
    param("join_approval", "boolean", false, "Whether admins confirm who joins."),
    param("suspended", "boolean", false, "Whether WhatsApp has closed it."),
    param("community", "boolean", false, "Whether it is a community."),
    param("parent", "text", true, "The JID of the community that it is part of."),
];

/// Every method there is, by name.
pub static METHODS: &[MethodInfo] = &[
    MethodInfo {
        name: "chat.activity",
        params: &[
            param("chat", "text", false, "The chat."),
            param("activity", "text", false, "`typing`, `recording` or `paused`."),
        ],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Shows the others in a chat that somebody is writing or recording, or has stopped. It fades by itself after some 20 seconds.",
    },
    MethodInfo {
        name: "contact.send",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param(
                "contacts",
                "array of objects",
                false,
                "The cards, each with `name` and `vcard`; together at most 1 MiB.",
            ),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Sends contact cards.",
    },
    MethodInfo {
        name: "contacts.check",
        params: &[param(
            "numbers",
            "array of text",
            false,
            "Phone numbers with their country codes, at most 500.",
        )],
        result: &[param(
            "contacts",
            "array of objects",
            false,
            "One object for each number, in the same order: `number` (digits only), `registered`, and, if it is, the `jid` to write to (whose digits may be others: some countries have two ways of writing theirs) and the `lid`.",
        )],
        needs_login: true,
        since: "0.1.0",
        sentence: "Asks which phone numbers are on WhatsApp. WhatsApp restricts accounts that ask for many that are not.",
    },
    MethodInfo {
        name: "group.add",
        params: &[GROUP, MEMBERS],
        result: &[OUTCOMES],
        needs_login: true,
        since: "0.1.0",
        sentence: "Adds members to a group.",
    },
    MethodInfo {
        name: "group.create",
        params: &[
            param("subject", "text", false, "Its name."),
            param(
                "members",
                "array of text",
                true,
                "The others in it, as JIDs or phone numbers with their country codes.",
            ),
            param("description", "text", true, "What it is about."),
            param("announcement", "boolean", true, "Whether only admins may send."),
            param("locked", "boolean", true, "Whether only admins may change name, picture and description."),
            EXPIRATION,
        ],
        result: GROUP_FIELDS,
        needs_login: true,
        since: "0.1.0",
        sentence: "Makes a group. Who could not be added stands in `not_added`.",
    },
    MethodInfo {
        name: "group.demote",
        params: &[GROUP, MEMBERS],
        result: &[OUTCOMES],
        needs_login: true,
        since: "0.1.0",
        sentence: "Makes admins of a group plain members.",
    },
    MethodInfo {
        name: "group.description",
        params: &[
            GROUP,
            param("description", "text", true, "The new text; left out, the old one is taken away."),
        ],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Changes what a group says it is about.",
    },
    MethodInfo {
        name: "group.info",
        params: &[GROUP],
        result: GROUP_FIELDS,
        needs_login: true,
        since: "0.1.0",
        sentence: "Asks for everything about a group.",
    },
    MethodInfo {
        name: "group.invite",
        params: &[
            GROUP,
            param("reset", "boolean", true, "Whether the old link is to lead nowhere, and a new one made."),
        ],
        result: &[
            param("code", "text", false, "The code."),
            param("link", "text", false, "The link with it."),
        ],
        needs_login: true,
        since: "0.1.0",
        sentence: "Asks for the link by which people join a group.",
    },
    MethodInfo {
        name: "group.join",
        params: &[param("code", "text", false, "The invite code, or the link with it.")],
        result: &[GROUP, param("pending", "boolean", false, "Whether an admin must confirm it first.")],
        needs_login: true,
        since: "0.1.0",
        sentence: "Joins a group by its invite code.",
    },
    MethodInfo {
        name: "group.leave",
        params: &[GROUP],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Leaves a group.",
    },
    MethodInfo {
        name: "group.list",
        params: &[],
        result: &[param(
            "groups",
            "array of objects",
            false,
            "The groups, each like the result of `group.info`.",
        )],
        needs_login: true,
        since: "0.1.0",
        sentence: "Asks for all groups that the account is in.",
    },
    MethodInfo {
        name: "group.promote",
        params: &[GROUP, MEMBERS],
        result: &[OUTCOMES],
        needs_login: true,
        since: "0.1.0",
        sentence: "Makes members of a group admins.",
    },
    MethodInfo {
        name: "group.remove",
        params: &[GROUP, MEMBERS],
        result: &[OUTCOMES],
        needs_login: true,
        since: "0.1.0",
        sentence: "Puts members out of a group.",
    },
    MethodInfo {
        name: "group.settings",
        params: &[
            GROUP,
            param("announcement", "boolean", true, "Whether only admins may send."),
            param("locked", "boolean", true, "Whether only admins may change name, picture and description."),
            EXPIRATION,
            param("all_may_add", "boolean", true, "Whether all members may add others."),
            param("all_may_invite", "boolean", true, "Whether all members may see the invite link."),
            param("join_approval", "boolean", true, "Whether admins confirm who joins."),
        ],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Changes settings of a group, one after the other; if one is refused, those before it are changed.",
    },
    MethodInfo {
        name: "group.subject",
        params: &[GROUP, param("subject", "text", false, "The new name.")],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Gives a group a new name.",
    },
    MethodInfo {
        name: "location.send",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("latitude", "number", false, "Degrees north, a number from -90 to 90."),
            param("longitude", "number", false, "Degrees east, a number from -180 to 180."),
            param("name", "text", true, "The name of the place."),
            param("address", "text", true, "Its address."),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Sends a place.",
    },
    MethodInfo {
        name: "message.delete",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("target", "text", false, "The id of the message."),
            param(
                "sender",
                "text",
                true,
                "Whose message it is, as a JID or a phone number, for an administrator of a group who deletes that of somebody else. Left out for an own message.",
            ),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Deletes a message for everybody.",
    },
    MethodInfo {
        name: "message.edit",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("target", "text", false, "The id of the own message."),
            param("text", "text", false, "The new text."),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Gives an own message a new text. Official clients take edits for 20 minutes after it was sent.",
    },
    MethodInfo {
        name: "message.react",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("target", "text", false, "The id of the message."),
            param("emoji", "text", false, "One emoji; empty takes an earlier reaction back."),
            param(
                "sender",
                "text",
                true,
                "Whose message it is, as a JID or a phone number; needed in groups, unless it is an own one.",
            ),
            param("from_me", "boolean", true, "Whether it is an own message."),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Reacts to a message with an emoji.",
    },
    MethodInfo {
        name: "message.read",
        params: &[
            param("chat", "text", false, "The chat."),
            param("message_ids", "array of text", false, "The ids of the messages."),
            param(
                "sender",
                "text",
                true,
                "Who sent them, as a JID or a phone number; needed in groups and in the status feed.",
            ),
        ],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Tells the sender, and the own other devices, that messages were read. If the account's privacy settings tell nobody, only the own devices learn it; the first call asks the server for these settings and waits for the answer.",
    },
    MethodInfo {
        name: "message.send",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("text", "text", false, "The text, at most 65,536 characters."),
            param(
                "quote",
                "json",
                true,
                "The message that it answers, as an object with `message_id`, `sender` (a JID or a phone number) and `text`; `chat` if it was sent in another one, such as `status@broadcast`.",
            ),
            param(
                "mentions",
                "array of text",
                true,
                "Who is mentioned, as JIDs or phone numbers; the text has `@` and the number of each. Both are changed to the names that the chat uses.",
            ),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Sends a text that may answer a message or mention people. wa_send_text does it for plain ones.",
    },
    MethodInfo {
        name: "poll.send",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("question", "text", false, "The question."),
            param("options", "array of text", false, "The answers to choose from, 2 to 12 and no two alike."),
            param("selectable", "integer", true, "How many may be chosen: 1 if left out, 0 for any number."),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Sends a poll.",
    },
    MethodInfo {
        name: "poll.vote",
        params: &[
            param(
                "chat",
                "text",
                false,
                "Where it goes: the chat of an event, a JID, or a phone number with its country code.",
            ),
            param("target", "text", false, "The id of the message with the poll."),
            param(
                "options",
                "array of text",
                false,
                "The options that are chosen, by their texts; none takes the vote back.",
            ),
            param(
                "sender",
                "text",
                true,
                "Who sent the poll, as a JID or a phone number; needed in groups, unless it is an own one.",
            ),
            param(
                "message_id",
                "text",
                true,
                "An id for the message that the host chooses; see wa_send_text.",
            ),
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Votes in a poll that came to this session. A vote takes the place of an earlier one.",
    },
    MethodInfo {
        name: "presence.set",
        params: &[param(
            "available",
            "boolean",
            false,
            "Whether the user counts as being there. While true, the phone may show no notifications.",
        )],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Shows contacts that the user is there, or not, also on later connections of this client. At first he is not.",
    },
    MethodInfo {
        name: "presence.subscribe",
        params: &[param("user", "text", false, "Whose, as a JID or a phone number.")],
        result: &[],
        needs_login: true,
        since: "0.1.0",
        sentence: "Asks for the `presence` and `chat.activity` events of a person, until the connection ends.",
    },
    MethodInfo {
        name: "restrictions.get",
        params: &[],
        result: &[
            param(
                "time_locked",
                "boolean",
                false,
                "Whether WhatsApp keeps the account from writing to people who do not know it.",
            ),
            param("ends_at_ms", "integer", true, "When that ends, if WhatsApp said so."),
            param("reason", "text", true, "Why, in WhatsApp's words, such as `DEFAULT`."),
            param(
                "first_contacts_per_hour",
                "integer",
                false,
                "How many first contacts the configuration allows in an hour; 0 for any number.",
            ),
            param("first_contacts_left", "integer", false, "How many of these are left."),
            param("waiting", "integer", false, "How many messages wait for their turn."),
            param("next_at_ms", "integer", true, "When the first of them goes out."),
        ],
        needs_login: false,
        since: "0.1.0",
        sentence: "Tells what holds for messages to people who do not know the account, without asking the server.",
    },
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
        params: &[param(
            "session",
            "text",
            true,
            "The name of another session of the same store, which no client has open; left out, it is the client's own. A session \
             that is too damaged to be opened can be erased so. A name that the store does not have is refused with \
             `WA_ERROR_UNKNOWN_SESSION`, also after it was erased.",
        )],
        result: &[],
        needs_login: false,
        since: "0.1.0",
        sentence: "Erases the session from the store without telling the server, and closes the client if it is its own. The phone \
                   goes on listing the device until it is removed there; wa_logout is the polite way. What limits the phone number stays \
                   in the store: the ration of pairing codes, the first contacts of the last hour, and WhatsApp's lock.",
    },
    MethodInfo {
        name: "session.list",
        params: &[],
        result: &[param(
            "sessions",
            "array of text",
            false,
            "The names of all sessions in the client's store.",
        )],
        needs_login: false,
        since: "0.1.0",
        sentence: "Lists the sessions of the store.",
    },
    MethodInfo {
        name: "session.restored",
        params: &[],
        result: &[],
        needs_login: false,
        since: "0.1.0",
        sentence: "Makes a store safe to use that is an older copy, put back from a backup or with the snapshot of a machine. Call it before wa_client_connect, once for each copy that is put back. Messages from an older copy would be encrypted with keys that were used since it was made; so all keys for sending are dropped, which is on the disk when the result comes. New ones are made at the next message to each device and group, and new prekeys are uploaded. The device stays linked. What came or was acknowledged after the copy was made is not in it: events that were not acknowledged in the copy come again, marked as redelivered. Messages that waited in it are sent under the ids they had, so that whoever has got one does not see it twice; one that was cancelled since, or had failed, is sent after all. What others have sent to the dropped keys is asked for again: it comes late, or not at all if they do not answer.",
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
        assert!(check_call("session.status", Some("null")).unwrap().1.is_empty());
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
                assert!(item.sentence.ends_with('.') && crate::api::KINDS.contains(&item.kind));
            }
        }
    }
}
