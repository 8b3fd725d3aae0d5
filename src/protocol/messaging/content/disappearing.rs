//! The timer of a chat, put on what is sent to it.

use prost::encoding::{WireType, encode_key, encode_varint};

use super::envelope::Envelope;
use super::message_types::{self, member};
use super::outgoing::Outgoing;
use super::send_options::Expiration;
use super::wire::{Fields, put, with, without};

/// The fields of a `ContextInfo` that make the timer.
const SECONDS: u32 = 25;
const SET_AT: u32 = 26;
/// The context of a text in its long form.
const TEXT_CONTEXT: u32 = 17;

impl Outgoing {
    /// The same message with the chat's timer on it, so that it disappears after that time; `None` if it has a timer already or
    /// is of a kind that carries none. Whatever else is in it stays as it is.
    #[must_use]
    pub fn with_timer(&self, timer: Expiration) -> Option<Self> {
        let content = Envelope::open(&self.message).ok()?.content?;
        // A content in a wrapper is left as it is.
        let is_bare = Fields::of(&self.message).any(|field| field.number == content.number);
        let (rest, body) = without(&self.message, content.number);
        let body = body.filter(|_| is_bare)?;
        if content.number == message_types::CONVERSATION {
            // The short form has no room for it. Of a text that is there twice, the last one counts: texts are not merged.
            let text = content.bytes()?;
            let mut long = Vec::with_capacity(text.len() + 32);
            put(&mut long, 1, text);
            put(&mut long, TEXT_CONTEXT, &context(&[], timer));
            return Some(self.of(with(&rest, message_types::EXTENDED_TEXT, &long)));
        }
        let place = member(content.number).map_or(0, |row| row.context);
        if place == 0 {
            return None;
        }
        let (body, held) = without(&body, place);
        let held = held.unwrap_or_default();
        if Fields::of(&held).any(|field| field.number == SECONDS) {
            return None;
        }
        Some(self.of(with(&rest, content.number, &with(&body, place, &context(&held, timer)))))
    }

    fn of(&self, message: Vec<u8>) -> Self {
        Self { message, shape: self.shape.clone() }
    }
}

/// A `ContextInfo` with the timer added to what it holds.
fn context(held: &[u8], timer: Expiration) -> Vec<u8> {
    let mut context = Vec::with_capacity(held.len() + 20);
    context.extend_from_slice(held);
    let set_at = timer.set_at.map(|at| (SET_AT, at.cast_unsigned()));
    for (number, value) in [(SECONDS, u64::from(timer.seconds))].into_iter().chain(set_at) {
        encode_key(number, WireType::Varint, &mut context);
        encode_varint(value, &mut context);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::super::{Extras, MessageRef, Quote, parse};
    use super::*;
    use crate::stanza::Jid;

    const DAY: Expiration = Expiration { seconds: 86_400, set_at: Some(1_767_225_600) };

    #[test]
    fn what_can_disappear_does() {
        let secret = [7; 32];
        let quote = Some(Quote::of_text("A", Jid::lid("5"), "?"));
        let extras = Extras { quote, ..Extras::default() };
        let text = Outgoing::text("hello", &Extras::default()).unwrap().with_secret(&secret);
        let answer = Outgoing::text("hello", &extras).unwrap().with_secret(&secret);
        let poll = ["yes", "no"].map(str::to_owned);
        let poll = Outgoing::poll("Tea?", &poll, 1, &secret, &Extras::default()).unwrap();
        // imageMessage { caption }, stickerMessage { mimetype }, and a field that nobody knows, as hosts may make them.
        let raw = |bytes: &[u8]| Outgoing::raw(bytes).unwrap().with_secret(&secret);
        let image = raw(&[0x1a, 4, 0x1a, 2, b'h', b'i']);
        let sticker = raw(&[0xd2, 1, 4, 0x2a, 2, b'w', b'p']);
        let odd = raw(&[0x0a, 2, b'h', b'i', 0xfa, 0x3f, 1, 7]);
        for (before, kind) in [
            (text, "text"),
            (answer, "text"),
            (poll, "poll"),
            (image, "image"),
            (sticker, "sticker"),
            (odd, "text"),
        ] {
            let after = before.with_timer(DAY).unwrap();
            let (said, timed) = (parse(&before.message).unwrap(), parse(&after.message).unwrap());
            assert_eq!((timed.kind, timed.context.expiration), (kind, Some(86_400)));
            assert_eq!(timed.context.expiration_set_at, DAY.set_at);
            assert_eq!(
                timed.context.quoted.map(|quoted| quoted.text),
                said.context.quoted.map(|quoted| quoted.text)
            );
            assert_eq!(timed.body, said.body);
            assert!(timed.secret.is_some() && after.shape == before.shape);
            let unknown = |bytes: &[u8]| Fields::of(bytes).filter(|field| field.number == 1007).count();
            assert_eq!(unknown(&after.message), unknown(&before.message));
            assert!(after.with_timer(Expiration { seconds: 604_800, ..DAY }).is_none(), "it has one");
        }
    }

    #[test]
    fn of_a_text_that_is_there_twice_the_last_one_counts() {
        let before = Outgoing::raw(&[0x0a, 1, b'a', 0x0a, 1, b'b']).unwrap();
        let (said, after) = (parse(&before.message).unwrap(), before.with_timer(DAY).unwrap());
        let timed = parse(&after.message).unwrap();
        assert_eq!((timed.body, timed.context.expiration), (said.body, Some(86_400)));
    }

    #[test]
    fn a_message_in_several_parts_is_one_and_each_part_is_checked() {
        // imageMessage { caption }, imageMessage { mimetype }: protobuf merges the two.
        let after = Outgoing::raw(&[0x1a, 3, 0x1a, 1, b'c', 0x1a, 3, 0x12, 1, b'm']).unwrap();
        let after = after.with_timer(DAY).unwrap();
        let image = Fields::of(&after.message).find(|field| field.number == message_types::IMAGE).unwrap();
        let inner: Vec<u32> = Fields::of(image.bytes().unwrap()).map(|field| field.number).collect();
        assert_eq!(inner, [3, 2, 17]);
        // The first part is cut off, so that the second would be lost with it.
        let broken = Outgoing::raw(&[0x1a, 2, 0x1a, 9, 0x1a, 3, 0x1a, 1, b'c']);
        assert_eq!(broken.unwrap_err(), super::super::ContentError::Malformed);
    }

    #[test]
    fn the_rest_stays_as_it_is() {
        let key = MessageRef { chat: None, from_me: true, id: "A".to_owned(), participant: None };
        assert!(Outgoing::delete(&key).unwrap().with_timer(DAY).is_none());
        assert!(Outgoing::reaction(&key, "x", 1).unwrap().with_timer(DAY).is_none());
        // ephemeralMessage { message { conversation } }
        assert!(
            Outgoing::raw(&[0xc2, 2, 6, 0x0a, 4, 0x0a, 2, b'h', b'i']).unwrap().with_timer(DAY).is_none()
        );
    }
}
