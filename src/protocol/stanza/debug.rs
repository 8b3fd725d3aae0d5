//! Elements as text: all of it for a test or a simulator's log, or what may stand in a program's log.

use std::fmt;

use super::decoded::{NodeRef, Stanza};
use super::jid::masked;
use super::node::{Content, Node, Value};
use super::token;

impl Node {
    /// The whole element as XML, bytes as a comment in hex. It holds keys and numbers: not for logs.
    pub fn xml(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = write(self, true, &mut out);
        out
    }
}

impl NodeRef<'_> {
    /// The whole element as XML, bytes as a comment in hex. It holds keys and numbers: not for logs.
    pub fn xml(&self) -> String {
        self.to_node().xml()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, false, f)
    }
}

impl fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&self.to_node(), false, f)
    }
}

impl fmt::Debug for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&logged("", text)),
            Self::Jid(jid) => jid.fmt(f),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        content(self, false, f)
    }
}

fn write(node: &Node, full: bool, out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "<{}", node.tag())?;
    for (key, value) in node.attrs() {
        write!(out, " {key}=\"")?;
        match value {
            Value::Text(text) if full => escape(text, out)?,
            Value::Text(text) => escape(&logged(key, text), out)?,
            Value::Jid(jid) if full => escape(&jid.to_string(), out)?,
            Value::Jid(jid) => escape(&format!("{jid:?}"), out)?,
        }
        out.write_char('"')?;
    }
    if *node.content() == Content::None {
        return out.write_str("/>");
    }
    out.write_char('>')?;
    content(node.content(), full, out)?;
    write!(out, "</{}>", node.tag())
}

fn content(content: &Content, full: bool, out: &mut dyn fmt::Write) -> fmt::Result {
    match content {
        Content::None => Ok(()),
        Content::Children(children) => children.iter().try_for_each(|child| write(child, full, out)),
        Content::Bytes(bytes) if full => {
            write!(out, "<!-- {} bytes: ", bytes.len())?;
            bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
            out.write_str(" -->")
        }
        Content::Bytes(bytes) => write!(out, "<!-- {} bytes -->", bytes.len()),
    }
}

/// Returns the loggable text of an attribute: words of the protocol, short numbers, ids and times. The rest may be a name, a
/// number or a secret.
fn logged(key: &str, text: &str) -> String {
    let harmless = matches!(key, "id" | "t" | "xmlns" | "type" | "class" | "code" | "reason" | "version")
        || token::find(text.as_bytes()).is_some()
        || text.len() <= 4;
    if harmless {
        return text.to_owned();
    }
    match text.contains('@') {
        true => masked(text),
        false => format!("({} characters)", text.chars().count()),
    }
}

fn escape(text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            c if c.is_control() => write!(out, "&#{};", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Jid;
    use super::*;

    fn sample() -> Node {
        Node::new("message")
            .attr("id", "3EB0DEADBEEF")
            .attr("from", Jid::user("15551230001").with_device(2))
            .attr("notify", "Ada & \"L\"\u{7}")
            .attr("phone", "15551230001")
            .attr("type", "text")
            .child(Node::new("enc").attr("v", 2u8).bytes([1, 0xfe]))
    }

    #[test]
    fn xml_shows_everything() {
        assert_eq!(
            sample().xml(),
            "<message id=\"3EB0DEADBEEF\" from=\"15551230001:2@s.whatsapp.net\" notify=\"Ada &amp; &quot;L&quot;&#7;\" \
             phone=\"15551230001\" type=\"text\"><enc v=\"2\"><!-- 2 bytes: 01fe --></enc></message>"
        );
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let shown = format!("{:?}", sample());
        assert_eq!(
            shown,
            "<message id=\"3EB0DEADBEEF\" from=\"*01:2@s.whatsapp.net\" notify=\"(10 characters)\" \
             phone=\"(11 characters)\" type=\"text\"><enc v=\"2\"><!-- 2 bytes --></enc></message>"
        );
        assert_eq!(format!("{:?}", Stanza::from_node(&sample()).unwrap()), shown);
        let pieces = format!("{:?} {:?}", sample().get("phone").unwrap(), sample().content());
        assert!(!pieces.contains("555") && !pieces.contains("fe"), "{pieces}");
    }
}
