//! The hash of a set of devices, with which both sides notice that they mean different ones. It is called `phash`, `dhash`
//! or `device_hash`, depending on the set.

use std::fmt::Write;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::crypto::sha256;
use crate::stanza::{Jid, Server, Text};

/// Bytes of the SHA-256 that are kept.
const KEPT: usize = 6;

/// The hash of those devices, in whichever order; `None` if there are none. No device may be there twice.
pub fn phash<'j>(devices: impl IntoIterator<Item = &'j Jid>) -> Option<Text> {
    let mut text = String::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    for device in devices {
        let start = text.len();
        let server = match &device.server {
            Server::LegacyPn => &Server::Pn,
            other => other,
        };
        // An agent is always written, and always 0. Writing to a String does not fail.
        let _ = write!(text, "{}.0:{}@{server}", device.user, device.device);
        places.push(start..text.len());
    }
    if places.is_empty() {
        return None;
    }
    let mut parts: Vec<&[u8]> =
        places.into_iter().map(|place| text.as_bytes().get(place).unwrap_or_default()).collect();
    parts.sort_unstable();
    let hash = sha256(&parts);
    let mut out = String::with_capacity(10);
    out.push_str("2:");
    STANDARD_NO_PAD.encode_string(&hash[..KEPT], &mut out);
    Some(Text::from(out))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, vectors};
    use super::*;

    #[test]
    fn vectors_agree() {
        let cases = vectors()["phash"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let devices = case["devices"].as_array().unwrap();
            let mut devices: Vec<Jid> = devices.iter().map(|text| jid(text.as_str().unwrap())).collect();
            let expected = case["phash"].as_str().unwrap();
            assert_eq!(phash(&devices).as_deref(), Some(expected));
            devices.reverse();
            assert_eq!(phash(&devices).as_deref(), Some(expected), "the order does not matter");
        }
    }

    #[test]
    fn spellings_and_nothing() {
        assert_eq!(phash([&jid("15550001@c.us")]), phash([&jid("15550001@s.whatsapp.net")]));
        assert_ne!(phash([&jid("15550001@lid")]), phash([&jid("15550001@s.whatsapp.net")]));
        assert_eq!(phash([]), None);
    }
}
