//! Content encrypted with the secret of another message, as the content that it stands for: a sealed reaction is a reaction, a
//! sealed edit is an edit.

use std::fmt;

use super::addons::{AddonContent, Purpose, Sealed};
use super::body::{self, Body, Edit, Reaction};
use super::parse::parse;
use super::wire::Fields;

/// A content that was sealed.
pub struct Unsealed {
    /// The word of its type, as [`Read::kind`](super::Read::kind).
    pub kind: &'static str,
    /// The content.
    pub body: Body,
    /// The serialised message that it was read from; empty for a reaction, which is no message.
    pub message: Vec<u8>,
}

impl fmt::Debug for Unsealed {
    /// Leaves out the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsealed").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Sealed {
    /// Reads what was opened. `None` for what is told in its sealed form: votes and answers to invitations.
    #[must_use]
    pub fn unsealed(&self, opened: AddonContent) -> Option<Unsealed> {
        let target = self.target.clone();
        match (self.purpose, opened) {
            (_, AddonContent::Reaction { text, at_ms }) => {
                let body = Body::Reaction(Reaction { target, text, at_ms });
                Some(Unsealed { kind: "reaction", body, message: Vec::new() })
            }
            (Purpose::Comment, AddonContent::Message(message)) => {
                let edit = body::edit(target, None, &message, &message);
                Some(Unsealed { kind: "comment", body: Body::Comment(edit), message })
            }
            (Purpose::PollAddOption, AddonContent::Message(message)) => {
                let edit =
                    Edit { text: Some(added_option(&message)?), ..body::edit(target, None, &[], &message) };
                Some(Unsealed { kind: "poll_option_added", body: Body::Comment(edit), message })
            }
            (_, AddonContent::Message(message)) => {
                // The new version alone, or in the message that an edit in the open is.
                let edit = match parse(&message).ok()?.body {
                    Body::Edit(inner) => Edit { target, ..inner },
                    _ => body::edit(target, None, &message, &message),
                };
                Some(Unsealed { kind: "edit", body: Body::Edit(edit), message })
            }
            (_, AddonContent::Vote(_) | AddonContent::EventResponse { .. }) => None,
        }
    }
}

/// The text of an option that was added to a poll. Some clients seal it alone, `{2 option {1 name}}`, some in a whole message.
fn added_option(bytes: &[u8]) -> Option<String> {
    /// `Message.pollAddOptionMessage`.
    const MEMBER: u32 = 121;
    let inside = |bytes: &[u8], number: u32| {
        let field = Fields::of(bytes).filter(|field| field.number == number).last()?;
        field.bytes().map(<[u8]>::to_vec)
    };
    let alone = inside(bytes, MEMBER).unwrap_or_else(|| bytes.to_vec());
    let name = inside(&inside(&alone, 2)?, 1)?;
    Some(String::from_utf8_lossy(&name).into_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::{Extras, MessageRef, Outgoing, Sealing};
    use super::*;
    use crate::crypto::Secret;
    use crate::crypto::testing::Seeded;
    use crate::stanza::Jid;

    /// Seals, opens and reads.
    fn through(purpose: Purpose, plain: &[u8]) -> Option<Unsealed> {
        let (author, sender) = (Jid::lid("5"), Jid::lid("7"));
        let secret = Secret::new([3; 32]);
        let sealing = Sealing { secret: &secret, author: &author, sender: &sender };
        let key = MessageRef { chat: None, from_me: false, id: "A".to_owned(), participant: None };
        let sealed = Sealed::seal(purpose, key, &sealing, plain, &mut Seeded(1));
        let other = Sealing { sender: &author, ..sealing };
        assert!(sealed.open(&other).is_none(), "of somebody else");
        sealed.unsealed(sealed.open(&sealing).unwrap())
    }

    #[test]
    fn edits_of_all_shapes_are_edits() {
        let key = MessageRef { chat: None, from_me: true, id: "A".to_owned(), participant: None };
        let bare = Outgoing::text("new", &Extras::default()).unwrap().message;
        let whole = Outgoing::edit(&key, "new", &Extras::default(), 9).unwrap().message;
        for (plain, at_ms) in [(&bare, None), (&whole, Some(9))] {
            let unsealed = through(Purpose::MessageEdit, plain).unwrap();
            let Body::Edit(edit) = &unsealed.body else { panic!("{unsealed:?}") };
            assert_eq!((unsealed.kind, edit.kind, edit.text.as_deref()), ("edit", "text", Some("new")));
            assert_eq!((edit.target.id.as_str(), edit.at_ms), ("A", at_ms));
            assert_eq!(&unsealed.message[edit.message.clone()], bare);
        }
        // eventMessage { name }
        let unsealed = through(Purpose::EventEdit, &[0xda, 4, 4, 0x1a, 2, b'h', b'i']).unwrap();
        let Body::Edit(edit) = &unsealed.body else { panic!("{unsealed:?}") };
        assert_eq!((edit.kind, edit.text.as_deref()), ("event", Some("hi")));
    }

    #[test]
    fn reactions_comments_and_options() {
        let unsealed = through(Purpose::Reaction, &[0x12, 1, b'!', 0x20, 5]).unwrap();
        let Body::Reaction(reaction) = &unsealed.body else { panic!("{unsealed:?}") };
        assert_eq!((unsealed.kind, reaction.text.as_str(), reaction.at_ms), ("reaction", "!", Some(5)));
        let unsealed = through(Purpose::Comment, &[0x0a, 2, b'h', b'i']).unwrap();
        let Body::Comment(comment) = &unsealed.body else { panic!("{unsealed:?}") };
        assert_eq!((unsealed.kind, comment.text.as_deref()), ("comment", Some("hi")));
        // Alone, and as member 121 of a message.
        for plain in [&[0x12, 4, 0x0a, 2, b'n', b'o'][..], &[0xca, 7, 6, 0x12, 4, 0x0a, 2, b'n', b'o']] {
            let unsealed = through(Purpose::PollAddOption, plain).unwrap();
            let Body::Comment(added) = &unsealed.body else { panic!("{unsealed:?}") };
            assert_eq!((unsealed.kind, added.text.as_deref()), ("poll_option_added", Some("no")));
        }
        assert!(through(Purpose::PollVote, &[]).is_none());
    }
}
