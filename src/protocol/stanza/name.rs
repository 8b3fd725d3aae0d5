//! [`Name`]: the tag of an element, or the name of an attribute.

use std::fmt;

use super::Text;
use super::token::{self, Token};

/// A tag or an attribute name. Nearly all of them are words of the protocol's dictionary: those are looked up when the
/// name is made, which makes it cheap to compare and to send.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(pub(super) NameKind);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum NameKind {
    Token(Token),
    /// Never a text that has a token.
    Other(Text),
}

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            NameKind::Token(token) => token::text(*token),
            NameKind::Other(text) => text,
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(match token::find(text.as_bytes()) {
            Some(token) => NameKind::Token(token),
            None => NameKind::Other(Text::new(text)),
        })
    }
}

macro_rules! name_from_text {
    ($($text:ty)*) => {$(
        impl From<$text> for Name {
            fn from(text: $text) -> Self {
                Self::from(&text[..])
            }
        }
    )*};
}
name_from_text!(String &String Text &Text std::borrow::Cow<'_, str>);

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_others() {
        assert!(matches!(Name::from("iq").0, NameKind::Token(24)));
        assert!(matches!(Name::from("md").0, NameKind::Other(_)));
        for text in ["iq", "md", "active", "", "a name that is not in any dictionary"] {
            assert_eq!(Name::from(text).as_str(), text);
            assert_eq!(Name::from(text), Name::from(text.to_owned()));
            assert_eq!(Name::from(text), Name::from(Text::new(text)));
        }
        assert_eq!(size_of::<Name>(), 24);
        assert_eq!(format!("{:?}", Name::from("iq")), "\"iq\"");
    }
}
