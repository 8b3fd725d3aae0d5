//! A second reader of stanzas, made from the description of the format and from the token tables of the tests alone. The simulator
//! stands on the library's own codec: what that writes wrongly and reads back in the same way would go unseen. Every frame of a
//! client is read by both.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};

static SINGLE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let rows = include_str!("../../vectors/tokens-single.tsv").lines();
    rows.filter_map(|row| row.split('\t').nth(1)).collect()
});
static DOUBLE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let rows = include_str!("../../vectors/tokens-double.tsv").lines();
    rows.filter_map(|row| row.split('\t').nth(2)).collect()
});

/// Reads a frame's plaintext as a client sends it: without compression. The stanza is in the form of [`crate::json_node`].
pub(crate) fn read(plaintext: &[u8]) -> Result<Json, String> {
    let (flags, body) = plaintext.split_first().ok_or("an empty frame")?;
    if *flags != 0 {
        return Err(format!("clients send frames with flags 0, not {flags}"));
    }
    let mut reader = Reader(body);
    let node = reader.node()?;
    if reader.0.is_empty() { Ok(node) } else { Err("bytes after the stanza".to_owned()) }
}

struct Reader<'a>(&'a [u8]);

type Read<T> = Result<T, String>;

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("the frame ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Read<usize> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn list(&mut self) -> Read<usize> {
        match self.number(1)? {
            0xf8 => self.number(1),
            0xf9 => self.number(2),
            other => Err(format!("a list begins with {other:#x}")),
        }
    }

    fn node(&mut self) -> Read<Json> {
        let size = self.list()?;
        if size == 0 {
            return Err("an empty node".to_owned());
        }
        let tag = self.word()?;
        let mut attrs = Map::new();
        for _ in 0..(size - 1) / 2 {
            let key = self.word()?;
            let value = self.word()?;
            if key.is_empty() || attrs.insert(key.clone(), value.into()).is_some() {
                return Err(format!("an attribute of <{tag}> has no name, or {key:?} is there twice"));
            }
        }
        let mut node = json!({ "tag": tag, "attrs": attrs });
        if size % 2 == 0 {
            self.content(&mut node)?;
        }
        Ok(node)
    }

    fn content(&mut self, node: &mut Json) -> Read<()> {
        match self.0.first() {
            Some(0) => drop(self.take(1)?),
            Some(0xf8 | 0xf9) => {
                let count = self.list()?;
                let children = (0..count).map(|_| self.node()).collect::<Read<Vec<_>>>()?;
                if count > 0 {
                    node["children"] = children.into();
                }
            }
            Some(0xfc..=0xfe) => {
                let bytes = self.blob()?;
                match std::str::from_utf8(bytes) {
                    Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
                        node["text"] = text.into();
                    }
                    _ => node["bytes"] = STANDARD.encode(bytes).into(),
                }
            }
            // As some clients write text.
            _ => node["text"] = self.word()?.into(),
        }
        Ok(())
    }

    fn blob(&mut self) -> Read<&'a [u8]> {
        let length = match self.number(1)? {
            0xfc => self.number(1)?,
            0xfd => self.number(3)? & 0xf_ffff,
            0xfe => self.number(4)?,
            other => return Err(format!("bytes begin with {other:#x}")),
        };
        self.take(length)
    }

    /// A tag, a key or a value.
    fn word(&mut self) -> Read<String> {
        match self.0.first().copied() {
            Some(0xfc..=0xfe) => {
                std::str::from_utf8(self.blob()?).map(str::to_owned).map_err(|error| error.to_string())
            }
            Some(index @ 1..=0xeb) => {
                self.take(1)?;
                SINGLE.get(usize::from(index) - 1).map(|token| (*token).to_owned()).ok_or("no token".into())
            }
            Some(dictionary @ 0xec..=0xef) => {
                self.take(1)?;
                let index = usize::from(dictionary - 0xec) * 256 + self.number(1)?;
                DOUBLE.get(index).map(|token| (*token).to_owned()).ok_or("no token".into())
            }
            Some(0xff) => self.packed(b"0123456789-."),
            Some(0xfb) => self.packed(b"0123456789ABCDEF"),
            Some(0xfa) => {
                self.take(1)?;
                let user = if self.0.first() == Some(&0) {
                    self.take(1).map(|_| String::new())
                } else {
                    self.word()
                }?;
                let server = self.word()?;
                Ok(if user.is_empty() { server } else { format!("{user}@{server}") })
            }
            Some(0xf7) => {
                self.take(1)?;
                let (domain, device, user) = (self.number(1)?, self.number(1)?, self.word()?);
                let server = match domain {
                    0 => "s.whatsapp.net",
                    1 => "lid",
                    128 => "hosted",
                    129 => "hosted.lid",
                    other => return Err(format!("the domain {other}")),
                };
                Ok(if device == 0 { format!("{user}@{server}") } else { format!("{user}:{device}@{server}") })
            }
            other => Err(format!("a word begins with {other:?}")),
        }
    }

    fn packed(&mut self, alphabet: &[u8]) -> Read<String> {
        self.take(1)?;
        let length = self.number(1)?;
        let bytes = self.take(length & 0x7f)?;
        let halves: Vec<u8> = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
        let halves = match (length & 0x80, halves.split_last()) {
            (0, _) => &halves[..],
            (_, Some((15, halves))) => halves,
            _ => return Err("an odd packed word without its filling".to_owned()),
        };
        let letters =
            halves.iter().map(|half| alphabet.get(usize::from(*half)).map(|letter| char::from(*letter)));
        letters.collect::<Option<String>>().ok_or("a letter that the packing does not have".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_format_describes_is_read() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()).collect()
        };
        assert_eq!(read(&hex("00f80102")), Ok(json!({ "tag": "xmlstreamend", "attrs": {} })));
        // A device of a user, a number, a two-byte token, and bytes.
        let node = read(&hex("00f8061911f70103ff011208ff82123ffc02ff00")).unwrap();
        assert_eq!(node["attrs"], json!({ "to": "12:3@lid", "id": "123" }));
        assert_eq!(node["bytes"], "/wA=");
        let token = read(&hex("00f80219f801f801ec01")).unwrap();
        assert_eq!(token["children"][0]["tag"], "active");
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for bad in [
            &[][..],
            &[2, 0xf8, 1, 2],
            &[0, 0xf8, 1, 2, 2],
            &[0, 0xf8, 0],
            &[0, 0xf8, 3, 2, 8],
            &[0, 0xf8, 2, 2, 0xf0],
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
