//! The elements that every part of a client, and the other side of a test, needs.

use super::{Jid, Node, NodeRef, Text, Value};

/// Ids for what is sent: `a.b-n`, with `a` and `b` drawn once per client and `n` counting from 1. All of it packs into
/// half-bytes.
#[derive(Debug)]
pub struct IdSource {
    a: u16,
    b: u16,
    last: u64,
}

impl IdSource {
    /// With four random bytes.
    pub fn new(seed: [u8; 4]) -> Self {
        let [a, b, c, d] = seed;
        Self { a: u16::from_be_bytes([a, b]), b: u16::from_be_bytes([c, d]), last: 0 }
    }

    /// A new id.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and is not meant to be iterated")]
    pub fn next(&mut self) -> Text {
        self.last += 1;
        smol_str::format_smolstr!("{}.{}-{}", self.a, self.b, self.last)
    }
}

/// `<iq to= type= xmlns=/>`, still without an id: whoever sends it gives it one.
pub fn iq(kind: &'static str, to: Jid, xmlns: &'static str) -> Node {
    Node::new("iq").attr("to", to).attr("type", kind).attr("xmlns", xmlns)
}

/// An iq that asks the service for something; still without an id.
pub fn get(xmlns: &'static str) -> Node {
    iq("get", Jid::server(), xmlns)
}

/// An iq that tells the service something; still without an id.
pub fn set(xmlns: &'static str) -> Node {
    iq("set", Jid::server(), xmlns)
}

/// The keepalive ping.
pub fn ping(id: impl Into<Value>) -> Node {
    Node::new("iq").attr("id", id).attr("to", Jid::server()).attr("type", "get").attr("xmlns", "w:p")
}

/// The good answer to an iq, from which it takes id and sender. `None` if it has no id.
pub fn reply(request: &NodeRef<'_>) -> Option<Node> {
    let to = request.attr("from").map_or_else(|| Jid::server().into(), |from| from.to_value());
    Some(result(to, request.str("id")?))
}

/// The good answer to the iq of that id.
pub fn result(to: impl Into<Value>, id: impl Into<Value>) -> Node {
    Node::new("iq").attr("to", to).attr("type", "result").attr("id", id)
}

/// The bad answer to the iq of that id.
pub fn error(to: impl Into<Value>, id: impl Into<Value>, code: u16, text: &'static str) -> Node {
    let error = Node::new("error").attr("code", code).attr("text", text);
    Node::new("iq").attr("to", to).attr("type", "error").attr("id", id).child(error)
}

/// The acknowledgement of a message, receipt, notification or call. `None` if it has no id or no sender, and then needs
/// none. On messages the caller adds `from`, its own device.
pub fn ack(stanza: &NodeRef<'_>) -> Option<Node> {
    let tag = stanza.tag();
    let value = |key| stanza.attr(key).map(|found| found.to_value());
    // Addresses go back as addresses, also those that came as text.
    let address = |key| stanza.jid(key).map(Value::from).or_else(|| value(key));
    let to = address("from")?;
    // A receipt about one's own device repeats the sender as participant; the acknowledgement does not. Of notifications,
    // WhatsApp Web names it for these kinds only.
    let participant = address("participant").filter(|who| match tag {
        "receipt" => *who != to,
        "notification" => ["w:gp2", "mediaretry", "psa"].iter().any(|kind| stanza.is("type", kind)),
        _ => true,
    });
    // WhatsApp Web leaves the type out for these two, and says what kind of call it is.
    let untyped = tag == "notification" && (stanza.is("type", "encrypt") || stanza.is("type", "devices"));
    let kind = match tag {
        "call" => stanza
            .children()
            .find(|child| child.has_attr("call-id"))
            .or_else(|| stanza.children().next())
            .map(|child| Text::new(child.tag()).into()),
        _ => value("type").filter(|_| !untyped),
    };
    Some(
        Node::new("ack")
            .attr("class", Text::new(tag))
            .attr("id", value("id")?)
            .attr("to", to)
            .attr_opt("participant", participant)
            .attr_opt("recipient", address("recipient"))
            .attr_opt("type", kind),
    )
}

/// The refusal of a stanza that cannot be handled, with the protocol's code for the reason (488: unknown stanza).
pub fn nack(stanza: &NodeRef<'_>, error: u16) -> Option<Node> {
    Some(ack(stanza)?.attr("error", error))
}

#[cfg(test)]
mod tests {
    use super::super::Stanza;
    use super::*;

    fn acked(node: Node) -> Option<String> {
        ack(&Stanza::from_node(&node).unwrap().root()).map(|ack| ack.xml())
    }

    #[test]
    fn ids_count() {
        let mut ids = IdSource::new([0x65, 0xe5, 0xa3, 0x91]);
        assert_eq!((ids.next().as_str(), ids.next().as_str()), ("26085.41873-1", "26085.41873-2"));
    }

    #[test]
    fn keepalive() {
        assert_eq!(
            hex::encode(super::super::encode(&ping("26085.41873-7")).unwrap()),
            "00f8091908ff8726085b41873a7f11fa000304291657"
        );
    }

    #[test]
    fn answers_to_iqs() {
        let asked = Node::new("iq").attr("from", Jid::server()).attr("type", "get").attr("id", 1u8);
        let asked = Stanza::from_node(&asked).unwrap();
        let answer = reply(&asked.root()).unwrap();
        assert_eq!(answer.xml(), "<iq to=\"s.whatsapp.net\" type=\"result\" id=\"1\"/>");
        assert_eq!(
            error(Jid::server(), "7", 429, "rate-overlimit").xml(),
            "<iq to=\"s.whatsapp.net\" type=\"error\" id=\"7\"><error code=\"429\" text=\"rate-overlimit\"/></iq>"
        );
        assert_eq!(set("md").xml(), "<iq to=\"s.whatsapp.net\" type=\"set\" xmlns=\"md\"/>");
        assert_eq!(get("md").get("type"), Some(&Value::from("get")));
    }

    #[test]
    fn an_ack_goes_back_where_it_came_from() {
        let notification = Node::new("notification")
            .attr("from", Jid::server())
            .attr("id", "7")
            .attr("participant", Jid::lid("5"))
            .attr("recipient", Jid::lid("6"));
        assert_eq!(
            acked(notification.clone().attr("type", "w:gp2")).unwrap(),
            "<ack class=\"notification\" id=\"7\" to=\"s.whatsapp.net\" participant=\"5@lid\" recipient=\"6@lid\" \
             type=\"w:gp2\"/>"
        );
        assert_eq!(
            acked(notification.attr("type", "picture")).unwrap(),
            "<ack class=\"notification\" id=\"7\" to=\"s.whatsapp.net\" recipient=\"6@lid\" type=\"picture\"/>"
        );
    }

    #[test]
    fn an_ack_has_addresses_where_text_came() {
        let receipt = Node::new("receipt").attr("from", "5@lid").attr("id", "7").attr("participant", "6@lid");
        let ack = ack(&Stanza::from_node(&receipt).unwrap().root()).unwrap();
        assert_eq!(ack.get("to"), Some(&Value::from(Jid::lid("5"))));
        assert_eq!(ack.get("participant"), Some(&Value::from(Jid::lid("6"))));
    }

    #[test]
    fn acks_leave_out_what_web_leaves_out() {
        let receipt = |who| {
            Node::new("receipt")
                .attr("from", Jid::lid("5"))
                .attr("id", "7")
                .attr("participant", Jid::lid(who))
        };
        assert_eq!(acked(receipt("5")).unwrap(), "<ack class=\"receipt\" id=\"7\" to=\"5@lid\"/>");
        assert_eq!(
            acked(receipt("6")).unwrap(),
            "<ack class=\"receipt\" id=\"7\" to=\"5@lid\" participant=\"6@lid\"/>"
        );
        let changed = |kind: &'static str| {
            Node::new("notification").attr("from", Jid::lid("5")).attr("id", "7").attr("type", kind)
        };
        let ack = "<ack class=\"notification\" id=\"7\" to=\"5@lid\"";
        for child in ["identity", "count", "digest"] {
            let encrypt = acked(changed("encrypt").child(Node::new(child))).unwrap();
            assert_eq!(encrypt, format!("{ack}/>"));
        }
        assert_eq!(acked(changed("devices")).unwrap(), format!("{ack}/>"));
        assert_eq!(acked(changed("picture")).unwrap(), format!("{ack} type=\"picture\"/>"));
        let call = Node::new("call").attr("from", Jid::lid("5")).attr("id", "7").child(Node::new("offer"));
        assert_eq!(acked(call).unwrap(), "<ack class=\"call\" id=\"7\" to=\"5@lid\" type=\"offer\"/>");
    }

    #[test]
    fn what_has_no_sender_or_id_gets_no_ack() {
        assert_eq!(acked(Node::new("receipt").attr("id", "7")), None);
        assert_eq!(acked(Node::new("receipt").attr("from", Jid::lid("5"))), None);
    }

    #[test]
    fn a_nack_says_why() {
        let unknown = Node::new("gossip").attr("from", Jid::lid("5")).attr("id", "7");
        let nack = nack(&Stanza::from_node(&unknown).unwrap().root(), 488).unwrap();
        assert_eq!(nack.xml(), "<ack class=\"gossip\" id=\"7\" to=\"5@lid\" error=\"488\"/>");
    }
}
