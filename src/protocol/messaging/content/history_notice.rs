//! Reads the part of the history that comes within its notice; most of the history comes as a file.

use std::io::Read as _;

use super::wire::Fields;

/// Longest history that is unpacked here.
const MOST: u64 = 1 << 20;
/// Longest salt.
const LONGEST_SALT: usize = 256;

/// The salt of the account's computed tokens, if a `HistorySyncNotification` has a history in it that says it.
#[must_use]
pub fn nct_salt(notice: &[u8]) -> Option<Vec<u8>> {
    let inline = Fields::of(notice).filter(|field| field.number == 11).last()?;
    let mut history = Vec::new();
    flate2::bufread::ZlibDecoder::new(inline.bytes()?).take(MOST).read_to_end(&mut history).ok()?;
    let salt = Fields::checked(&history).ok()?.filter(|field| field.number == 19).last()?;
    let salt = salt.bytes()?;
    (1..=LONGEST_SALT).contains(&salt.len()).then(|| salt.to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::wire::put;
    use super::*;
    use std::io::Write as _;

    fn notice(history: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(history).unwrap();
        let mut notice = Vec::new();
        put(&mut notice, 11, &packed.finish().unwrap());
        notice
    }

    #[test]
    fn it_is_found_and_nonsense_is_none() {
        let with = |salt: &[u8]| {
            let mut history = vec![1 << 3, 0];
            put(&mut history, 19, salt);
            notice(&history)
        };
        assert_eq!(nct_salt(&with(&[5; 32])), Some(vec![5; 32]));
        for bad in [
            with(&[]),
            with(&[5; 300]),
            notice(&[1 << 3, 0]),
            notice(&[0xff]),
            vec![],
            vec![11 << 3 | 2, 1, 9],
        ] {
            assert_eq!(nct_salt(&bad), None);
        }
        // Inflating stops at more than any client sends.
        let mut long = vec![0; 4 << 20];
        long.splice(0..0, [7 << 3 | 2]);
        assert_eq!(nct_salt(&notice(&long)), None);
    }
}
