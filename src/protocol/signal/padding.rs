//! WhatsApp's own padding, inside the cipher's: it hides the exact length of short texts a little.

use crate::crypto::{Random, random_array};

/// The decrypted content is not padded as it should be. The session has advanced all the same: the message was authentic,
/// and asking for it again would bring the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the padding inside the message is wrong")]
pub struct BadPadding;

/// The longest padding.
const LONGEST: u8 = 16;

/// Pads a serialized message: 1 to 16 bytes, each of them saying how many. Draws one random byte.
pub fn pad(message: &mut Vec<u8>, rng: &mut dyn Random) {
    let [byte] = random_array(rng);
    let count = byte % LONGEST + 1;
    message.resize(message.len() + usize::from(count), count);
}

/// Takes the padding off. Strict: all its bytes are equal, and there are at most 16.
///
/// # Errors
/// [`BadPadding`], for empty input as well.
pub fn unpad(padded: &[u8]) -> Result<&[u8], BadPadding> {
    let &count = padded.last().ok_or(BadPadding)?;
    let start = padded.len().checked_sub(usize::from(count)).ok_or(BadPadding)?;
    let (message, padding) = padded.split_at_checked(start).ok_or(BadPadding)?;
    if (1..=LONGEST).contains(&count) && padding.iter().all(|byte| *byte == count) {
        Ok(message)
    } else {
        Err(BadPadding)
    }
}
