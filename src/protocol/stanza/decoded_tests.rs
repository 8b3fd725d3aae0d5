use super::super::{Jid, Node, Stanza};
use super::*;

fn sample() -> Stanza {
    let list = Node::new("list").children([
        Node::new("item").attr("n", 1u8),
        Node::new("other").child(Node::new("item").attr("n", 9u8)),
        Node::new("item").attr("n", 2u8),
    ]);
    let node = Node::new("iq")
        .attr("from", Jid::server())
        .attr("who", "15551230001:2@s.whatsapp.net")
        .attr("t", 1_790_000_000u64)
        .attr("signed", "+7")
        .attr("big", u64::MAX)
        .attr("bigger", "18446744073709551616")
        .child(list)
        .child(Node::new("ref").text("2@abc"));
    Stanza::from_node(&node).unwrap()
}

#[test]
fn children_and_their_children() {
    let stanza = sample();
    let root = stanza.root();
    let tags = |node: NodeRef<'_>| node.children().map(|child| child.tag().to_owned()).collect::<Vec<_>>();
    assert_eq!(tags(root), ["list", "ref"]);
    let list = root.child("list").unwrap();
    assert_eq!(tags(list), ["item", "other", "item"]);
    assert_eq!(list.children_named("item").map(|item| item.u64("n").unwrap()).collect::<Vec<_>>(), [1, 2]);
    assert!(root.child("item").is_none() && list.child("item").unwrap().children().next().is_none());
    assert_eq!(root.child("ref").unwrap().text().as_deref(), Some("2@abc"));
    assert_eq!((list.bytes(), list.text()), (None, None));
}

#[test]
fn attributes_by_what_one_wants() {
    let stanza = sample();
    let root = stanza.root();
    assert_eq!(root.jid("from"), Some(Jid::server()));
    assert_eq!(
        root.jid("who"),
        Some(Jid::user("15551230001").with_device(2)),
        "an address that came as text"
    );
    assert!(root.is("from", "s.whatsapp.net") && root.is("t", "1790000000") && !root.is("none", ""));
    assert_eq!((root.u64("t"), root.u64("big")), (Some(1_790_000_000), Some(u64::MAX)));
    for no_number in ["signed", "bigger", "from", "none"] {
        assert_eq!(root.u64(no_number), None, "{no_number}");
    }
    assert!(root.has_attr("t") && !root.has_attr("none"));
    assert!(matches!(root.str("from"), Some(Cow::Borrowed("s.whatsapp.net"))));
    assert!(matches!(root.str("t"), Some(Cow::Borrowed("1790000000"))));
}

#[test]
fn an_owned_copy_is_the_same() {
    let stanza = sample();
    assert_eq!(Stanza::from_node(&stanza.root().to_node()).unwrap().root().xml(), stanza.root().xml());
}

#[test]
fn records_are_small() {
    assert_eq!((size_of::<NodeRecord>(), size_of::<AttrRecord>()), (32, 32));
}
