//! Ids of messages.

use crate::crypto::{Random, random_array, sha256};
use crate::stanza::Jid;

/// A new id for a message of the account `own` (its phone number), in the form that WhatsApp Web and other companions use:
/// phones recognise messages of companions by its beginning. Unique, and otherwise without meaning; ids of others are taken
/// in any form.
#[must_use]
pub fn message_id(unix_seconds: u64, own: &Jid, rng: &mut dyn Random) -> String {
    let random: [u8; 16] = random_array(rng);
    let hash = sha256(&[&unix_seconds.to_be_bytes(), own.user.as_bytes(), b"@c.us", &random]);
    let mut id = String::with_capacity(22);
    id.push_str("3EB0");
    for byte in hash.iter().take(9) {
        for digit in [byte >> 4, byte & 15] {
            id.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
        }
    }
    id
}
