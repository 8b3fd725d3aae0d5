use super::super::testing::{jid, own, reading};
use super::*;

fn arrived(attrs: &[(&'static str, &str)], arrival: Arrival) -> String {
    let node = Node::new("message").attr("id", "3EB0A1").attr("type", "text");
    let node = attrs.iter().fold(node, |node, (key, value)| node.attr(*key, jid(value)));
    reading(node, |node| IncomingMessage::read(node, &own()).unwrap().receipt(arrival).xml())
}

#[test]
fn arrivals() {
    let person = [("from", "555:3@lid")];
    assert_eq!(arrived(&person, Arrival::Delivered), "<receipt id=\"3EB0A1\" to=\"555:3@lid\"/>");
    assert_eq!(
        arrived(&person, Arrival::Inactive),
        "<receipt id=\"3EB0A1\" to=\"555:3@lid\" type=\"inactive\"/>"
    );
    let group = [("from", "120363@g.us"), ("participant", "555:3@lid")];
    assert_eq!(
        arrived(&group, Arrival::Delivered),
        "<receipt id=\"3EB0A1\" to=\"120363@g.us\" participant=\"555:3@lid\"/>"
    );
    let ours = [("from", "900:2@lid"), ("recipient", "555@lid")];
    assert_eq!(
        arrived(&ours, Arrival::Sender),
        "<receipt id=\"3EB0A1\" to=\"900:2@lid\" type=\"sender\" recipient=\"555@lid\"/>"
    );
    let peer = [("from", "100:0@s.whatsapp.net")];
    assert_eq!(
        arrived(&peer, Arrival::PeerMessage),
        "<receipt id=\"3EB0A1\" to=\"100@s.whatsapp.net\" type=\"peer_msg\"/>"
    );
    assert_eq!(
        arrived(&[("from", "900:2@lid")], Arrival::HistorySync),
        "<receipt id=\"3EB0A1\" to=\"900@lid\" type=\"hist_sync\"/>"
    );
    let same = [("from", "555@lid"), ("participant", "555@lid")];
    assert_eq!(arrived(&same, Arrival::Delivered), "<receipt id=\"3EB0A1\" to=\"555@lid\"/>");
}

#[test]
fn read_in_a_chat_with_one_person() {
    let receipt = Receipt::read(ReadKind::Read, &jid("555@lid"), &jid("555:3@lid"), None, 1_767_225_600);
    let nodes: Vec<_> = receipt.about_all(&["A", "B", "C"]).map(|node| node.xml()).collect();
    assert_eq!(
        nodes,
        ["<receipt id=\"A\" to=\"555@lid\" type=\"read\" t=\"1767225600\">\
          <list><item id=\"B\"/><item id=\"C\"/></list></receipt>"]
    );
}

#[test]
fn read_among_many() {
    let pn = jid("1555:3@s.whatsapp.net");
    let node =
        Receipt::read(ReadKind::PlayedSelf, &jid("120363@g.us"), &jid("555:3@lid"), Some(&pn), 7).about("A");
    assert_eq!(
        node.xml(),
        "<receipt id=\"A\" to=\"120363@g.us\" type=\"played-self\" participant=\"555@lid\" t=\"7\"/>"
    );
    let node =
        Receipt::read(ReadKind::Read, &jid("status@broadcast"), &jid("555@lid"), Some(&pn), 7).about("A");
    assert_eq!(
        node.xml(),
        "<receipt id=\"A\" to=\"status@broadcast\" type=\"read\" participant=\"555@lid\" context=\"status\" \
         peer_participant_pn=\"1555@s.whatsapp.net\" t=\"7\"/>"
    );
}

#[test]
fn no_more_than_256_in_one() {
    let ids: Vec<String> = (0..513).map(|n| format!("ID{n}")).collect();
    let receipt = Receipt::read(ReadKind::Read, &jid("555@lid"), &jid("555@lid"), None, 7);
    let nodes: Vec<Node> = receipt.about_all(&ids).collect();
    let sizes: Vec<_> =
        nodes.iter().map(|node| node.find("list").map_or(1, |list| 1 + list.child_nodes().len())).collect();
    assert_eq!(sizes, [256, 256, 1]);
    assert_eq!(nodes[1].get("id").and_then(|id| id.as_text()), Some("ID256"));
    assert_eq!(receipt.about_all(&[] as &[&str]).count(), 0);
}

#[test]
fn from_one_recipient() {
    let item = |id: &'static str| Node::new("item").attr("id", id);
    let node = Node::new("receipt")
        .attr("id", "A")
        .attr("from", jid("555:3@lid"))
        .attr("participant_pn", jid("1555@s.whatsapp.net"))
        .attr("type", "read")
        .attr("t", "7")
        .attr("offline", "0")
        .child(Node::new("list").children([item("B"), Node::new("item"), Node::new("other"), item("C")]));
    reading(node, |node| {
        let receipt = IncomingReceipt::read(node, &own()).unwrap();
        assert_eq!(receipt.ids().collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!(
            (receipt.kind.clone(), receipt.timestamp, receipt.offline),
            (ReceiptKind::Read, Some(7), true)
        );
        assert_eq!((&receipt.origin.chat, &receipt.origin.sender), (&jid("555@lid"), &jid("555:3@lid")));
        assert_eq!(receipt.origin.sender_pair.as_ref().unwrap().pn, jid("1555@s.whatsapp.net"));
        assert_eq!((receipt.members().count(), receipt.is_about_members()), (0, false));
    });
}

#[test]
fn from_our_own_devices() {
    let node = Node::new("receipt").attr("id", "A").attr("type", "read-self").attr("from", jid("900@lid"));
    reading(node.attr("recipient", jid("555@lid")), |node| {
        let receipt = IncomingReceipt::read(node, &own()).unwrap();
        assert_eq!((receipt.kind.clone(), receipt.origin.from_me), (ReceiptKind::ReadSelf, true));
        assert_eq!(receipt.origin.chat, jid("555@lid"));
    });
}

#[test]
fn about_many_members() {
    let user = |who: &str| Node::new("user").attr("jid", jid(who)).attr("t", "9");
    let users = [
        user("555@lid").attr("participant_pn", jid("1555@s.whatsapp.net")).attr("type", "read"),
        user("666@lid"),
        Node::new("user").attr("t", "9"),
    ];
    let node = Node::new("receipt")
        .attr("id", "R")
        .attr("from", jid("120363@g.us"))
        .child(Node::new("participants").attr("key", "A").children(users))
        .child(Node::new("participants").attr("message_id", "B").child(user("555@lid")))
        .child(Node::new("participants").child(user("555@lid")));
    reading(node, |node| {
        let receipt = IncomingReceipt::read(node, &own()).unwrap();
        assert!(receipt.is_about_members());
        assert_eq!(receipt.ids().count(), 0, "the stanza's id is no message's");
        let members: Vec<_> = receipt.members().map(|m| (m.id, m.who, m.kind, m.timestamp)).collect();
        assert_eq!(
            members,
            [
                ("A", jid("555@lid"), ReceiptKind::Read, Some(9)),
                ("A", jid("666@lid"), ReceiptKind::Delivered, Some(9)),
                ("B", jid("555@lid"), ReceiptKind::Delivered, Some(9)),
            ]
        );
        assert_eq!(receipt.members().next().unwrap().pair.unwrap().lid, jid("555@lid"));
    });
}

#[test]
fn what_else_it_may_say() {
    let node = Node::new("receipt")
        .attr("id", "A")
        .attr("from", jid("555@lid"))
        .attr("type", "forgotten")
        .attr("t", "soon")
        .child(Node::new("error").attr("reason", "lid").attr("type", "feature-incapable"))
        .child(Node::new("meta").attr("mode", "4"))
        .child(Node::new("list").children(std::iter::repeat_n(Node::new("item").attr("id", "B"), 10_000)));
    reading(node, |node| {
        let receipt = IncomingReceipt::read(node, &own()).unwrap();
        assert_eq!((receipt.kind.clone(), receipt.timestamp), (ReceiptKind::Other("forgotten".into()), None));
        assert!(receipt.cannot_show && receipt.mode == 4);
        assert_eq!(receipt.ids().count(), 10_001);
    });
    reading(Node::new("receipt").attr("id", "A"), |node| {
        assert_eq!(IncomingReceipt::read(node, &own()).err(), Some(HeaderError::NoFrom));
    });
}
