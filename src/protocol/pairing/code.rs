//! The eight characters a user types into the phone: alphabet, encoding, checking.
//!
//! Also the door to the cryptography that both ends build on a code (`code_crypto`, re-exported here). It is
//! not the state machine that asks the server for a code; that is `code_machine`.
//!
//! Main type: [`PairingCode`].

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::crypto::{Random, random_array};

pub use super::code_crypto::*;

/// The 32 characters of a pairing code: digits and capital letters without `0`, `I`, `O`, `U`.
pub const ALPHABET: &[u8; 32] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
/// Characters in a code.
pub const CODE_LENGTH: usize = 8;

/// A pairing code. With it, a device can link to the account it is typed into, so it is wiped when dropped, and only
/// [`reveal`](Self::reveal) and [`display`](Self::display) show it. The bytes stay in one place when a code is moved: the bytes
/// that a queue or a closure leaves behind when it is emptied are never wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct PairingCode(Box<Zeroizing<[u8; CODE_LENGTH]>>);

/// The reason why a code chosen by the host cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not eight characters after dashes and spaces are removed.
    #[error("a pairing code has 8 characters")]
    Length,
    /// A character that cannot be typed into the phone.
    #[error("a pairing code consists of 1-9 and A-Z without I, O and U")]
    Alphabet,
}

impl PairingCode {
    /// Reads five bytes as eight groups of five bits from the top; each selects a character.
    pub fn from_bytes(bytes: [u8; 5]) -> Self {
        let number = bytes.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
        let mut text = Box::new(Zeroizing::new([0; CODE_LENGTH]));
        for (position, character) in text.iter_mut().enumerate() {
            let group = (number >> (5 * (CODE_LENGTH - 1 - position))) & 31;
            *character = ALPHABET[group as usize]; // five bits index 32 characters
        }
        Self(text)
    }

    /// A fresh random code.
    pub fn generate(rng: &mut dyn Random) -> Self {
        let mut bytes: [u8; 5] = random_array(rng);
        let code = Self::from_bytes(bytes);
        bytes.zeroize();
        code
    }

    /// Reads a code that the host chose or a user typed: dashes and spaces are dropped, small letters become capitals.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut code = Self(Box::new(Zeroizing::new([0; CODE_LENGTH])));
        let mut length = 0;
        for character in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let upper = character.to_ascii_uppercase();
            let byte = u8::try_from(upper).map_err(|_| CodeError::Alphabet)?;
            if !ALPHABET.contains(&byte) {
                return Err(CodeError::Alphabet);
            }
            *code.0.get_mut(length).ok_or(CodeError::Length)? = byte;
            length += 1;
        }
        if length == CODE_LENGTH { Ok(code) } else { Err(CodeError::Length) }
    }

    /// The eight bytes that the cryptography uses as a password.
    pub fn as_bytes(&self) -> &[u8; CODE_LENGTH] {
        &self.0
    }

    /// The plain text, `ABCDEFGH`.
    pub fn reveal(&self) -> String {
        self.0.iter().copied().map(char::from).collect()
    }

    /// The text as it is shown to people, `ABCD-EFGH`.
    pub fn display(&self) -> String {
        // With room for all of it: a text that grows leaves copies behind.
        let mut text = String::with_capacity(CODE_LENGTH + 1);
        for (index, byte) in self.0.iter().copied().enumerate() {
            if index == CODE_LENGTH / 2 {
                text.push('-');
            }
            text.push(char::from(byte));
        }
        text
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairingCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::test_vectors::{bytes, list, text, vectors};

    #[test]
    fn vectors_code_from_5_bytes() {
        let section = &vectors()["code_from_5_bytes"];
        assert_eq!(text(section, "alphabet_text").as_bytes(), ALPHABET);
        for case in list(section, "cases") {
            let code = PairingCode::from_bytes(bytes(case, "bytes"));
            assert_eq!(code.reveal(), text(case, "code_text"));
            assert_eq!(code.display(), text(case, "display_text"));
            assert_eq!(PairingCode::parse(&code.display()).unwrap(), code);
        }
    }

    #[test]
    fn a_code_that_is_moved_stays_where_it_is() {
        let code = PairingCode::parse("ABCDEFGH").unwrap();
        let at = code.as_bytes().as_ptr();
        let closure = Box::new(move || code.as_bytes().as_ptr());
        assert_eq!(closure(), at);
    }

    #[test]
    fn vectors_custom_code_validation() {
        let section = &vectors()["custom_code_validation"];
        for case in list(section, "accept_after_normalising") {
            let code = PairingCode::parse(case[0].as_str().unwrap()).unwrap();
            assert_eq!(code.reveal(), case[1].as_str().unwrap());
        }
        for case in list(section, "reject") {
            assert!(PairingCode::parse(case.as_str().unwrap()).is_err(), "{case}");
        }
    }

    #[test]
    fn length_and_alphabet_are_told_apart() {
        assert_eq!(PairingCode::parse("ABCD123").unwrap_err(), CodeError::Length);
        assert_eq!(PairingCode::parse("ABCD-1234-5").unwrap_err(), CodeError::Length);
        assert_eq!(PairingCode::parse("ABCD_123").unwrap_err(), CodeError::Alphabet);
        assert_eq!(PairingCode::parse("ABCDÉ123").unwrap_err(), CodeError::Alphabet);
        assert_eq!(PairingCode::parse("mycode12").unwrap_err(), CodeError::Alphabet);
    }

    #[test]
    fn debug_hides_the_code() {
        assert_eq!(format!("{:?}", PairingCode::parse("ABCD-1234").unwrap()), "PairingCode(redacted)");
    }
}
