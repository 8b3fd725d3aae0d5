//! The two packed forms of text: two characters to a byte, for digits (phone numbers, times, ids) and upper-case hex.

use super::decode::DecodeError;

/// Announces packed upper-case hex.
pub(super) const HEX_8: u8 = 251;
/// Announces packed digits, `-` and `.`.
pub(super) const NIBBLE_8: u8 = 255;

/// Longest text that can be packed.
const LONGEST: usize = 127;
/// Set in the length byte if the last half-byte is padding.
const ODD: u8 = 0x80;
const PAD: u8 = 15;

/// Value and alphabet of each byte: the low four bits are the half-byte, bit 6 means "not in hex", bit 7 "not in nibble".
static HALVES: [u8; 256] = {
    let mut table = [NOT_HEX | NOT_NIBBLE; 256];
    let mut digit = 0;
    while digit < 10 {
        table[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    table[b'-' as usize] = NOT_HEX | 10;
    table[b'.' as usize] = NOT_HEX | 11;
    let mut letter = 0;
    while letter < 6 {
        table[b'A' as usize + letter] = NOT_NIBBLE | (10 + letter as u8);
        letter += 1;
    }
    table
};
const NOT_HEX: u8 = 0x40;
const NOT_NIBBLE: u8 = 0x80;

/// Appends the packed form; `false`, and nothing written, if the text is in neither alphabet, empty or too long.
#[inline]
pub(super) fn pack(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    let mut packed = [0; 2 + LONGEST.div_ceil(2)];
    let mut outside = 0;
    let (pairs, last) = text.as_chunks::<2>();
    let mut place = packed.iter_mut().skip(2);
    for ([high, low], place) in pairs.iter().zip(&mut place) {
        let (high, low) = (HALVES[usize::from(*high)], HALVES[usize::from(*low)]);
        outside |= high | low;
        *place = high << 4 | low & 15;
    }
    if let ([high], Some(place)) = (last, place.next()) {
        let high = HALVES[usize::from(*high)];
        outside |= high;
        *place = high << 4 | PAD;
    }
    let kind = match outside & (NOT_HEX | NOT_NIBBLE) {
        0 | NOT_HEX => NIBBLE_8,
        NOT_NIBBLE => HEX_8,
        _ => return false,
    };
    let bytes = text.len().div_ceil(2);
    packed[0] = kind;
    packed[1] = bytes as u8 | if last.is_empty() { 0 } else { ODD };
    out.extend_from_slice(&packed[..2 + bytes]);
    true
}

/// How many bytes follow a length byte.
pub(super) fn packed_len(length: u8) -> usize {
    usize::from(length & !ODD)
}

/// Appends the text of `packed`, whose length byte was `length`.
#[inline]
pub(super) fn unpack(kind: u8, length: u8, packed: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let alphabet: &[u8; 16] = if kind == HEX_8 { b"0123456789ABCDEF" } else { b"0123456789-.\0\0\0\0" };
    let odd = length & ODD != 0;
    let whole = match packed.split_last() {
        Some((_, whole)) if odd => whole,
        None if odd => return Err(DecodeError::Packing),
        _ => packed,
    };
    let mut bad = false;
    for chunk in whole.chunks(8) {
        let mut text = [0; 16];
        for (byte, place) in chunk.iter().zip(text.as_chunks_mut::<2>().0) {
            *place = [alphabet[usize::from(byte >> 4)], alphabet[usize::from(byte & 15)]];
            bad |= place[0] == 0 || place[1] == 0;
        }
        out.extend_from_slice(&text[..2 * chunk.len()]);
    }
    if let (Some(byte), true) = (packed.last(), odd) {
        let high = alphabet[usize::from(byte >> 4)];
        bad |= high == 0;
        out.push(high);
    }
    if bad { Err(DecodeError::Packing) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        pack(text.as_bytes(), &mut out).then_some(out)
    }

    fn unpacked(bytes: &[u8]) -> Result<String, DecodeError> {
        let mut out = Vec::new();
        unpack(bytes[0], bytes[1], &bytes[2..], &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn both_alphabets() {
        assert_eq!(packed("-1.5-2.7").unwrap(), [0xff, 4, 0xa1, 0xb5, 0xa2, 0xb7]);
        assert_eq!(packed("155").unwrap(), [0xff, 0x82, 0x15, 0x5f]);
        assert_eq!(packed("3EB0C").unwrap(), [0xfb, 0x83, 0x3e, 0xb0, 0xcf]);
        for neither in ["", "3eb0", "AB-12", "1.F", "12 3", "\u{e9}", "1\0"] {
            assert_eq!(packed(neither), None, "{neither:?}");
        }
    }

    #[test]
    fn every_length_comes_back() {
        for len in 1..=127 {
            for text in ["0123456789-.".repeat(11), "0123456789ABCDEF".repeat(8)] {
                let text = &text[..len];
                assert_eq!(unpacked(&packed(text).unwrap()).as_deref(), Ok(text));
            }
        }
        assert_eq!(packed(&"1".repeat(128)), None);
    }

    #[test]
    fn malformed() {
        for bad in [&[0xff, 1, 0xc1][..], &[0xff, 1, 0x1f], &[0xff, 0x81, 0xd1], &[0xff, 0x80], &[0xfb, 0x80]]
        {
            assert_eq!(unpacked(bad), Err(DecodeError::Packing), "{bad:x?}");
        }
        assert_eq!(unpacked(&[0xff, 0]).as_deref(), Ok(""));
        assert_eq!(unpacked(&[0xff, 0x82, 0x12, 0x30]).as_deref(), Ok("123"));
    }
}
