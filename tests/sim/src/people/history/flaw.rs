//! The faults that a part can have: of its notice, its file, or its content.

use flate2::{Compress, Compression, FlushCompress};
use serde::{Deserialize, Serialize};

use super::wire::put_number;

/// A flaw. Flaws can be combined, as far as that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Flaw {
    /// Another `fileSha256`.
    WrongHash,
    /// Another `fileEncSha256`.
    WrongEncHash,
    /// The code at the end of the file is wrong, its hash right.
    WrongMac,
    /// Another `fileLength`.
    WrongLength,
    /// No `mediaKey`.
    NoKey,
    /// The content is no zlib stream.
    Garbage,
    /// The zlib stream ends early.
    Truncated,
    /// A small stream that inflates to a large one.
    Bomb,
    /// One message is large.
    Huge,
    /// Members that no schema has.
    Unknown,
    /// Members in another order.
    Disordered,
    /// The path has run out.
    Expired,
    /// There is no file of that path.
    UnknownPath,
}

/// The zeros that are compressed at once.
const BLOCK: u64 = 1 << 20;
/// The modulus of Adler-32.
const ADLER: u64 = 65_521;

/// A zlib stream that inflates to so many bytes: the type of the part, and a member that nobody knows, with zeros.
///
/// A block of zeros is compressed once and repeated, so that this takes no time.
pub(super) fn bomb(kind: u64, size: u64) -> Vec<u8> {
    let mut head = Vec::new();
    put_number(&mut head, 1, kind);
    prost::encoding::encode_varint(901 << 3 | 2, &mut head);
    prost::encoding::encode_varint(size, &mut head);
    let mut out = vec![0x78, 0x9c];
    out.extend(deflated(&head));
    let zeros = |count: u64| deflated(&vec![0; usize::try_from(count).unwrap_or_default()]);
    let block = zeros(BLOCK);
    for _ in 0..size / BLOCK {
        out.extend_from_slice(&block);
    }
    if !size.is_multiple_of(BLOCK) {
        out.extend(zeros(size % BLOCK));
    }
    // An empty last block.
    out.extend_from_slice(&[0x03, 0x00]);
    let (a, b) = head.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u64::from(*byte)) % ADLER;
        (a, (b + a) % ADLER)
    });
    let b = (b + size % ADLER * a) % ADLER;
    out.extend_from_slice(&u32::try_from(b << 16 | a).unwrap_or_default().to_be_bytes());
    out
}

/// Raw deflate blocks, to the next byte, none of them the last.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 100 + 1_024);
    // The buffer is larger than a compressed head or block of zeros; there is nothing that could fail.
    let _ = Compress::new(Compression::best(), false).compress_vec(bytes, &mut out, FlushCompress::Full);
    out
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_bomb_inflates_to_its_size_and_is_a_right_stream() {
        for size in [0, 5, BLOCK, 3 * BLOCK + 12_345] {
            let bomb = bomb(3, size);
            assert!(bomb.len() < 20_000, "{size}");
            let mut inflated = Vec::new();
            flate2::read::ZlibDecoder::new(&*bomb).read_to_end(&mut inflated).unwrap();
            let zeros = inflated.iter().rev().take_while(|byte| **byte == 0).count();
            assert!(zeros as u64 >= size && inflated.len() as u64 <= size + 16, "{size}: {zeros}");
            assert!(inflated.starts_with(&[8, 3]));
        }
    }
}
