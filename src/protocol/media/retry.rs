//! The request to the own phone to put a file up again: what is encrypted in it.

use crate::crypto::{Secret, gcm, hkdf};

/// Length of the initialisation vector.
pub const RETRY_IV: usize = 12;

/// Encrypts `ServerErrorReceipt` for the message of that id, whose file has that media key.
#[must_use]
pub fn retry_request(media_key: &Secret<32>, message_id: &str, iv: &[u8; RETRY_IV]) -> Vec<u8> {
    let mut receipt = Vec::with_capacity(message_id.len() + 3);
    prost::encoding::string::encode(1, &message_id.to_owned(), &mut receipt);
    gcm::seal(retry_key(media_key).as_bytes(), iv, message_id.as_bytes(), &receipt)
}

/// The key of such a request, and of its answer.
#[must_use]
pub fn retry_key(media_key: &Secret<32>) -> Secret<32> {
    hkdf(None, media_key.as_bytes(), b"WhatsApp Media Retry Notification")
}
