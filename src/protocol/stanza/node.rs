//! [`Node`]: an owned element, for building what is sent.
//!
//! Received stanzas are not made of these: they stay in the arena of [`Stanza`](super::Stanza).

use super::name::Name;
use super::{Jid, Text};

/// An element: tag, attributes in order, and children or bytes or nothing.
///
/// `Debug` is for logs: it shows the structure, masks numbers and hides contents. [`Node::xml`] shows everything.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    pub(super) tag: Name,
    /// No value is an empty text, and no name is there twice.
    pub(super) attrs: Vec<(Name, Value)>,
    pub(super) content: Content,
}

/// The value of an attribute. A JID is written in its own binary form; a text never is, even if it looks like one.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text; numbers and booleans are text too.
    Text(Text),
    /// An address.
    Jid(Jid),
}

/// The content of an element.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Content {
    /// Nothing.
    #[default]
    None,
    /// Elements.
    Children(Vec<Node>),
    /// Bytes, of text too.
    Bytes(Vec<u8>),
}

impl Node {
    /// An empty element.
    pub fn new(tag: impl Into<Name>) -> Self {
        Self { tag: tag.into(), attrs: Vec::new(), content: Content::None }
    }

    /// With that attribute; see [`Node::set`].
    #[must_use]
    pub fn attr(mut self, key: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// With that attribute if there is a value.
    #[must_use]
    pub fn attr_opt(self, key: impl Into<Name>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.attr(key, value),
            None => self,
        }
    }

    /// With one more child. Replaces bytes, if there were any.
    #[must_use]
    pub fn child(mut self, child: Node) -> Self {
        match &mut self.content {
            Content::Children(children) => children.push(child),
            other => *other = Content::Children(vec![child]),
        }
        self
    }

    /// With more children, perhaps none. Replaces bytes, if there were any.
    #[must_use]
    pub fn children(mut self, more: impl IntoIterator<Item = Node>) -> Self {
        match &mut self.content {
            Content::Children(children) => children.extend(more),
            other => {
                let children: Vec<Node> = more.into_iter().collect();
                *other = if children.is_empty() { Content::None } else { Content::Children(children) };
            }
        }
        self
    }

    /// Holding those bytes in place of whatever it held.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.content = Content::Bytes(bytes.into());
        self
    }

    /// Holding that text, which is sent as its UTF-8 bytes.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.bytes(text.into().into_bytes())
    }

    /// Sets an attribute, replacing one of the same name in its place. An empty text is the same as no attribute: such a
    /// thing is never sent.
    pub fn set(&mut self, key: impl Into<Name>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        let place = self.attrs.iter().position(|(name, _)| *name == key);
        match (place, value.is_empty()) {
            (Some(place), true) => drop(self.attrs.remove(place)),
            (Some(place), false) => self.attrs[place].1 = value,
            (None, true) => {}
            (None, false) => self.attrs.push((key, value)),
        }
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        self.tag.as_str()
    }

    /// The value of an attribute.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.attrs.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value)
    }

    /// The attributes in order.
    pub fn attrs(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.attrs.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the content.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The children; none if it holds bytes or nothing.
    pub fn child_nodes(&self) -> &[Node] {
        match &self.content {
            Content::Children(children) => children,
            _ => &[],
        }
    }

    /// The first child of that tag.
    pub fn find(&self, tag: &str) -> Option<&Node> {
        self.child_nodes().iter().find(|child| child.tag() == tag)
    }

    /// The bytes it holds.
    pub fn data(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Value {
    /// The text; `None` for an address.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Jid(_) => None,
        }
    }

    /// Returns whether it is a text without characters.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    /// The address; a text is parsed.
    pub fn to_jid(&self) -> Option<Jid> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Jid(jid) => Some(jid.clone()),
        }
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Text::new_static(text))
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<&Text> for Value {
    fn from(text: &Text) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.into())
    }
}

impl From<std::borrow::Cow<'_, str>> for Value {
    fn from(text: std::borrow::Cow<'_, str>) -> Self {
        Self::Text(text.into())
    }
}

impl From<Jid> for Value {
    fn from(jid: Jid) -> Self {
        Self::Jid(jid)
    }
}

impl From<&Jid> for Value {
    fn from(jid: &Jid) -> Self {
        Self::Jid(jid.clone())
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::from(if yes { "true" } else { "false" })
    }
}

macro_rules! value_from_integer {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Text(smol_str::ToSmolStr::to_smolstr(&number))
            }
        }
    )*};
}
value_from_integer!(u8 u16 u32 u64 usize i32 i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_set_once() {
        let node = Node::new("iq").attr("type", "get").attr("id", 7u8).attr("type", "set");
        assert_eq!(node.attrs().map(|(key, _)| key).collect::<Vec<_>>(), ["type", "id"]);
        assert_eq!(node.get("type").and_then(Value::as_text), Some("set"));
        let node = node.attr_opt("to", None::<Jid>).attr_opt("from", Some(Jid::server()));
        assert_eq!((node.get("to"), node.get("from")), (None, Some(&Value::from(Jid::server()))));
    }

    #[test]
    fn values_from_what_is_at_hand() {
        let texts =
            [Value::from(7u8), "7".into(), String::from("7").into(), Text::new("7").into(), 7i64.into()];
        assert!(texts.iter().all(|value| value.as_text() == Some("7")));
        assert_eq!(Value::from(true).as_text(), Some("true"));
        assert_eq!(Value::from("15551230001@c.us").to_jid(), "15551230001@c.us".parse().ok());
        assert_eq!(Value::from(&Jid::server()).as_text(), None);
    }

    #[test]
    fn it_holds_children_or_bytes() {
        let node = Node::new("a").text("x").child(Node::new("b")).children([Node::new("c")]);
        assert_eq!((node.data(), node.child_nodes().len()), (None, 2));
        assert_eq!(node.find("c").map(Node::tag), Some("c"));
        let node = node.bytes([1, 2]);
        assert_eq!((node.data(), node.child_nodes().len()), (Some(&[1, 2][..]), 0));
        assert_eq!(*Node::new("a").content(), Content::None);
        assert_eq!(*Node::new("a").text("x").children([]).content(), Content::None);
    }
}
