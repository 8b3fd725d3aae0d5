//! Reading: bytes to the arena of a [`Stanza`].
//!
//! One pass, one level of recursion per element and never more than [`MAX_DEPTH`]. Every read is checked against what is
//! left, and every reservation against what could still come, so that a short input cannot claim much.

use super::decoded::{Arena, AttrBytes, AttrRecord, NodeRecord, Source, Span, Stanza};
use super::encode::{
    AD_JID, BINARY_8, BINARY_20, BINARY_32, FB_JID, INTEROP_JID, JID_PAIR, LIST_8, LIST_16, LIST_EMPTY,
};
use super::inflate::inflate;
use super::jid::{MAX_JID_PART, Server, write_jid};
use super::packing::{self, HEX_8, NIBBLE_8};
use super::token::{self, DICTIONARY_0, DICTIONARY_3};
use super::{MAX_ATTRS, MAX_DEPTH, MAX_NAME};

/// Largest body, plain or inflated.
pub(super) const MAX_BODY: usize = 16 << 20;
/// Most elements of a stanza: five million would fit into the largest body.
const MAX_NODES: usize = 200_000;
/// Most attributes of a whole stanza.
const MAX_ALL_ATTRS: usize = 500_000;
/// The only flag bit that means anything: the body is compressed.
const COMPRESSED: u8 = 0x02;

/// The reason why bytes are no stanza. The connection survives it: the frame was counted before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// No byte at all.
    #[error("the stanza is empty")]
    Empty,
    /// It ends before something that it announced.
    #[error("the stanza ends too early")]
    Truncated,
    /// Something else stands where an element must be, or the element is an empty list.
    #[error("there is no element where one must be")]
    NotANode,
    /// A tag, an attribute name or the server of an address is missing or empty.
    #[error("a tag, an attribute name or a server is missing")]
    NoName,
    /// A byte that stands for nothing, or for something that may not stand there.
    #[error("an unexpected byte")]
    UnexpectedByte,
    /// Packed text with a half-byte that stands for nothing.
    #[error("malformed packed text")]
    Packing,
    /// A device address in a domain that nobody knows.
    #[error("a device address of an unknown kind")]
    Domain,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("elements nested too deep")]
    TooDeep,
    /// More elements than any real stanza has.
    #[error("too many elements")]
    TooManyNodes,
    /// More attributes than any real element, or stanza, has.
    #[error("too many attributes")]
    TooManyAttributes,
    /// A tag, an attribute name or a part of an address longer than any real one.
    #[error("a name is too long")]
    TooLong,
    /// Bytes after the end of the element.
    #[error("bytes after the end")]
    TrailingBytes,
    /// The compressed body is no zlib stream.
    #[error("malformed compression")]
    Compression,
    /// The body has more than 16 MiB.
    #[error("the stanza is too large")]
    TooLarge,
}

/// Reads the plaintext of a frame: a flag byte and an element.
pub(super) fn decode(plaintext: Vec<u8>) -> Result<Stanza, DecodeError> {
    let (flags, body) = plaintext.split_first().ok_or(DecodeError::Empty)?;
    if body.len() > MAX_BODY {
        return Err(DecodeError::TooLarge);
    }
    let (input, start) = if flags & COMPRESSED != 0 { (inflate(body)?, 0) } else { (plaintext, 1) };
    let mut stanza = Stanza { arena: Arena::for_body(input.len()), input };
    let mut decoder = StanzaDecoder { at: start, arena: &mut stanza.arena };
    decoder.element(&stanza.input, MAX_DEPTH)?;
    if decoder.at != stanza.input.len() {
        return Err(DecodeError::TrailingBytes);
    }
    Ok(stanza)
}

/// A place in the input.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn left(&self) -> usize {
        self.input.len() - self.at
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = *self.input.get(self.at).ok_or(DecodeError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let array = *self.rest().first_chunk().ok_or(DecodeError::Truncated)?;
        self.at += N;
        Ok(array)
    }

    /// The length of the list whose first byte was `head`; each item takes at least `least` bytes.
    #[inline]
    fn count(&mut self, head: u8, least: usize) -> Result<usize, DecodeError> {
        let count = match head {
            LIST_8 => usize::from(self.byte()?),
            LIST_16 => usize::from(u16::from_be_bytes(self.array()?)),
            LIST_EMPTY => 0,
            _ => return Err(DecodeError::NotANode),
        };
        if count * least > self.left() { Err(DecodeError::Truncated) } else { Ok(count) }
    }

    /// The bytes whose length form is `head`.
    #[inline]
    fn binary(&mut self, head: u8) -> Result<Span, DecodeError> {
        let len = match head {
            BINARY_8 => u32::from(self.byte()?),
            BINARY_20 => {
                let [a, b, c] = self.array()?;
                u32::from_be_bytes([0, a & 0x0f, b, c])
            }
            _ => u32::from_be_bytes(self.array()?),
        };
        let len = usize::try_from(len).map_err(|_| DecodeError::Truncated)?;
        if len > self.left() {
            return Err(DecodeError::Truncated);
        }
        let span = Span::new(Source::Input, self.at, len);
        self.at += len;
        Ok(span)
    }
}

/// The frequent cases work on a cursor of their own, which the compiler keeps in registers; `at` hands it on to the others.
struct StanzaDecoder<'s> {
    at: usize,
    arena: &'s mut Arena,
}

impl StanzaDecoder<'_> {
    /// Reads one element and everything in it. `levels` is how many levels may still be entered, this one included.
    fn element(&mut self, input: &[u8], levels: usize) -> Result<(), DecodeError> {
        let mut cursor = Cursor { input, at: self.at };
        let levels = levels.checked_sub(1).ok_or(DecodeError::TooDeep)?;
        let index = self.arena.nodes.len();
        if index >= MAX_NODES {
            return Err(DecodeError::TooManyNodes);
        }
        let head = cursor.byte()?;
        let size = cursor.count(head, 1)?;
        if size == 0 {
            return Err(DecodeError::NotANode);
        }
        let tag = self.name(&mut cursor)?;
        let attrs = self.arena.attrs.len();
        let attr_count = (size - 1) / 2;
        if attr_count > MAX_ATTRS || attrs + attr_count > MAX_ALL_ATTRS {
            return Err(DecodeError::TooManyAttributes);
        }
        for _ in 0..attr_count {
            let key = self.name(&mut cursor)?;
            self.attribute(&mut cursor, key)?;
        }
        let (mut held, mut content) = (AttrBytes::Nothing, Span::EMPTY);
        let mut children = 0;
        if size % 2 == 0 {
            let head = cursor.byte()?;
            match head {
                LIST_EMPTY | LIST_8 | LIST_16 => {
                    children = cursor.count(head, 2)?;
                    if children != 0 {
                        held = AttrBytes::Children;
                    }
                }
                BINARY_8 | BINARY_20 | BINARY_32 => {
                    (held, content) = (AttrBytes::Bytes, cursor.binary(head)?)
                }
                JID_PAIR | AD_JID | FB_JID | INTEROP_JID => {
                    let address = self.address(&mut cursor, head)?;
                    (held, content) = (AttrBytes::Bytes, self.printed(input, &address));
                }
                head => (held, content) = (AttrBytes::Bytes, self.string(&mut cursor, head)?),
            }
        }
        let (attrs, attr_count, end) = (attrs as u32, attr_count as u16, index as u32 + 1);
        self.arena.nodes.push(NodeRecord { tag, content, attrs, attr_count, held, end });
        self.at = cursor.at;
        if children != 0 {
            self.children(input, children, levels)?;
            let end = self.arena.nodes.len() as u32;
            if let Some(node) = self.arena.nodes.get_mut(index) {
                node.end = end;
            }
        }
        Ok(())
    }

    /// Long lists have items of one kind: what the first one took is reserved for the others, which keeps the number of
    /// allocations constant. No more is reserved than the remaining bytes can hold.
    fn children(&mut self, input: &[u8], count: usize, levels: usize) -> Result<(), DecodeError> {
        let before = self.arena.sizes();
        self.element(input, levels)?;
        if count > 4 {
            let after = self.arena.sizes();
            let more = count - 1;
            let left = input.len() - self.at;
            let most = [(left / 2).min(MAX_NODES), (left / 2).min(MAX_ALL_ATTRS), left * 2];
            let [nodes, attrs, text] = std::array::from_fn(|i| ((after[i] - before[i]) * more).min(most[i]));
            self.arena.nodes.reserve(nodes);
            self.arena.attrs.reserve(attrs);
            // Unpacking works in blocks of 16 and cuts off what is too much.
            self.arena.text.reserve(text + 16);
        }
        for _ in 1..count {
            self.element(input, levels)?;
        }
        Ok(())
    }

    /// A tag or an attribute name.
    #[inline]
    fn name(&mut self, cursor: &mut Cursor<'_>) -> Result<Span, DecodeError> {
        let head = cursor.byte()?;
        if let Some(token) = token::single(head) {
            return Ok(Span::token(token));
        }
        if head == LIST_EMPTY {
            return Err(DecodeError::NoName);
        }
        let span = self.string(cursor, head)?;
        match span.len() {
            _ if span.source() == Source::Token => Ok(span),
            0 => Err(DecodeError::NoName),
            1..=MAX_NAME => Ok(span),
            _ => Err(DecodeError::TooLong),
        }
    }

    /// The value of the attribute `key`.
    #[inline]
    fn attribute(&mut self, cursor: &mut Cursor<'_>, key: Span) -> Result<(), DecodeError> {
        let record = match cursor.byte()? {
            LIST_EMPTY => AttrRecord::text(key, Span::EMPTY),
            head @ (JID_PAIR | AD_JID | FB_JID | INTEROP_JID) => {
                let jid = self.address(cursor, head)?;
                if jid.ambiguous {
                    AttrRecord::text(key, self.printed(cursor.input, &jid))
                } else {
                    let JidParts { user, server, device, integrator, .. } = jid;
                    AttrRecord { key, value: user, server, device, integrator }
                }
            }
            head => AttrRecord::text(key, self.string(cursor, head)?),
        };
        self.arena.attrs.push(record);
        Ok(())
    }

    /// A text of any form.
    #[inline]
    fn string(&mut self, cursor: &mut Cursor<'_>, head: u8) -> Result<Span, DecodeError> {
        if let Some(token) = token::single(head) {
            return Ok(Span::token(token));
        }
        self.at = cursor.at;
        let span = self.long_string(cursor.input, head);
        cursor.at = self.at;
        span
    }

    /// A text that is no single-byte token. Invalid UTF-8 is replaced, not refused: names come from strangers, and a
    /// stanza that is refused is sent again for ever.
    fn long_string(&mut self, input: &[u8], head: u8) -> Result<Span, DecodeError> {
        let mut cursor = Cursor { input, at: self.at };
        let span = match head {
            HEX_8 | NIBBLE_8 => {
                let (len, chars) = packing::lengths(cursor.byte()?)?;
                let rest = cursor.rest();
                if rest.len() < len {
                    return Err(DecodeError::Truncated);
                }
                cursor.at += len;
                let start = self.arena.text.len();
                packing::unpack(head, chars, rest, &mut self.arena.text)?;
                Span::new(Source::Text, start, chars)
            }
            BINARY_8 | BINARY_20 | BINARY_32 => {
                let span = cursor.binary(head)?;
                let bytes = input.get(cursor.at - span.len()..cursor.at).unwrap_or_default();
                match std::str::from_utf8(bytes) {
                    Ok(_) => span,
                    Err(_) => self.copied(&String::from_utf8_lossy(bytes)),
                }
            }
            DICTIONARY_0..=DICTIONARY_3 => {
                let index = cursor.byte()?;
                Span::token(token::double(head - DICTIONARY_0, index))
            }
            _ => return Err(DecodeError::UnexpectedByte),
        };
        self.at = cursor.at;
        Ok(span)
    }

    fn copied(&mut self, text: &str) -> Span {
        let start = self.arena.text.len();
        self.arena.text.extend_from_slice(text.as_bytes());
        Span::new(Source::Text, start, text.len())
    }

    /// An address whose first byte was `head`.
    #[inline]
    fn address(&mut self, cursor: &mut Cursor<'_>, head: u8) -> Result<JidParts, DecodeError> {
        if head == AD_JID {
            let [domain, device] = cursor.array()?;
            let server = match Server::from_domain(domain).ok_or(DecodeError::Domain)? {
                Server::Pn => token::PN,
                Server::Lid => token::LID,
                Server::Hosted => token::HOSTED,
                _ => token::HOSTED_LID,
            };
            let head = cursor.byte()?;
            let (user, ambiguous) = self.jid_part(cursor, head, b"@:")?;
            let server = Span::token(server);
            return Ok(JidParts { user, server, device: u16::from(device), integrator: 0, ambiguous });
        }
        let (mut device, mut integrator) = (0, 0);
        let (user, user_ambiguous) = match cursor.byte()? {
            LIST_EMPTY if head == JID_PAIR => (Span::EMPTY, false),
            first => self.jid_part(cursor, first, b"@:")?,
        };
        if head != JID_PAIR {
            device = u16::from_be_bytes(cursor.array()?);
        }
        if head == INTEROP_JID {
            integrator = u16::from_be_bytes(cursor.array()?);
        }
        let head = cursor.byte()?;
        let (server, server_ambiguous) = self.jid_part(cursor, head, b"@")?;
        if server.source() != Source::Token && server.len() == 0 {
            return Err(DecodeError::NoName);
        }
        // Elsewhere the number has no meaning, and would make two addresses of one.
        if integrator != 0 && self.arena.bytes(cursor.input, server) != b"interop" {
            integrator = 0;
        }
        Ok(JidParts { user, server, device, integrator, ambiguous: user_ambiguous | server_ambiguous })
    }

    /// User or server of an address, and whether it holds one of the separators. Digits do not, and no token has an `@`.
    #[inline]
    fn jid_part(
        &mut self,
        cursor: &mut Cursor<'_>,
        head: u8,
        separators: &[u8],
    ) -> Result<(Span, bool), DecodeError> {
        if head == LIST_EMPTY {
            return Err(DecodeError::NoName);
        }
        let span = self.string(cursor, head)?;
        if span.len() > MAX_JID_PART {
            return Err(DecodeError::TooLong);
        }
        let plain = matches!(head, NIBBLE_8 | HEX_8) || span.source() == Source::Token && separators == b"@";
        Ok((span, !plain && self.holds(cursor.input, span, separators)))
    }

    fn holds(&self, input: &[u8], span: Span, separators: &[u8]) -> bool {
        self.arena.bytes(input, span).iter().any(|byte| separators.contains(byte))
    }

    /// An address in its printed form, as unpacked text.
    #[cold]
    fn printed(&mut self, input: &[u8], address: &JidParts) -> Span {
        let mut text = String::new();
        let part = |span| self.arena.str(input, span);
        let (user, server) = (part(address.user), part(address.server));
        // Writing to a String does not fail.
        let _ = write_jid(&mut text, user, server, address.device, address.integrator);
        self.copied(&text)
    }
}

struct JidParts {
    user: Span,
    server: Span,
    device: u16,
    integrator: u16,
    /// A part holds a separator, so it would print as an address that it is not, say another user's. Such a thing means
    /// what its text means.
    ambiguous: bool,
}
