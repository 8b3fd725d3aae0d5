//! The methods of `wa_call`: what a call that was checked against the table means.

mod groups;
mod mentions;
mod messages;
mod params;

use self::params::Params;
use super::recipient;
use crate::api::{Error, Status, check_call};
use crate::messaging::engine::{GroupCommand, OutboundMessage};
use crate::messaging::stanzas::devices::MAX_USERS;
use crate::messaging::stanzas::presence::ChatState;
use crate::pairing::PhoneNumber;
use crate::stanza::{Jid, Text};
use crate::store::SessionName;

pub(crate) use groups::LINK as GROUP_LINK;
pub(crate) use messages::{raw, text};

/// How the `result` event names what `wa_send_text` and `wa_send_message` ask for.
pub(crate) const MESSAGE: &str = "message.send";

/// A checked call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The method, as the table and the `result` event name it.
    pub(crate) name: &'static str,
    /// Set if it needs a session that is logged in: without one it is answered, and does nothing.
    pub(crate) needs_login: bool,
    pub(crate) action: Action,
}

/// The action of a call.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    ServerPing,
    RestrictionsGet,
    /// Of another session of the store, or the own.
    SessionErase(Option<SessionName>),
    SessionList,
    SessionRestored,
    SessionStatus,
    VersionLatest,
    /// Everything about groups.
    Group(Box<GroupCommand>),
    /// Everything that sends a message.
    Send(Box<OutboundMessage>),
    /// Whether these numbers, digits only, are on WhatsApp.
    CheckNumbers(Vec<String>),
    MarkRead {
        chat: Jid,
        sender: Option<Jid>,
        ids: Vec<Text>,
    },
    ShowActivity {
        chat: Jid,
        activity: ChatState,
    },
    SetPresence {
        available: bool,
    },
    Subscribe {
        user: Jid,
    },
}

impl Call {
    /// Reads a call, and refuses what the table does not know.
    pub(crate) fn parse(method: &str, params_json: Option<&str>) -> Result<Self, Error> {
        let (info, params) = check_call(method, params_json)?;
        let action = Action::parse(&Params::new(info.name, params), info.name)?;
        Ok(Self { name: info.name, needs_login: info.needs_login, action })
    }

    /// Returns the call that sends a message which is made already. It waits for a login.
    pub(crate) fn send(message: OutboundMessage) -> Self {
        Self { name: MESSAGE, needs_login: false, action: Action::Send(Box::new(message)) }
    }
}

impl Action {
    fn parse(params: &Params, method: &'static str) -> Result<Self, Error> {
        Ok(match method {
            "server.ping" => Self::ServerPing,
            "restrictions.get" => Self::RestrictionsGet,
            "session.erase" => Self::SessionErase(session(params)?),
            "session.list" => Self::SessionList,
            "session.restored" => Self::SessionRestored,
            "session.status" => Self::SessionStatus,
            "version.latest" => Self::VersionLatest,
            "contacts.check" => Self::CheckNumbers(numbers(params)?),
            "message.read" => {
                let chat = recipient::readable(params.text("chat")?)?;
                let sender = params.optional_person("sender")?;
                if sender.is_none() && recipient::is_status(&chat) {
                    return Err(params.wrong("sender", "is needed in the status feed"));
                }
                let ids = params.texts("message_ids")?.into_iter().map(Text::from).collect();
                Self::MarkRead { chat, sender, ids }
            }
            "chat.activity" => Self::ShowActivity {
                chat: recipient::parse(params.text("chat")?)?,
                activity: match params.text("activity")? {
                    "typing" => ChatState::Composing,
                    "recording" => ChatState::Recording,
                    "paused" => ChatState::Paused,
                    _ => return Err(params.wrong("activity", "is typing, recording or paused")),
                },
            },
            "presence.set" => Self::SetPresence { available: params.flag("available")? },
            "presence.subscribe" => {
                Self::Subscribe { user: recipient::person(params.text("user")?, "user")? }
            }
            name => {
                if let Some(message) = messages::parse(name, params)? {
                    Self::Send(Box::new(message))
                } else if let Some(command) = groups::parse(name, params)? {
                    Self::Group(Box::new(command))
                } else {
                    // A test holds the list against the table.
                    return Err(Error::plain(Status::UNKNOWN_METHOD).with_key("method"));
                }
            }
        })
    }
}

/// The name of another session, if one is given.
fn session(params: &Params) -> Result<Option<SessionName>, Error> {
    let Some(name) = params.optional_text("session") else { return Ok(None) };
    let name = SessionName::new(name);
    name.map(Some).map_err(|_| params.wrong("session", "must be 1 to 255 bytes without control characters"))
}

/// Phone numbers, as digits.
fn numbers(params: &Params) -> Result<Vec<String>, Error> {
    let texts = params.texts("numbers")?;
    if texts.len() > MAX_USERS {
        return Err(params.wrong("numbers", "has too many entries; at most 500 are taken"));
    }
    let digits = |text: &String| match PhoneNumber::parse(text) {
        Ok(number) => Ok(number.digits().to_owned()),
        Err(error) => Err(Error::new(Status::INVALID_PHONE_NUMBER, error.to_string()).with_key("numbers")),
    };
    texts.iter().map(digits).collect()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::testing::{sample, sample_params};
    use super::*;
    use crate::api::{METHODS, MethodInfo, ParamInfo};
    use serde_json::{Map, Value, json};

    #[test]
    fn every_method_of_the_table_can_be_called() {
        for method in METHODS {
            for with_optional in [false, true] {
                let json = sample_params(method, with_optional).to_string();
                // Of these every one may be left out, but not all.
                if method.name == "group.settings" && !with_optional {
                    assert!(Call::parse(method.name, Some(&json)).is_err());
                    continue;
                }
                let call = Call::parse(method.name, Some(&json));
                assert_eq!(call.map(|call| call.name).ok(), Some(method.name), "{} {json}", method.name);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let chat = "15551234567@s.whatsapp.net";
        for (method, params, status, key) in [
            ("message.send", json!({ "chat": "x", "text": "a" }), Status::INVALID_JID, "chat"),
            ("message.send", json!({ "chat": chat, "text": "" }), Status::INVALID_MESSAGE, "text"),
            (
                "message.send",
                json!({ "chat": chat, "text": "a", "quote": {} }),
                Status::INVALID_PARAMETER,
                "quote",
            ),
            (
                "message.send",
                json!({ "chat": chat, "text": "a", "mentions": ["x@y@z"] }),
                Status::INVALID_JID,
                "mentions",
            ),
            (
                "message.send",
                json!({ "chat": chat, "text": "a", "message_id": " " }),
                Status::INVALID_ARGUMENT,
                "message_id",
            ),
            (
                "message.react",
                json!({ "chat": chat, "target": "", "emoji": "\u{1f44d}" }),
                Status::INVALID_MESSAGE,
                "target",
            ),
            (
                "poll.send",
                json!({ "chat": chat, "question": "a", "options": [1] }),
                Status::INVALID_PARAMETER,
                "options",
            ),
            (
                "poll.send",
                json!({ "chat": chat, "question": "a", "options": ["a"] }),
                Status::INVALID_MESSAGE,
                "options",
            ),
            (
                "location.send",
                json!({ "chat": chat, "latitude": 91, "longitude": 0 }),
                Status::INVALID_MESSAGE,
                "latitude",
            ),
            ("message.send", json!({ "chat": chat, "text": "a\0b" }), Status::INVALID_PARAMETER, "text"),
            ("message.send", json!({ "chat": "1\0", "text": "a" }), Status::INVALID_PARAMETER, "chat"),
            (
                "message.send",
                json!({ "chat": chat, "text": "a", "quote": { "message_id": "A", "sender": chat, "text": "\0" } }),
                Status::INVALID_PARAMETER,
                "quote",
            ),
            (
                "poll.send",
                json!({ "chat": chat, "question": "a", "options": ["b", "c\0"] }),
                Status::INVALID_PARAMETER,
                "options",
            ),
            ("contact.send", json!({ "chat": chat, "contacts": [] }), Status::INVALID_MESSAGE, "contacts"),
            (
                "message.react",
                json!({ "chat": chat, "target": "A", "emoji": "ab" }),
                Status::INVALID_PARAMETER,
                "emoji",
            ),
            (
                "message.react",
                json!({ "chat": chat, "target": "A", "emoji": "\u{1f44d}".repeat(17) }),
                Status::INVALID_PARAMETER,
                "emoji",
            ),
            (
                "message.send",
                json!({ "chat": chat, "text": "a", "quote": {
                    "message_id": "A", "sender": chat, "text": "x".repeat(65_537)
                } }),
                Status::INVALID_PARAMETER,
                "quote",
            ),
            (
                "chat.activity",
                json!({ "chat": chat, "activity": "x" }),
                Status::INVALID_PARAMETER,
                "activity",
            ),
            (
                "message.read",
                json!({ "chat": chat, "message_ids": [] }),
                Status::INVALID_PARAMETER,
                "message_ids",
            ),
        ] {
            let error = Call::parse(method, Some(&params.to_string())).unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (status, Some(key)), "{method} {params}");
        }
    }

    /// Where an address stands in a method's parameters.
    fn addresses(method: &'static MethodInfo) -> Vec<&'static str> {
        let is_one = |name: &&str| ["chat", "user", "sender", "members", "mentions", "quote"].contains(name);
        method.params.iter().map(|param| param.name).filter(is_one).collect()
    }

    #[test]
    fn every_address_is_a_jid_or_a_phone_number() {
        let mut seen = 0;
        for method in METHODS {
            for name in addresses(method) {
                for (text, is_good) in [
                    ("+15551234567", true),
                    ("15551234567", true),
                    ("15551234567@s.whatsapp.net", true),
                    ("15551234567:2@s.whatsapp.net", true),
                    ("100000011111111@lid", true),
                    ("Ada", false),
                    ("+1 (555) 123-4567", false),
                    ("0", false),
                    ("", false),
                    ("ada@s.whatsapp.net", false),
                    ("@s.whatsapp.net", false),
                    ("1@2@lid", false),
                    ("15551234567@nowhere.example", false),
                    ("status@broadcast", false),
                ] {
                    let is_group = method.name.starts_with("group.");
                    let param = |param: &ParamInfo| {
                        let value = match param.name {
                            "quote" if name == "quote" => {
                                json!({ "message_id": "A", "sender": text, "text": "?" })
                            }
                            _ if param.name != name => sample(param.name, param.kind, is_group),
                            _ if param.kind == "array of text" => json!([text]),
                            _ => json!(text),
                        };
                        (param.name.to_owned(), value)
                    };
                    let params: Map<String, Value> = method.params.iter().map(param).collect();
                    let call = Call::parse(method.name, Some(&Value::Object(params).to_string()));
                    // A group is no person, and a person no group.
                    let is_good = is_good && !(is_group && name == "chat");
                    let is_good = is_good
                        || method.name == "message.read" && text == "status@broadcast" && name == "chat";
                    let Err(error) = call else {
                        assert!(is_good, "{} takes the {name} {text:?}", method.name);
                        continue;
                    };
                    assert!(!is_good, "{} refuses the {name} {text:?}: {}", method.name, error.text);
                    let key = error.key.as_deref().unwrap_or_default();
                    assert_eq!(key.split('.').next(), Some(name), "{} {text:?}", method.name);
                    let empty = text.is_empty() && name != "chat" && name != "user" && name != "sender";
                    let status = match text {
                        _ if empty => Status::INVALID_PARAMETER,
                        "15551234567@s.whatsapp.net"
                        | "15551234567:2@s.whatsapp.net"
                        | "100000011111111@lid" => Status::UNSUPPORTED_CHAT,
                        "+15551234567" | "15551234567" => Status::UNSUPPORTED_CHAT,
                        "status@broadcast" | "15551234567@nowhere.example" if name == "chat" => {
                            Status::UNSUPPORTED_CHAT
                        }
                        _ => Status::INVALID_JID,
                    };
                    assert_eq!(error.status, status, "{} {name} {text:?}", method.name);
                }
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen}");
    }
}
