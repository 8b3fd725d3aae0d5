//! The salt in a part of the history that came within its notice. It is wanted at once: the first message of a new device shows a token
//! that is computed from it.

use std::io::Read as _;

use super::{HistoryItem, HistoryReader};

/// Longest part that is unpacked here.
const MOST: u64 = 1 << 20;

/// Returns the salt of the account's computed tokens, if a compressed part says it within its first bytes.
#[must_use]
pub fn inline_salt(packed: &[u8]) -> Option<Vec<u8>> {
    let mut history = Vec::new();
    flate2::bufread::ZlibDecoder::new(packed).take(MOST).read_to_end(&mut history).ok()?;
    let mut items = Vec::new();
    HistoryReader::default().push(&history, &mut items).ok()?;
    items.into_iter().rev().find_map(|item| match item {
        HistoryItem::NctSalt(salt) => Some(salt),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::messaging::content::wire::put;

    fn packed(history: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(history).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn it_is_found_and_nonsense_is_none() {
        let with = |salt: &[u8]| {
            let mut history = vec![1 << 3, 0];
            put(&mut history, 19, salt);
            packed(&history)
        };
        assert_eq!(inline_salt(&with(&[5; 32])), Some(vec![5; 32]));
        for bad in [with(&[]), with(&[5; 300]), packed(&[1 << 3, 0]), packed(&[0xff; 30]), vec![0xff], vec![]]
        {
            assert_eq!(inline_salt(&bad), None);
        }
        // Unpacking stops at more than any client sends.
        let mut long = Vec::new();
        put(&mut long, 99, &vec![0; 4 << 20]);
        put(&mut long, 19, &[5; 32]);
        assert_eq!(inline_salt(&packed(&long)), None);
    }
}
