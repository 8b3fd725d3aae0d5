//! [`Stanza`]: a received stanza, and [`NodeRef`] to walk it.
//!
//! A stanza is four buffers, however large its tree: the input itself, a record per element, a record per attribute, and
//! the texts that could not be borrowed from the input (unpacked digits, mostly). Elements stand in the order in which
//! they came, each with the index behind its last descendant, so that a child's sibling is one look away.

use std::borrow::Cow;
use std::fmt;

use super::decode::{self, DecodeError};
use super::jid::write_jid;
use super::name::Name;
use super::node::Content;
use super::token::{self, Token};
use super::{EncodeError, Jid, Node, Server, Text, Value, encode};

/// The place of a text: a token, or a range of the input or of the unpacked texts. One word, since the decoder hands many of
/// them around: position in the upper half, then 30 bits of length and two of source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(u64);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Token,
    Input,
    Text,
    /// Not a text at all.
    Absent,
}

impl Span {
    pub(super) const EMPTY: Self = Self(Source::Input as u64);
    const ABSENT: Self = Self(Source::Absent as u64);

    #[inline]
    pub(super) const fn token(token: Token) -> Self {
        Self((token as u64) << 32 | Source::Token as u64)
    }

    /// Neither number can overflow: no buffer is longer than three times 16 MiB.
    #[inline]
    pub(super) fn new(source: Source, at: usize, len: usize) -> Self {
        Self((at as u64) << 32 | (len as u64) << 2 | source as u64)
    }

    #[inline]
    pub(super) fn source(self) -> Source {
        match self.0 & 3 {
            0 => Source::Token,
            1 => Source::Input,
            2 => Source::Text,
            _ => Source::Absent,
        }
    }

    fn at(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// Length; 0 for tokens, which are short.
    #[inline]
    pub(super) fn len(self) -> usize {
        (self.0 as u32 >> 2) as usize
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AttrBytes {
    Nothing,
    Children,
    Bytes,
}

pub(super) struct NodeRecord {
    pub(super) tag: Span,
    pub(super) content: Span,
    pub(super) attrs: u32,
    /// Index behind the last descendant.
    pub(super) end: u32,
    pub(super) attr_count: u16,
    pub(super) held: AttrBytes,
}

pub(super) struct AttrRecord {
    pub(super) key: Span,
    /// The text, or the user of an address.
    pub(super) value: Span,
    /// The server of an address; absent for a text.
    pub(super) server: Span,
    pub(super) device: u16,
    pub(super) integrator: u16,
}

impl AttrRecord {
    pub(super) fn text(key: Span, value: Span) -> Self {
        Self { key, value, server: Span::ABSENT, device: 0, integrator: 0 }
    }

    pub(super) fn is_jid(&self) -> bool {
        self.server.source() != Source::Absent
    }
}

pub(super) struct Arena {
    pub(super) nodes: Vec<NodeRecord>,
    pub(super) attrs: Vec<AttrRecord>,
    pub(super) text: Vec<u8>,
}

impl Arena {
    /// Room for a usual small stanza at once.
    pub(super) fn for_body(len: usize) -> Self {
        let small = len.min(256);
        Self {
            nodes: Vec::with_capacity(1 + small / 32),
            attrs: Vec::with_capacity(4 + small / 16),
            text: Vec::with_capacity(16 + small / 2),
        }
    }

    pub(super) fn sizes(&self) -> [usize; 3] {
        [self.nodes.len(), self.attrs.len(), self.text.len()]
    }

    pub(super) fn bytes<'a>(&'a self, input: &'a [u8], span: Span) -> &'a [u8] {
        let buffer = match span.source() {
            Source::Token => return token::text(span.at() as Token).as_bytes(),
            Source::Input => input,
            Source::Text => &self.text,
            Source::Absent => return &[],
        };
        let at = span.at();
        buffer.get(at..at + span.len()).unwrap_or_default()
    }

    /// The span as text. Spans that are text were checked when they were made.
    pub(super) fn str<'a>(&'a self, input: &'a [u8], span: Span) -> &'a str {
        match span.source() {
            Source::Token => token::text(span.at() as Token),
            _ => std::str::from_utf8(self.bytes(input, span)).unwrap_or_default(),
        }
    }
}

/// A received stanza; it owns its bytes. `Debug` is for logs: it masks numbers and hides contents.
pub struct Stanza {
    pub(super) input: Vec<u8>,
    pub(super) arena: Arena,
}

impl Stanza {
    /// Reads the plaintext of a frame.
    pub fn decode(plaintext: impl Into<Vec<u8>>) -> Result<Self, DecodeError> {
        decode::decode(plaintext.into())
    }

    /// The stanza that the other side would read if `node` were sent.
    pub fn from_node(node: &Node) -> Result<Self, EncodeError> {
        // An encoded node can be decoded, but for the count of elements and size of the whole.
        Self::decode(encode(node)?).map_err(|_| EncodeError::TooLong)
    }

    /// Returns the number of bytes it was read from.
    pub fn size(&self) -> usize {
        self.input.len()
    }

    /// The outermost element.
    pub fn root(&self) -> NodeRef<'_> {
        NodeRef { stanza: self, index: 0 }
    }
}

/// An element of a [`Stanza`].
#[derive(Clone, Copy)]
pub struct NodeRef<'a> {
    stanza: &'a Stanza,
    index: u32,
}

impl<'a> NodeRef<'a> {
    fn record(&self) -> &'a NodeRecord {
        static NONE: NodeRecord = NodeRecord {
            tag: Span::EMPTY,
            content: Span::EMPTY,
            attrs: 0,
            end: 0,
            attr_count: 0,
            held: AttrBytes::Nothing,
        };
        self.stanza.arena.nodes.get(self.index as usize).unwrap_or(&NONE)
    }

    fn attr_records(&self) -> &'a [AttrRecord] {
        let node = self.record();
        let start = node.attrs as usize;
        self.stanza.arena.attrs.get(start..start + usize::from(node.attr_count)).unwrap_or_default()
    }

    fn resolve(&self, record: &AttrRecord) -> AttrRef<'a> {
        let text = |span| self.stanza.arena.str(&self.stanza.input, span);
        if record.is_jid() {
            AttrRef::Jid(JidRef {
                user: text(record.value),
                server: text(record.server),
                device: record.device,
                integrator: record.integrator,
            })
        } else {
            AttrRef::Text(text(record.value))
        }
    }

    /// If an attribute came twice, the last one counts.
    fn find(&self, key: &str) -> Option<&'a AttrRecord> {
        let stanza = self.stanza;
        let same = |record: &&AttrRecord| stanza.arena.bytes(&stanza.input, record.key) == key.as_bytes();
        self.attr_records().iter().rev().find(same)
    }

    /// The tag.
    pub fn tag(&self) -> &'a str {
        self.stanza.arena.str(&self.stanza.input, self.record().tag)
    }

    /// An attribute, as it came.
    pub fn attr(&self, key: &str) -> Option<AttrRef<'a>> {
        Some(self.resolve(self.find(key)?))
    }

    /// Returns whether the attribute is there.
    pub fn has_attr(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// An attribute as text; an address is printed.
    pub fn str(&self, key: &str) -> Option<Cow<'a, str>> {
        Some(match self.attr(key)? {
            AttrRef::Text(text) => Cow::Borrowed(text),
            AttrRef::Jid(jid) if jid.user.is_empty() => Cow::Borrowed(jid.server),
            AttrRef::Jid(jid) => Cow::Owned(jid.to_string()),
        })
    }

    /// An attribute as an address; a text is parsed. `None` if it is missing, empty or no address.
    pub fn jid(&self, key: &str) -> Option<Jid> {
        match self.attr(key)? {
            AttrRef::Text(text) => text.parse().ok(),
            AttrRef::Jid(jid) => Some(jid.to_jid()),
        }
    }

    /// An attribute as a decimal number.
    pub fn u64(&self, key: &str) -> Option<u64> {
        let AttrRef::Text(text) = self.attr(key)? else { return None };
        // `parse` alone would take a leading plus sign.
        if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
    }

    /// Returns whether the attribute is there and has that text.
    pub fn is(&self, key: &str, text: &str) -> bool {
        match self.attr(key) {
            Some(AttrRef::Text(found)) => found == text,
            Some(AttrRef::Jid(jid)) => jid.to_string() == text,
            None => false,
        }
    }

    /// The attributes as they came. A name may be there twice; then the last one counts. For those who want many of them
    /// at once: [`NodeRef::attr`] looks through all of them each time.
    pub fn each_attr(&self) -> impl Iterator<Item = (&'a str, AttrRef<'a>)> {
        let node = *self;
        let arena = &node.stanza.arena;
        node.attr_records()
            .iter()
            .map(move |record| (arena.str(&node.stanza.input, record.key), node.resolve(record)))
    }

    /// The attributes in order, each name once.
    pub fn attrs(&self) -> impl Iterator<Item = (&'a str, AttrRef<'a>)> {
        let (node, records) = (*self, self.attr_records());
        let key = move |record: &AttrRecord| node.stanza.arena.str(&node.stanza.input, record.key);
        records.iter().enumerate().filter_map(move |(i, record)| {
            let name = key(record);
            let later = records.get(i + 1..).unwrap_or_default();
            if later.iter().any(|other| key(other) == name) {
                None
            } else {
                Some((name, node.resolve(record)))
            }
        })
    }

    /// The children; none if it holds bytes or nothing.
    pub fn children(&self) -> Children<'a> {
        let node = self.record();
        let (next, end) = if node.held == AttrBytes::Children {
            (self.index + 1, node.end)
        } else {
            (self.index, self.index)
        };
        Children { stanza: self.stanza, next, end }
    }

    /// The first child of that tag.
    pub fn child(&self, tag: &str) -> Option<NodeRef<'a>> {
        self.children().find(|child| child.tag() == tag)
    }

    /// The children of that tag.
    pub fn children_named<'t>(&self, tag: &'t str) -> impl Iterator<Item = NodeRef<'a>> + use<'a, 't> {
        self.children().filter(move |child| child.tag() == tag)
    }

    /// The bytes it holds, however they came: text that was sent as a token or packed is given as its UTF-8.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        let node = self.record();
        (node.held == AttrBytes::Bytes).then(|| self.stanza.arena.bytes(&self.stanza.input, node.content))
    }

    /// The bytes it holds as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        self.bytes().map(String::from_utf8_lossy)
    }

    /// An owned copy, without the attributes that are empty.
    pub fn to_node(&self) -> Node {
        let attrs = self.attrs().map(|(key, value)| (Name::from(key), value.to_value()));
        let attrs = attrs.filter(|(_, value)| !value.is_empty()).collect();
        let content = match self.record().held {
            AttrBytes::Nothing => Content::None,
            AttrBytes::Bytes => Content::Bytes(self.bytes().unwrap_or_default().to_vec()),
            AttrBytes::Children => Content::Children(self.children().map(|child| child.to_node()).collect()),
        };
        Node { tag: Name::from(self.tag()), attrs, content }
    }
}

/// Iterator over the children of an element.
#[derive(Clone)]
pub struct Children<'a> {
    stanza: &'a Stanza,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = NodeRef<'a>;

    fn next(&mut self) -> Option<NodeRef<'a>> {
        if self.next >= self.end {
            return None;
        }
        let child = NodeRef { stanza: self.stanza, index: self.next };
        self.next = child.record().end;
        Some(child)
    }
}

/// The value of a received attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttrRef<'a> {
    /// Text. An address may come as text too: [`NodeRef::jid`] reads both.
    Text(&'a str),
    /// An address.
    Jid(JidRef<'a>),
}

impl AttrRef<'_> {
    /// An owned copy.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text(Text::new(text)),
            Self::Jid(jid) => Value::Jid(jid.to_jid()),
        }
    }
}

impl fmt::Display for AttrRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Jid(jid) => jid.fmt(f),
        }
    }
}

/// A received address, borrowed from its stanza. `Debug` masks the user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct JidRef<'a> {
    /// Before the `@`; empty for a service.
    pub user: &'a str,
    /// After the `@`.
    pub server: &'a str,
    /// The device; 0 for the user without device.
    pub device: u16,
    /// The other messenger, on `interop` only.
    pub integrator: u16,
}

impl JidRef<'_> {
    /// An owned copy.
    pub fn to_jid(&self) -> Jid {
        Jid {
            user: Text::new(self.user),
            server: Server::from_name(self.server),
            device: self.device,
            integrator: self.integrator,
        }
    }
}

impl fmt::Display for JidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_jid(f, self.user, self.server, self.device, self.integrator)
    }
}

impl fmt::Debug for JidRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_jid(), f)
    }
}

#[cfg(test)]
#[path = "decoded_tests.rs"]
mod tests;
