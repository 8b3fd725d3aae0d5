//! The contents of messages: reads the decrypted `Message`, and composes the one to be encrypted.
//!
//! Bytes in, values out, and back: [`parse()`] opens the wrappers and reads the content; [`Outgoing`] is content to
//! be sent, with the marks that its stanza needs ([`Shape`]); [`Sealed`] is what is encrypted once more with the secret of
//! another message.
//! It makes no judgement of the sender: the caller decides if a sender may delete a message, or be believed about keys.
//!
//! # How messages are read
//!
//! `wire` walks fields in place, `message_types` knows what each member of `Message` is, `envelope` takes the wrappers off, and only
//! then is the one content read: in `body`, `media`, `protocol` or `addons`. A type that is not known here is still a message,
//! with its number and its bytes. Composing uses the messages in [`crate::proto::message`].

mod addons;
mod body;
mod bot_reply;
mod compose;
mod contact_card;
mod context_info;
mod disappearing;
mod envelope;
mod kind_and_text;
mod media;
mod message_id;
mod message_types;
mod outgoing;
mod parse;
mod peer_requests;
mod protocol;
mod reporting;
mod send_options;
mod stanza_attrs;
mod unsealed;
mod web_message_info;
pub(super) mod wire;

pub use addons::{AddonContent, Purpose, Sealed, Sealing};
pub use body::{Body, Edit, Event, GroupInvite, Location, Poll, Reaction, Text};
pub use bot_reply::open_bot_reply;
pub use compose::{MAX_TEXT, option_hash};
pub use contact_card::ContactCard;
pub use context_info::{Association, Context, MessageRef, Quoted};
pub use envelope::Flags;
pub use media::{Media, MediaKind};
pub use message_id::message_id;
pub use outgoing::{Outgoing, append_key_distribution, device_sent, key_distribution};
pub use parse::{ContentError, KeyDistribution, MAX_SIZE, Read, parse};
pub use protocol::{AppStateKey, LidMapping, PeerDataResponse, Protocol};
pub use reporting::reporting_token;
pub use send_options::{Expiration, Extras, Quote};
pub use stanza_attrs::Shape;
pub use unsealed::Unsealed;
pub use web_message_info::{Stored, web_message_info};

#[cfg(test)]
mod compose_tests;
#[cfg(test)]
mod example_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vector_tests;
