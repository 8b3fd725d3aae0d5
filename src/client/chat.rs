//! Where a message goes, as hosts write it: the chat of an event, a JID, or a phone number.

use crate::api::{Error, Status};
use crate::pairing::PhoneNumber;
use crate::stanza::{Jid, Server};

/// Reads the address of a person or a group. A device of a person stands for the person.
pub(crate) fn parse(text: &str) -> Result<Jid, Error> {
    let invalid = |why: &str| Error::new(Status::INVALID_JID, why.to_owned()).with_key("chat");
    if !text.contains('@') {
        let number = PhoneNumber::parse(text).map_err(|error| invalid(&error.to_string()))?;
        return Ok(Jid::user(number.digits()));
    }
    let jid: Jid = text.parse().map_err(|error| invalid(&format!("{error}")))?;
    if jid.user.is_empty() {
        return Err(invalid("the address names a service and no chat"));
    }
    match jid.server.account() {
        Server::Pn | Server::Lid => Ok(jid.account()),
        Server::Group => Ok(jid),
        other => {
            let text = format!("messages cannot be sent to @{other}; send to a person or to a group");
            Err(Error::new(Status::UNSUPPORTED_CHAT, text).with_key("chat"))
        }
    }
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
            ("1@2@lid", Status::INVALID_JID),
            ("status@broadcast", Status::UNSUPPORTED_CHAT),
            ("1@newsletter", Status::UNSUPPORTED_CHAT),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (status, Some("chat")), "{text}");
        }
    }
}
