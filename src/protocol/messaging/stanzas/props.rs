//! Server properties: what the server has switched on for this account, by numbers that the official web client names.

use super::parse::{number, text};
use crate::stanza::{Node, NodeRef, Text, build};

/// Says that chats of two are addressed by LID: `lid_one_on_one_migration_enabled` of the official web client.
pub const LID_CHATS: u32 = 9435;

/// Asks for the properties; still without an id. If `held` is the hash of those that are held, the server sends what differs.
pub fn fetch(held: Option<&str>) -> Node {
    let props = Node::new("props").attr("protocol", "1").attr_opt("hash", held.map(Text::new));
    build::get("abt").child(props)
}

/// The answer to [`fetch`].
#[derive(Clone, Copy, Debug)]
pub struct Props<'a> {
    props: NodeRef<'a>,
}

impl<'a> Props<'a> {
    /// Reads the answer; `None` if it holds no properties.
    pub fn read(reply: NodeRef<'a>) -> Option<Self> {
        reply.child("props").map(|props| Self { props })
    }

    /// The hash that [`fetch`] is given next time.
    pub fn hash(&self) -> Option<&'a str> {
        text(&self.props, "hash").filter(|hash| !hash.is_empty())
    }

    /// Returns whether a property is on; `None` if the answer does not have it.
    pub fn is_on(&self, code: u32) -> Option<bool> {
        let prop =
            self.props.children_named("prop").find(|prop| number(prop, "config_code") == Some(code))?;
        text(&prop, "config_value").map(|value| matches!(value, "1" | "true" | "True"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::reading;
    use super::*;

    #[test]
    fn asking() {
        let asked = |hash| fetch(hash).xml();
        let iq = "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"abt\">";
        assert_eq!(asked(None), format!("{iq}<props protocol=\"1\"/></iq>"));
        assert_eq!(asked(Some("h")), format!("{iq}<props protocol=\"1\" hash=\"h\"/></iq>"));
    }

    #[test]
    fn answered() {
        let prop = |code: &'static str, value: &'static str| {
            Node::new("prop").attr("config_code", code).attr("config_value", value)
        };
        let sampling = Node::new("prop").attr("event_code", "9435").attr("sampling_weight", "1");
        let props = Node::new("props").attr("protocol", "1").attr("hash", "h");
        let props = props.children([sampling, prop("1", "x"), prop("9435", "1"), prop("7", "0")]);
        reading(Node::new("iq").child(props), |node| {
            let props = Props::read(node).unwrap();
            assert_eq!(props.hash(), Some("h"));
            assert_eq!([LID_CHATS, 7, 8].map(|code| props.is_on(code)), [Some(true), Some(false), None]);
        });
        reading(Node::new("iq").child(Node::new("props").attr("hash", "")), |node| {
            assert_eq!(Props::read(node).unwrap().hash(), None);
        });
        reading(Node::new("iq"), |node| assert!(Props::read(node).is_none()));
    }
}
