//! The timer of a chat, put on what is sent to it.

use super::outgoing::Outgoing;
use crate::proto::Message as _;
use crate::proto::message::{ContextInfo, ExtendedTextMessage, Message};

impl Outgoing {
    /// The same message with the chat's timer on it, so that it disappears after so many seconds; `None` if it has a timer
    /// already, is of a kind that carries none, or holds what would get lost.
    #[must_use]
    pub fn with_timer(&self, seconds: u32) -> Option<Self> {
        let mut message = Message::decode(self.message.as_slice()).ok()?;
        // What this version does not know of would not come out again.
        if message.encoded_len() != self.message.len() {
            return None;
        }
        if let Some(text) = message.conversation.take() {
            message.extended_text_message =
                Some(ExtendedTextMessage { text: Some(text), ..ExtendedTextMessage::default() });
        }
        let context = context(&mut message)?.get_or_insert_default();
        if context.expiration.is_some() {
            return None;
        }
        context.expiration = Some(seconds);
        Self::built(&message).ok()
    }
}

/// Where a message keeps what is said besides its content.
fn context(message: &mut Message) -> Option<&mut Option<ContextInfo>> {
    if let Some(text) = &mut message.extended_text_message {
        return Some(&mut text.context_info);
    }
    if let Some(location) = &mut message.location_message {
        return Some(&mut location.context_info);
    }
    if let Some(contact) = &mut message.contact_message {
        return Some(&mut contact.context_info);
    }
    if let Some(contacts) = &mut message.contacts_array_message {
        return Some(&mut contacts.context_info);
    }
    let poll = message.poll_creation_message.as_mut().or(message.poll_creation_message_v3.as_mut());
    poll.map(|poll| &mut poll.context_info)
}

#[cfg(test)]
mod tests {
    use super::super::{Extras, Key, read};
    use super::*;

    #[test]
    fn what_can_disappear_does() {
        let secret = [7; 32];
        let text = Outgoing::text("hello", &Extras::default()).unwrap().with_secret(&secret);
        let poll = ["yes", "no"].map(str::to_owned);
        let poll = Outgoing::poll("Tea?", &poll, 1, &secret, &Extras::default()).unwrap();
        for (before, kind) in [(text, "text"), (poll, "poll")] {
            let after = before.with_timer(86_400).unwrap();
            let (said, timed) = (read(&before.message).unwrap(), read(&after.message).unwrap());
            assert_eq!((timed.kind, timed.context.expiration), (kind, Some(86_400)));
            assert_eq!(timed.body, said.body);
            assert!(timed.secret.is_some() && after.shape == before.shape);
            assert!(after.with_timer(604_800).is_none(), "it has one");
        }
    }

    #[test]
    fn the_rest_stays_as_it_is() {
        let key = Key { chat: None, from_me: true, id: "A".to_owned(), participant: None };
        assert!(Outgoing::delete(&key).unwrap().with_timer(1).is_none());
        let unknown = [0x0a, 2, b'h', b'i', 0xfa, 0x3f, 1, 7];
        assert!(Outgoing::raw(&unknown).unwrap().with_timer(1).is_none());
    }
}
