//! The text inside a QR, and reading it back as a phone does.
//!
//! A QR names the server's reference, the companion's two public keys and the ADV secret, so whoever sees it can link the
//! companion to an account; it lives for seconds. When to show which one is the business of `qr_machine`.
//!
//! Main types: [`QrText`], [`QrLink`].

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::crypto::{PublicKey, Secret};

/// The prefix that turns the text into a link that a phone's own camera can open.
pub const URL_PREFIX: &str = "https://wa.me/settings/linked_devices#";
/// An extra last field that some clients append and readers skip.
const HELP_FIELD: &str = "https://faq.whatsapp.com/r/ld";
/// Longest text a reader looks at.
const MOST_READ: usize = 2048;

/// The form of the text that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QrForm {
    /// The link form.
    #[default]
    Url,
    /// The five fields alone.
    Plain,
}

/// The text of a QR. It contains the ADV secret: wiped when dropped, and only [`reveal`](Self::reveal) shows it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct QrText(String);

impl QrText {
    /// The text to draw.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for QrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrText(redacted)")
    }
}

/// The content of a QR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrLink {
    /// The server's reference, as it came.
    pub reference: String,
    /// The companion's Noise key.
    pub noise: PublicKey,
    /// The companion's identity key.
    pub identity: PublicKey,
    /// The ADV secret.
    pub adv_secret: Secret<32>,
    /// The kind of client; absent in the obsolete form, which current phones refuse.
    pub client_type: Option<char>,
}

/// The reason why a text is no QR for linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// Fewer than four fields, an empty reference, or far too long.
    #[error("not a QR text for linking a device")]
    Fields,
    /// A key or the secret is not 32 bytes of base64.
    #[error("a key in the QR text is malformed")]
    Key,
}

impl QrLink {
    /// The text, in one of its forms.
    pub fn to_text(&self, form: QrForm) -> QrText {
        let mut text = String::with_capacity(URL_PREFIX.len() + self.reference.len() + 3 * 45 + 2);
        if form == QrForm::Url {
            text.push_str(URL_PREFIX);
        }
        text.push_str(&self.reference);
        for key in [&self.noise.0, &self.identity.0, self.adv_secret.as_bytes()] {
            text.push(',');
            STANDARD.encode_string(key, &mut text);
        }
        if let Some(client_type) = self.client_type {
            text.push(',');
            text.push(client_type);
        }
        QrText(text)
    }

    /// Reads a text as a phone does: with or without the link in front, four or five fields, an optional help field. The
    /// fields are taken from the end, so a comma inside the reference does no harm.
    pub fn parse(text: &str) -> Result<Self, QrError> {
        if text.len() > MOST_READ {
            return Err(QrError::Fields);
        }
        let mut rest = text.strip_prefix(URL_PREFIX).unwrap_or(text);
        if let Some((before, HELP_FIELD)) = rest.rsplit_once(',') {
            rest = before;
        }
        let mut client_type = None;
        if let Some((before, last)) = rest.rsplit_once(',') {
            let mut characters = last.chars();
            if let (Some(only), None) = (characters.next(), characters.next()) {
                client_type = Some(only);
                rest = before;
            }
        }
        let mut fields = rest.rsplitn(4, ',');
        let mut key = || fields.next().ok_or(QrError::Fields).and_then(key_of);
        let (adv_secret, identity, noise) = (key()?, key()?, key()?);
        let reference = fields.next().filter(|reference| !reference.is_empty()).ok_or(QrError::Fields)?;
        Ok(Self {
            reference: reference.to_owned(),
            noise: PublicKey(*noise.as_bytes()),
            identity: PublicKey(*identity.as_bytes()),
            adv_secret,
            client_type,
        })
    }
}

/// Base64 with either alphabet, with or without padding.
fn key_of(text: &str) -> Result<Secret<32>, QrError> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard: Zeroizing<String> = Zeroizing::new(
        text.chars()
            .map(|c| {
                if c == '-' {
                    '+'
                } else if c == '_' {
                    '/'
                } else {
                    c
                }
            })
            .collect(),
    );
    let decoded = GeneralPurpose::new(&alphabet::STANDARD, config).decode(standard.as_bytes());
    let decoded = Zeroizing::new(decoded.map_err(|_| QrError::Key)?);
    Secret::from_slice(&decoded).ok_or(QrError::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::test_vectors::{bytes, text, vectors};

    fn link() -> (QrLink, serde_json::Value) {
        let section = vectors()["qr"].clone();
        let link = QrLink {
            reference: text(&section, "ref_text").to_owned(),
            noise: PublicKey(bytes(&section, "noise_pub")),
            identity: PublicKey(bytes(&section, "identity_pub")),
            adv_secret: Secret::new(bytes(&section, "adv_secret")),
            client_type: text(&section, "client_type_text").chars().next(),
        };
        (link, section)
    }

    #[test]
    fn vectors_qr() {
        let (link, section) = link();
        assert_eq!(link.to_text(QrForm::Plain).reveal(), text(&section, "five_field_text"));
        assert_eq!(link.to_text(QrForm::Url).reveal(), text(&section, "url_text"));
        assert_eq!(QrLink::parse(text(&section, "five_field_text")).unwrap(), link);
        assert_eq!(QrLink::parse(text(&section, "url_text")).unwrap(), link);

        let obsolete = QrLink { client_type: None, ..link.clone() };
        assert_eq!(obsolete.to_text(QrForm::Plain).reveal(), text(&section, "four_field_text"));
        assert_eq!(QrLink::parse(text(&section, "four_field_text")).unwrap(), obsolete);

        let refreshed = &section["after_companion_reg_refresh"];
        let link = QrLink { adv_secret: Secret::new(bytes(refreshed, "new_adv_secret")), ..link };
        assert_eq!(link.to_text(QrForm::Plain).reveal(), text(refreshed, "five_field_text"));
    }

    #[test]
    fn readers_are_lenient_where_phones_are() {
        let (link, section) = link();
        let plain = text(&section, "five_field_text");
        assert_eq!(QrLink::parse(&format!("{plain},{HELP_FIELD}")).unwrap(), link);
        assert_eq!(QrLink::parse(&format!("{URL_PREFIX}{plain},{HELP_FIELD}")).unwrap(), link);
        // Only the keys: the reference may contain the same characters.
        let url_safe = plain.replacen(&link.reference, "REF", 1).replace('+', "-").replace('/', "_");
        let expected = QrLink { reference: "REF".to_owned(), ..link.clone() };
        assert_eq!(QrLink::parse(&url_safe).unwrap(), expected);
        assert_eq!(QrLink::parse(&url_safe.replace('=', "")).unwrap(), expected);
        let comma = QrLink { reference: "2@a,b,c".to_owned(), ..link };
        assert_eq!(QrLink::parse(comma.to_text(QrForm::Url).reveal()).unwrap(), comma);
    }

    #[test]
    fn other_texts_are_refused() {
        let (link, section) = link();
        let plain = text(&section, "five_field_text");
        for text in ["", ",", ",,,,", "2@abc", "https://wa.me/settings/linked_devices#", "a,b,c,d,1"] {
            assert!(QrLink::parse(text).is_err(), "{text}");
        }
        assert_eq!(QrLink::parse(&plain.replacen(&link.reference, "", 1)), Err(QrError::Fields));
        assert_eq!(QrLink::parse(&"a".repeat(1 << 20)), Err(QrError::Fields));
        assert_eq!(QrLink::parse("2@r,AAAA,AAAA,AAAA,1"), Err(QrError::Key));
    }

    #[test]
    fn debug_hides_the_secret() {
        let (link, _) = link();
        assert_eq!(format!("{:?}", link.to_text(QrForm::Url)), "QrText(redacted)");
        assert!(!format!("{link:?}").contains("b71cc4"));
    }
}
