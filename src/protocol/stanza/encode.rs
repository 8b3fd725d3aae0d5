//! Writing: [`Node`] to bytes. One quick pass to size the buffer, one to fill it, so that there is one
//! allocation.

use super::jid::MAX_JID_PART;
use super::name::{Name, NameKind};
use super::node::{Content, Node, Value};
use super::{Jid, MAX_ATTRS, MAX_DEPTH, MAX_NAME, Server, packing, token};

/// Announces a list whose length is one byte.
pub(super) const LIST_8: u8 = 248;
/// Announces a list whose length is two bytes.
pub(super) const LIST_16: u8 = 249;
/// An empty list, or "nothing" where a text could stand.
pub(super) const LIST_EMPTY: u8 = 0;
/// User and server.
pub(super) const JID_PAIR: u8 = 250;
/// A device of a person: domain, device, user.
pub(super) const AD_JID: u8 = 247;
/// A device of a Messenger user: user, device, server.
pub(super) const FB_JID: u8 = 246;
/// A user of another messenger: user, device, integrator, server.
pub(super) const INTEROP_JID: u8 = 245;
/// Bytes whose length is one byte.
pub(super) const BINARY_8: u8 = 252;
/// Bytes whose length is 20 bits in three bytes.
pub(super) const BINARY_20: u8 = 253;
/// Bytes whose length is four bytes.
pub(super) const BINARY_32: u8 = 254;

/// The reason why an element cannot be written: it could not be read back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EncodeError {
    /// A tag or attribute name that is empty or longer than [`MAX_NAME`].
    #[error("a tag or attribute name is empty or too long")]
    Name,
    /// More than [`MAX_ATTRS`] attributes on one element.
    #[error("too many attributes on one element")]
    TooManyAttributes,
    /// More than 65535 children of one element.
    #[error("too many children of one element")]
    TooManyChildren,
    /// Deeper than [`MAX_DEPTH`].
    #[error("elements nested too deep")]
    TooDeep,
    /// A text or content that no length field can hold.
    #[error("a text or content is too long")]
    TooLong,
    /// A device above 255 where the form has one byte for it.
    #[error("the device of an address is out of range")]
    Device,
    /// An address with user or server of more than 256 bytes, or with an empty name for a server.
    #[error("an address cannot be written")]
    Jid,
    /// An address on the `interop` server: how a client writes those is not known for certain, and a wrong form would
    /// garble the whole stanza.
    #[error("addresses of other messengers are not sent")]
    Interop,
}

/// The plaintext of a frame: flag byte 0 and the element.
pub fn encode(node: &Node) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    encode_into(node, &mut out)?;
    Ok(out)
}

/// Appends what [`encode`] returns. After an error `out` is as it was.
pub fn encode_into(node: &Node, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    out.reserve(1 + estimate(node, MAX_DEPTH));
    out.push(0);
    let written = element(node, MAX_DEPTH, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// About the written size: right for contents, generous for the attributes of real stanzas. `levels` keeps it from running
/// deeper than `element` will.
fn estimate(node: &Node, levels: usize) -> usize {
    let Some(levels) = levels.checked_sub(1) else { return 0 };
    let head = 16 + 24 * node.attrs.len();
    match &node.content {
        Content::None => head,
        Content::Bytes(bytes) => head + bytes.len(),
        Content::Children(children) => {
            children.iter().fold(head, |size, child| size + estimate(child, levels))
        }
    }
}

fn element(node: &Node, levels: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let levels = levels.checked_sub(1).ok_or(EncodeError::TooDeep)?;
    let attrs = node.attrs.len();
    if attrs > MAX_ATTRS {
        return Err(EncodeError::TooManyAttributes);
    }
    let content = match &node.content {
        Content::None => false,
        Content::Children(children) => !children.is_empty(),
        Content::Bytes(_) => true,
    };
    list_head(1 + 2 * attrs + usize::from(content), out)?;
    name(&node.tag, out)?;
    for (key, value) in &node.attrs {
        name(key, out)?;
        match value {
            Value::Text(text) => string(text, out)?,
            Value::Jid(jid) => address(jid, out)?,
        }
    }
    match &node.content {
        Content::Children(children) if content => {
            list_head(children.len(), out)?;
            for child in children {
                element(child, levels, out)?;
            }
            Ok(())
        }
        Content::Bytes(bytes) => binary(bytes, out),
        _ => Ok(()),
    }
}

fn list_head(count: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if let Ok(count) = u8::try_from(count) {
        out.extend_from_slice(&[LIST_8, count]);
    } else {
        let [high, low] = u16::try_from(count).map_err(|_| EncodeError::TooManyChildren)?.to_be_bytes();
        out.extend_from_slice(&[LIST_16, high, low]);
    }
    Ok(())
}

#[inline]
fn name(name: &Name, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match &name.0 {
        NameKind::Token(token) => token::put(*token, out),
        NameKind::Other(text) if (1..=MAX_NAME).contains(&text.len()) => string(text, out)?,
        NameKind::Other(_) => return Err(EncodeError::Name),
    }
    Ok(())
}

#[inline]
fn string(text: &str, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let bytes = text.as_bytes();
    // No token is a number that long, so packing may come first.
    if packing::pack_number(bytes, out) {
        return Ok(());
    }
    if let Some(token) = token::find(bytes) {
        token::put(token, out);
        return Ok(());
    }
    if packing::pack(bytes, out) {
        return Ok(());
    }
    binary(bytes, out)
}

fn binary(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let len = u32::try_from(bytes.len()).map_err(|_| EncodeError::TooLong)?;
    let [a, b, c, d] = len.to_be_bytes();
    match len {
        0..0x100 => out.extend_from_slice(&[BINARY_8, d]),
        0x100..0x10_0000 => out.extend_from_slice(&[BINARY_20, b, c, d]),
        _ => out.extend_from_slice(&[BINARY_32, a, b, c, d]),
    }
    out.extend_from_slice(bytes);
    Ok(())
}

/// People's devices and Messenger users have forms of their own; a device elsewhere has no meaning and is dropped.
fn address(jid: &Jid, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if jid.user.len() > MAX_JID_PART {
        return Err(EncodeError::Jid);
    }
    match (&jid.server, jid.server.domain()) {
        (Server::Interop, _) => Err(EncodeError::Interop),
        (Server::Messenger, _) => {
            out.push(FB_JID);
            string(&jid.user, out)?;
            out.extend_from_slice(&jid.device.to_be_bytes());
            server(&jid.server, out)
        }
        (_, Some(domain)) if jid.device != 0 => {
            let device = u8::try_from(jid.device).map_err(|_| EncodeError::Device)?;
            out.extend_from_slice(&[AD_JID, domain, device]);
            string(&jid.user, out)
        }
        _ if jid.user.is_empty() => {
            out.extend_from_slice(&[JID_PAIR, LIST_EMPTY]);
            server(&jid.server, out)
        }
        _ => {
            out.push(JID_PAIR);
            string(&jid.user, out)?;
            server(&jid.server, out)
        }
    }
}

fn server(server: &Server, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let token = match server {
        Server::Pn => token::PN,
        Server::Lid => token::LID,
        Server::Group => token::GROUP,
        Server::Broadcast => token::BROADCAST,
        other => {
            let name = other.name();
            if name.is_empty() || name.len() > MAX_JID_PART {
                return Err(EncodeError::Jid);
            }
            return string(name, out);
        }
    };
    token::put(token, out);
    Ok(())
}
