//! End-to-end encryption: version 3 of the Signal protocol, as WhatsApp's clients speak it.
//!
//! It is values in, values out: no socket, no clock, no store, no randomness but what is handed in. It knows no addresses
//! either. The caller keeps one [`SessionRecord`] for each device that it writes to or hears from, one [`SenderKeyRecord`]
//! for each group and sending device, and one [`OwnSenderKey`] for each group it writes to; looks up the prekeys that a
//! message asks for; and keeps the pinned identities, about which [`classify`] decides.
//!
//! Failing changes nothing: a message that is refused leaves its record byte for byte as it was. The answer to the sender is in
//! [`SignalError::reaction`].
//!
//! A record is stored as it says ([`SessionRecord::save`]), in the same transaction as what came out of it. No message key
//! is used twice if what is sent was saved before ([`Outgoing::is_covered`]); a lease ([`SessionRecord::lease`]) makes one
//! commit do for many messages.
//!
//! # Where things are
//!
//! Keys and numbers: `keys`. The wire formats: `message`, `sender_message`, on `wire`; [`pad`] inside it. A session: `x3dh`
//! begins it, `state` is its ratchet, on `kdf` and `skipped`; `record` holds all sessions with a device, `replay_guard` those it
//! must not open again; the `_codec` files are their stored forms. Groups: `sender_record`, `own_sender_key`. Identities:
//! `bundle`, [`device_identity`], `key_index_list`, `identity`. Own prekeys: `prekeys`. Errors: `error`.
//!
//! It is made from the public specifications of X3DH, the Double Ratchet and XEdDSA, from what is publicly known of
//! WhatsApp's wire format, and from nobody's code.

mod bundle;
mod codec;
pub mod device_identity;
mod error;
mod identity;
mod kdf;
mod key_index_list;
mod keys;
mod message;
mod own_sender_key;
mod padding;
mod prekeys;
mod record;
mod record_codec;
mod replay_guard;
mod sender_message;
mod sender_record;
mod skipped;
mod state;
mod state_codec;
mod wire;
mod x3dh;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod record_tests;
#[cfg(test)]
mod sender_tests;
#[cfg(test)]
mod vector_tests;

pub use bundle::{Bundle, RawBundle};
pub use device_identity::{DeviceIdentity, DeviceIdentityError};
pub use error::{Keys, Reaction, RecordError, RetryCode, SignalError};
pub use identity::{IdentityProof, Verdict, classify};
pub use key_index_list::KeyIndexes;
pub use keys::{
    Base, BaseKey, Checked, Identity, IdentityKey, Own, Prekey, PrekeyId, PrekeyKey, Ratchet, RatchetKey,
    Signing, SigningKey,
};
pub use message::{PrekeyMessage, SignalMessage};
pub use own_sender_key::{GroupOutgoing, OwnSenderKey};
pub use padding::{BadPadding, pad, unpad};
pub use prekeys::{key_bundle_digest, signed_prekey_is_due, signed_prekey_is_spent};
pub use record::{Decrypted, Origin, Saved, SessionInfo, SessionRecord};
pub use sender_message::{SenderKeyDistribution, SenderKeyMessage};
pub use sender_record::{Accepted, SenderKeyRecord};
pub use state::{Kind, Outgoing};
pub use x3dh::ResponderKeys;
