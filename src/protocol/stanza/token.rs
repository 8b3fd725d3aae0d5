//! Looking tokens up: byte to text when reading, text to bytes when writing.
//!
//! The table for writing is made by the compiler from `tokens`: 4096 slots, open addressing, so that a text is hashed
//! from its first and last bytes and, nearly always, compared with one candidate at most.

use super::tokens::{DOUBLE, SINGLE};

/// First of the four bytes that announce a two-byte token.
pub(super) const DICTIONARY_0: u8 = 236;
/// Last of them.
pub(super) const DICTIONARY_3: u8 = 239;

const COUNT: usize = SINGLE.len() + DOUBLE.len();
const SLOTS: usize = 4096;
const LONGEST: usize = 48;

/// Number of a token in this process: the single-byte ones first, then the dictionaries.
pub(super) type Token = u16;

/// `s.whatsapp.net`
pub(super) const PN: Token = 2;
/// `lid`
pub(super) const LID: Token = 117;
/// `g.us`
pub(super) const GROUP: Token = 27;
/// `broadcast`
pub(super) const BROADCAST: Token = 12;
/// `hosted`, which is in no dictionary: numbered behind them so that the decoder can name it without copying.
pub(super) const HOSTED: Token = COUNT as Token;
/// `hosted.lid`, likewise.
pub(super) const HOSTED_LID: Token = COUNT as Token + 1;

/// The token that a single byte stands for.
#[inline]
pub(super) fn single(byte: u8) -> Option<Token> {
    let index = byte.wrapping_sub(1);
    (usize::from(index) < SINGLE.len()).then_some(u16::from(index))
}

/// The token at that index of that dictionary (0 to 3).
pub(super) fn double(dictionary: u8, index: u8) -> Token {
    SINGLE.len() as u16 + (u16::from(dictionary & 3) << 8 | u16::from(index))
}

/// The text of a token.
pub(super) fn text(token: Token) -> &'static str {
    let at = usize::from(token);
    match SINGLE.get(at).or_else(|| DOUBLE.get(at - SINGLE.len())) {
        Some(text) => text,
        None if token == HOSTED => "hosted",
        None => "hosted.lid",
    }
}

/// Appends a token.
#[inline]
pub(super) fn put(token: Token, out: &mut Vec<u8>) {
    if usize::from(token) < SINGLE.len() {
        out.push(token as u8 + 1);
    } else {
        let [dictionary, index] = (token - SINGLE.len() as u16).to_be_bytes();
        out.extend_from_slice(&[DICTIONARY_0 + dictionary, index]);
    }
}

/// Returns the token of a text. A leaf, and short: writing a stanza is mostly this.
#[inline(never)]
pub(super) fn find(text: &[u8]) -> Option<Token> {
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let key = fingerprint(text);
    let mut at = slot_of(key, text.len());
    loop {
        let slot = TABLE[at % SLOTS];
        if slot == 0 {
            return None;
        }
        if KEYS[usize::from(slot & INDEX_MASK)] == key && slot >> INDEX_BITS == short_len(text.len()) {
            if text.len() > 16 {
                return find_long(text, at);
            }
            return Some((slot & INDEX_MASK) - 1);
        }
        at += 1;
    }
}

/// The same for texts that are longer than their fingerprint, from that slot on.
#[cold]
#[inline(never)]
fn find_long(text: &[u8], mut at: usize) -> Option<Token> {
    loop {
        let token = (TABLE[at % SLOTS] & INDEX_MASK).checked_sub(1)?;
        if self::text(token).as_bytes() == text {
            return Some(token);
        }
        at += 1;
    }
}

/// A slot is 0 when free, else token + 1 in the low 11 bits and the length (31 for longer) above.
const INDEX_BITS: u32 = 11;
const INDEX_MASK: u16 = (1 << INDEX_BITS) - 1;

static TABLE: [u16; SLOTS] = table();
/// Fingerprints by token + 1; as many as an index can reach, so that no check is needed.
static KEYS: [(u64, u64); 1 << INDEX_BITS] = keys();

const fn short_len(len: usize) -> u16 {
    if len < 31 { len as u16 } else { 31 }
}

/// First and last bytes of a text that is not empty. Up to 16 bytes this and the length are the whole text.
#[inline]
const fn fingerprint(text: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (u32::from_le_bytes(*first) as u64, u32::from_le_bytes(*last) as u64)
    } else {
        let len = text.len();
        (text[0] as u64 | (text[len / 2] as u64) << 8, text[len - 1] as u64)
    }
}

#[inline]
const fn slot_of(key: (u64, u64), len: usize) -> usize {
    let mixed = (key.0 ^ key.1.rotate_left(29) ^ (len as u64) << 58).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 52) as usize
}

const fn nth(token: usize) -> &'static [u8] {
    if token < SINGLE.len() { SINGLE[token].as_bytes() } else { DOUBLE[token - SINGLE.len()].as_bytes() }
}

const fn keys() -> [(u64, u64); 1 << INDEX_BITS] {
    let mut keys = [(0, 0); 1 << INDEX_BITS];
    let mut token = 0;
    while token < COUNT {
        keys[token + 1] = fingerprint(nth(token));
        token += 1;
    }
    keys
}

const fn table() -> [u16; SLOTS] {
    assert!(COUNT < INDEX_MASK as usize && SLOTS == 1 << 12);
    let mut table = [0; SLOTS];
    let mut token = 0;
    while token < COUNT {
        let text = nth(token);
        assert!(!text.is_empty() && text.len() <= LONGEST);
        let mut at = slot_of(fingerprint(text), text.len());
        while table[at % SLOTS] != 0 {
            at += 1;
        }
        table[at % SLOTS] = short_len(text.len()) << INDEX_BITS | (token as u16 + 1);
        token += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_those_of_the_protocol() {
        let single_rows = include_str!("../../../tests/vectors/tokens-single.tsv");
        let mut seen = 0;
        for (row, ours) in single_rows.lines().zip(SINGLE) {
            let (index, token) = row.split_once('\t').unwrap();
            assert_eq!((index.parse::<usize>().unwrap(), token), (seen + 1, ours));
            seen += 1;
        }
        assert_eq!((seen, single_rows.lines().count()), (235, 235));
        let double_rows = include_str!("../../../tests/vectors/tokens-double.tsv");
        let mut seen = 0;
        for (row, ours) in double_rows.lines().zip(DOUBLE) {
            let mut fields = row.split('\t');
            let mut number = || fields.next().unwrap().parse::<usize>().unwrap();
            assert_eq!(number() * 256 + number(), seen);
            assert_eq!(fields.next(), Some(ours));
            seen += 1;
        }
        assert_eq!((seen, double_rows.lines().count()), (1024, 1024));
    }

    #[test]
    fn every_token_finds_itself() {
        for token in 0..COUNT as u16 {
            assert_eq!(find(text(token).as_bytes()), Some(token), "{}", text(token));
        }
        assert_eq!(single(1).map(text), Some("xmlstreamstart"));
        assert_eq!(single(235), Some(234));
        assert_eq!((single(0), single(236)), (None, None));
        assert_eq!(text(double(0, 1)), "active");
        assert_eq!(
            [PN, LID, HOSTED, HOSTED_LID].map(text),
            ["s.whatsapp.net", "lid", "hosted", "hosted.lid"]
        );
        assert_eq!(text(double(3, 255)), DOUBLE[1023]);
    }

    #[test]
    fn what_others_rely_on() {
        for token in 0..COUNT as u16 {
            let text = text(token);
            assert!(!text.contains('@'), "the decoder takes no token for an address");
            let number = text.bytes().all(|byte| byte.is_ascii_digit());
            assert!(!(number && text.len() >= 8), "the encoder packs long numbers without a look here");
        }
    }

    #[test]
    fn near_misses_are_no_tokens() {
        for token in 0..COUNT as u16 {
            let text = text(token);
            for other in [format!("{text}!"), format!("!{text}"), text.to_uppercase(), text[1..].to_owned()] {
                let known = SINGLE.contains(&other.as_str()) || DOUBLE.contains(&other.as_str());
                assert_eq!(find(other.as_bytes()).is_some(), known, "{other}");
            }
            // Same ends, other middle: only the whole comparison tells long ones apart.
            if text.len() > 16 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[8] ^= 0x80;
                assert_eq!(find(&bytes), None);
            }
        }
        assert_eq!(find(b""), None);
        assert_eq!(find(&[b'x'; 100]), None);
    }

    #[test]
    fn written_as_one_or_two_bytes() {
        let mut out = Vec::new();
        for text in ["iq", "active", "03"] {
            put(find(text.as_bytes()).unwrap(), &mut out);
        }
        assert_eq!(out, [0x19, 0xec, 0x01, 0xea]);
    }

    #[test]
    fn probes_stay_short() {
        let worst = (0..COUNT as u16).map(|token| {
            let text = text(token).as_bytes();
            let home = slot_of(fingerprint(text), text.len());
            (0..).find(|step| TABLE[(home + step) % SLOTS] & INDEX_MASK == token + 1).unwrap()
        });
        assert!(worst.max().unwrap() <= 8);
    }
}
