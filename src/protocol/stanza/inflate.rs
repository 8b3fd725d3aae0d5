//! Unpacking a compressed stanza, within a limit that holds while unpacking.

use std::io::Read;

use super::decode::{DecodeError, MAX_BODY};

/// Returns the body in that zlib stream. Bytes after the stream are ignored, as every client of this protocol does.
///
/// Never inlined: its frame is tens of kilobytes, and every stanza would pay for it.
#[cold]
#[inline(never)]
pub(super) fn inflate(compressed: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut body = Vec::with_capacity(compressed.len().saturating_mul(4).min(MAX_BODY));
    flate2::bufread::ZlibDecoder::new(compressed)
        .take(MAX_BODY as u64 + 1)
        .read_to_end(&mut body)
        .map_err(|_| DecodeError::Compression)?;
    if body.len() > MAX_BODY { Err(DecodeError::TooLarge) } else { Ok(body) }
}
