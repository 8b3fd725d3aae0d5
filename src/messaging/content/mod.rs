//! What messages say: reading the `Message` that was decrypted, and making the one that is to be encrypted.
//!
//! What it is: bytes in, values out, and back. [`read()`] opens the wrappers and reads the content; [`Outgoing`] is content to
//! be sent, with the marks that its stanza needs ([`Shape`]); [`Sealed`] is what is encrypted once more with the secret of
//! another message.
//! What it is not: a judge. Whether a sender may delete a message, or be believed about keys, is for who asks.
//!
//! # How messages are read
//!
//! `wire` walks fields in place, `members` knows what each member of `Message` is, `envelope` takes the wrappers off, and only
//! then is the one content read: in `body`, `media`, `protocol` or `sealed`. A type that nobody here knows is still a message,
//! with its number and its bytes. What is made here is made of the messages in [`crate::proto::message`].

mod body;
mod bot;
mod card;
mod compose;
mod context;
mod envelope;
mod extras;
mod history;
mod media;
mod members;
mod message_id;
mod outgoing;
mod protocol;
mod read;
mod reporting;
mod requests;
mod sealed;
mod shape;
mod stored;
mod summary;
mod timed;
mod unsealed;
mod wire;

pub use body::{Body, Edit, Event, GroupInvite, Location, Poll, Reaction, Text};
pub use bot::open_bot_reply;
pub use card::ContactCard;
pub use compose::{MAX_TEXT, option_hash};
pub use context::{Association, Context, Key, Quoted};
pub use envelope::Flags;
pub use extras::{Expiration, Extras, Quote};
pub use history::nct_salt;
pub use media::{Media, MediaKind};
pub use message_id::message_id;
pub use outgoing::{Outgoing, append_key_distribution, device_sent, key_distribution};
pub use protocol::{AppStateKey, HistoryNotice, LidMapping, PeerDataResponse, Protocol};
pub use read::{ContentError, KeyDistribution, MAX_SIZE, Read, read};
pub use reporting::reporting_token;
pub use sealed::{Opened, Purpose, Sealed, Sealing};
pub use shape::Shape;
pub use stored::{Stored, stored};
pub use unsealed::Unsealed;

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
