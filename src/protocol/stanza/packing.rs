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

/// Appends the packed form of a number of 8 to 16 digits; `false`, and nothing written, if it is something else. The
/// shortcut for users, times and many ids.
#[inline]
pub(super) fn pack_number(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (8..=16, Some(first), Some(last)) = (text.len(), text.first_chunk(), text.last_chunk()) else {
        return false;
    };
    let Some(first) = pack_digits(*first) else { return false };
    let Some(last) = pack_digits(*last) else { return false };
    // The overlap of the first and the last eight is the same in both.
    let halves = u64::from(first) << (4 * (text.len() - 8)) | u64::from(last);
    let odd = text.len() % 2;
    let bytes = text.len().div_ceil(2);
    let halves = if odd == 0 { halves } else { halves << 4 | u64::from(PAD) };
    let [a, b, c, d, e, f, g, h] = (halves << (64 - 8 * bytes)).to_be_bytes();
    let end = out.len() + 2 + bytes;
    out.extend_from_slice(&[NIBBLE_8, bytes as u8 | (odd as u8) << 7, a, b, c, d, e, f, g, h]);
    out.truncate(end);
    true
}

/// Eight digits in four bytes.
#[inline]
fn pack_digits(text: [u8; 8]) -> Option<u32> {
    let halves = u64::from_be_bytes(text) ^ (EACH * u64::from(b'0'));
    if (halves | halves.wrapping_add(EACH * 0x76)) & (EACH << 7) != 0 {
        return None;
    }
    let halves = (halves | halves >> 4) & 0x00ff_00ff_00ff_00ff;
    let halves = (halves | halves >> 8) & 0x0000_ffff_0000_ffff;
    Some((halves | halves >> 16) as u32)
}

/// Appends the packed form; `false`, and nothing written, if the text is in neither alphabet, empty or too long.
pub(super) fn pack(text: &[u8], out: &mut Vec<u8>) -> bool {
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    let mut packed = [0; 2 + LONGEST.div_ceil(2)];
    let mut outside = 0;
    let (pairs, last) = text.as_chunks::<2>();
    let [_, _, places @ ..] = &mut packed;
    for ([high, low], place) in pairs.iter().zip(&mut *places) {
        let (high, low) = (HALVES[usize::from(*high)], HALVES[usize::from(*low)]);
        outside |= high | low;
        *place = high << 4 | low & 15;
    }
    if let ([high], Some(place)) = (last, places.get_mut(pairs.len())) {
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
    // A block of fixed size is copied without a call.
    let (end, (block, rest)) = (out.len() + 2 + bytes, packed.split_at(16));
    out.extend_from_slice(block);
    if bytes > 14 {
        out.extend_from_slice(rest);
    }
    out.truncate(end);
    true
}

/// Returns the number of bytes that follow a length byte, and the number of characters in them.
#[inline]
pub(super) fn lengths(length: u8) -> Result<(usize, usize), DecodeError> {
    let bytes = usize::from(length & !ODD);
    let odd = usize::from(length >> 7);
    Ok((bytes, (2 * bytes).checked_sub(odd).ok_or(DecodeError::Packing)?))
}

/// Appends the text of that many characters that is packed at the start of `input`, which may go on behind it.
///
/// Sixteen characters at a time, in two words: looking each one up takes several times as long.
#[inline]
pub(super) fn unpack(kind: u8, chars: usize, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let end = out.len() + chars;
    let mut bad = 0;
    let mut left = chars;
    while left > 0 {
        let block = match input.first_chunk::<8>() {
            Some(block) => *block,
            None => std::array::from_fn(|i| input.get(i).copied().unwrap_or_default()),
        };
        let mut halves = u64::from_be_bytes(block);
        if left < 16 {
            // The bytes behind the text count as zeros.
            halves &= !(u64::MAX >> (4 * left));
        }
        let (first, second) = (one_per_byte((halves >> 32) as u32), one_per_byte(halves as u32));
        if kind == NIBBLE_8 {
            bad |= ((first + EACH * 4) | (second + EACH * 4)) & (EACH << 4);
        }
        let text = [first, second].map(|halves| {
            // '0' and up for all; what is past the digits moves on to 'A', or back to '-'. No byte overflows.
            let past_digits = (halves + EACH * 6) >> 4 & EACH;
            let digits = halves + EACH * u64::from(b'0');
            let text = if kind == HEX_8 { digits + past_digits * 7 } else { digits - past_digits * 13 };
            text.to_be_bytes()
        });
        out.extend_from_slice(text.as_flattened());
        left = left.saturating_sub(16);
        input = input.get(8..).unwrap_or_default();
    }
    out.truncate(end);
    if bad == 0 { Ok(()) } else { Err(DecodeError::Packing) }
}

/// A one in each byte.
const EACH: u64 = 0x0101_0101_0101_0101;

/// Spreads eight half-bytes over eight bytes, in order.
#[inline]
fn one_per_byte(halves: u32) -> u64 {
    let halves = u64::from(halves);
    let halves = (halves | halves << 16) & 0x0000_ffff_0000_ffff;
    let halves = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    (halves | halves << 4) & 0x0f0f_0f0f_0f0f_0f0f
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
        let (len, chars) = lengths(bytes[1])?;
        assert_eq!(len, bytes.len() - 2);
        unpack(bytes[0], chars, &bytes[2..], &mut out)?;
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

    #[test]
    fn the_shortcut_for_digits_packs_the_same() {
        for len in 8..=16 {
            for place in 0..len {
                for byte in 0..=255 {
                    let mut text = b"1234567890123456"[..len].to_vec();
                    text[place] = byte;
                    let (mut quick, mut slow) = (vec![1], vec![1]);
                    if pack_number(&text, &mut quick) {
                        assert!(pack(&text, &mut slow));
                        assert_eq!(quick, slow);
                    } else {
                        assert!(!byte.is_ascii_digit() && quick == [1]);
                    }
                }
            }
        }
    }

    #[test]
    fn the_shortcut_is_for_8_to_16() {
        for len in 0..40 {
            assert_eq!(pack_number("7".repeat(len).as_bytes(), &mut Vec::new()), (8..=16).contains(&len));
        }
    }

    #[test]
    fn every_half_byte_alone() {
        for half in 0..16u8 {
            for place in 0..31 {
                let mut bytes = vec![0; 18];
                (bytes[0], bytes[1]) = (NIBBLE_8, 16 | ODD);
                bytes[2 + place / 2] = if place % 2 == 0 { half << 4 } else { half };
                let mut text = ["0"; 31];
                let letters = "0123456789-.";
                let expected = letters.get(usize::from(half)..=usize::from(half)).ok_or(DecodeError::Packing);
                assert_eq!(
                    unpacked(&bytes),
                    expected.map(|letter| {
                        text[place] = letter;
                        text.concat()
                    })
                );
                bytes[0] = HEX_8;
                text[place] = &"0123456789ABCDEF"[usize::from(half)..=usize::from(half)];
                assert_eq!(unpacked(&bytes), Ok(text.concat()));
            }
        }
    }

    #[test]
    fn what_follows_does_not_matter() {
        let mut out = b"before".to_vec();
        assert_eq!(
            unpack(NIBBLE_8, 3, &[0x12, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &mut out),
            Ok(())
        );
        assert_eq!(out, b"before123");
    }
}
