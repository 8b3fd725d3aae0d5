//! Replies of bots, which are encrypted with the secret of the message they answer (`msmsg` in stanzas).

use super::addons::secret_key;
use super::wire::Fields;
use crate::crypto::{Secret, gcm, hkdf};
use crate::stanza::Jid;

/// Opens the reply of `bot` to a message of `asker` whose secret is `secret`, into a serialised `Message` without padding.
/// `id` is that of the reply; of one that is written bit by bit, that of its first part. `None` if it is not authentic.
#[must_use]
pub fn open_bot_reply(
    payload: &[u8],
    secret: &Secret<32>,
    id: &str,
    asker: &Jid,
    bot: &Jid,
) -> Option<Vec<u8>> {
    let (mut iv, mut sealed) = (None, None);
    for field in Fields::checked(payload).ok()? {
        match field.number {
            2 => iv = field.bytes(),
            3 => sealed = field.bytes(),
            _ => {}
        }
    }
    let base = hkdf(None, secret.as_bytes(), b"Bot Message");
    let bot = bot.account().to_string();
    let key = secret_key(&base, &[id, &asker.account().to_string(), &bot]);
    gcm::open(key.as_bytes(), iv?.try_into().ok()?, [id, "\0", &bot].concat().as_bytes(), sealed?)
}
