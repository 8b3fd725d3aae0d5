//! Phone numbers as a host types them.
//!
//! The rule is strict on purpose: international digits, at most one leading `+`, 7 to 15 digits, nothing else. Other
//! clients drop whatever is not a digit; that turns a national number with a leading zero, or a pasted letter, into a
//! request for another person's account. Here each mistake has its own message and nothing is sent. It is not a
//! directory of country codes: a well-formed number may still not exist.
//!
//! Main type: [`PhoneNumber`].

use std::fmt;

use crate::stanza::Jid;

/// Fewest digits of an international number.
const MIN_DIGITS: usize = 7;
/// Most digits of an international number (E.164).
const MAX_DIGITS: usize = 15;

/// A phone number in international form, digits only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// A fault of a phone number; the text tells the user how to repair it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Nothing, or only a plus sign.
    #[error("the phone number is empty; give country code and number, such as 15551234567")]
    Empty,
    /// A letter or another character that belongs into no number.
    #[error("the phone number contains a character that is not a digit; write digits only")]
    NotADigit,
    /// Spaces, dashes, dots, slashes or brackets between the digits.
    #[error("the phone number contains spaces or punctuation; write the digits without separators")]
    Separator,
    /// A plus sign that is not the first character, or more than one.
    #[error("a plus sign may only stand once, in front of the phone number")]
    MisplacedPlus,
    /// A leading zero: a national number, or an international prefix such as 00.
    #[error("the phone number starts with 0; write it with its country code and without 0 or 00 in front")]
    LeadingZero,
    /// Fewer than seven digits.
    #[error("the phone number is too short; an international number has at least 7 digits")]
    TooShort,
    /// More than fifteen digits.
    #[error("the phone number is too long; an international number has at most 15 digits")]
    TooLong,
}

impl PhoneNumber {
    /// Reads what a user typed.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if digits.is_empty() {
            return Err(PhoneNumberError::Empty);
        }
        for character in digits.chars() {
            match character {
                '0'..='9' => {}
                '+' => return Err(PhoneNumberError::MisplacedPlus),
                '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' => {
                    return Err(PhoneNumberError::Separator);
                }
                other if other.is_whitespace() => return Err(PhoneNumberError::Separator),
                _ => return Err(PhoneNumberError::NotADigit),
            }
        }
        if digits.starts_with('0') {
            return Err(PhoneNumberError::LeadingZero);
        }
        match digits.len() {
            0..MIN_DIGITS => Err(PhoneNumberError::TooShort),
            MIN_DIGITS..=MAX_DIGITS => Ok(Self(digits.to_owned())),
            _ => Err(PhoneNumberError::TooLong),
        }
    }

    /// The digits, without plus sign.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The account's address.
    pub fn jid(&self) -> Jid {
        Jid::user(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    /// Numbers are masked wherever they could reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.get(self.0.len().saturating_sub(2)..).unwrap_or("");
        write!(f, "PhoneNumber(…{tail})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_its_own_error() {
        use PhoneNumberError::*;
        let cases = [
            ("", Empty),
            ("+", Empty),
            ("++4930123456", MisplacedPlus),
            ("49+30123456", MisplacedPlus),
            ("4930123456+", MisplacedPlus),
            ("4930abc456", NotADigit),
            ("49\u{0663}0123456", NotADigit),
            ("4930_123456", NotADigit),
            ("+1 (555) 123-4567", Separator),
            ("49-30123456", Separator),
            (" 4930123456", Separator),
            ("4930123456\n", Separator),
            ("49.30.123456", Separator),
            ("01512345678", LeadingZero),
            ("004930123456", LeadingZero),
            ("+0123", LeadingZero),
            ("123456", TooShort),
            ("+123456", TooShort),
            ("1234567890123456", TooLong),
        ];
        for (text, expected) in cases {
            assert_eq!(PhoneNumber::parse(text).unwrap_err(), expected, "{text:?}");
        }
        let mut texts: Vec<String> = cases.iter().map(|(_, e)| e.to_string()).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 7, "every mistake has its own message");
    }

    #[test]
    fn good_numbers_lose_only_the_plus() {
        for (text, digits) in [
            ("15551234567", "15551234567"),
            ("+4930123456", "4930123456"),
            ("1234567", "1234567"),
            ("123456789012345", "123456789012345"),
        ] {
            assert_eq!(PhoneNumber::parse(text).unwrap().digits(), digits);
        }
    }

    #[test]
    fn debug_masks_the_number() {
        let number = PhoneNumber::parse("15551234567").unwrap();
        assert_eq!(format!("{number:?}"), "PhoneNumber(…67)");
    }
}
