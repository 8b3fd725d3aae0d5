//! The recipient of a message, as hosts write it: the chat of an event, a JID, or a phone number.

use crate::api::{Error, Status};
use crate::pairing::PhoneNumber;
use crate::stanza::{Jid, Server};

/// Reads the address of a person or a group, given in the parameter `chat`. A device of a person stands for the person.
pub(crate) fn parse(text: &str) -> Result<Jid, Error> {
    let jid = address(text, "chat")?;
    match jid.server.account() {
        Server::Pn | Server::Lid => Ok(jid.account()),
        Server::Group => Ok(jid),
        other => {
            let text = format!("messages cannot be sent to @{other}; send to a person or to a group");
            Err(Error::new(Status::UNSUPPORTED_CHAT, text).with_key("chat"))
        }
    }
}

/// The same for a chat whose messages are read: the status feed is one of them.
pub(crate) fn readable(text: &str) -> Result<Jid, Error> {
    let jid = address(text, "chat")?;
    if is_status(&jid) { Ok(jid) } else { parse(text) }
}

/// Returns whether an address is that of the status feed.
pub(crate) fn is_status(jid: &Jid) -> bool {
    jid.server == Server::Broadcast && jid.user == "status"
}

/// Reads the address of a person, given in the parameter `key`: a JID, or a phone number with its country code.
pub(crate) fn person(text: &str, key: &'static str) -> Result<Jid, Error> {
    let jid = address(text, key)?;
    match jid.server.account() {
        Server::Pn | Server::Lid => Ok(jid.account()),
        _ => Err(not_a_person(key)),
    }
}

/// The same where a bot may stand too: whose message is meant, and who is mentioned.
pub(crate) fn person_or_bot(text: &str, key: &'static str) -> Result<Jid, Error> {
    let jid = address(text, key)?;
    match jid.server.account() {
        Server::Pn | Server::Lid | Server::Bot => Ok(jid.account()),
        _ => Err(not_a_person(key)),
    }
}

fn not_a_person(key: &'static str) -> Error {
    let text = format!("{key}: this is the address of no person; give a person's JID or phone number");
    Error::new(Status::INVALID_JID, text).with_key(key)
}

/// Reads any address: text without `@` is a phone number or nothing.
fn address(text: &str, key: &'static str) -> Result<Jid, Error> {
    let invalid = |why: &str| Error::new(Status::INVALID_JID, format!("{key}: {why}")).with_key(key);
    if !text.contains('@') {
        let number = PhoneNumber::parse(text).map_err(|error| {
            invalid(&format!("neither a JID nor a phone number with its country code: {error}"))
        })?;
        return Ok(Jid::user(number.digits()));
    }
    let jid: Jid = text.parse().map_err(|error| invalid(&format!("{error}")))?;
    if jid.user.is_empty() {
        return Err(invalid("the address names a service and no chat"));
    }
    if jid.server.account() == Server::Pn && !jid.user.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("before @s.whatsapp.net stands a phone number, digits only"));
    }
    Ok(jid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_name_a_chat() {
        for (text, jid) in [
            ("+15551234567", "15551234567@s.whatsapp.net"),
            ("15551234567", "15551234567@s.whatsapp.net"),
            ("15551234567@c.us", "15551234567@s.whatsapp.net"),
            ("15551234567:3@s.whatsapp.net", "15551234567@s.whatsapp.net"),
            ("100000011111111:7@lid", "100000011111111@lid"),
            ("120363000000000001@g.us", "120363000000000001@g.us"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), jid);
        }
        for (text, status) in [
            ("", Status::INVALID_JID),
            ("05551234", Status::INVALID_JID),
            ("Ada", Status::INVALID_JID),
            ("@g.us", Status::INVALID_JID),
            ("ada@s.whatsapp.net", Status::INVALID_JID),
            ("1@2@lid", Status::INVALID_JID),
            ("status@broadcast", Status::UNSUPPORTED_CHAT),
            ("1@newsletter", Status::UNSUPPORTED_CHAT),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (status, Some("chat")), "{text}");
        }
    }

    #[test]
    fn people_are_named_like_chats_and_nothing_else_is_a_person() {
        let person = |text: &str| super::person_or_bot(text, "sender").map(|jid| jid.to_string());
        assert_eq!(person("+15551234567").unwrap(), "15551234567@s.whatsapp.net");
        assert_eq!(person("867051314767696@bot").unwrap(), "867051314767696@bot");
        assert!(super::person("867051314767696@bot", "user").is_err());
        for text in [
            "",
            "Ada",
            "x",
            "+1 555 1234567",
            "120363000000000001@g.us",
            "status@broadcast",
            "1@newsletter",
            "@lid",
        ] {
            let error = super::person_or_bot(text, "sender").unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (Status::INVALID_JID, Some("sender")), "{text}");
        }
    }
}
