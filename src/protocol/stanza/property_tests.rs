//! Properties: every written node is read back, and every node that is read can be walked.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn any_text() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        "[0-9.-]{1,130}",
        "[0-9A-F]{1,130}",
        "[a-z_:-]{1,20}",
        ".{1,40}",
        (0..1259u16).prop_map(|token| token::text(token).to_owned()),
        (1..70_000usize).prop_map(|len| "\u{e9}".repeat(len)),
    ]
}

fn any_name() -> impl Strategy<Value = String> + Clone {
    any_text().prop_filter("length of a name", |name| name.len() <= MAX_NAME)
}

fn any_jid() -> impl Strategy<Value = Jid> + Clone {
    let people = ("[0-9]{1,18}", 0..4usize, 0..=255u16).prop_map(|(user, server, device)| {
        let server = [Server::Pn, Server::Lid, Server::Hosted, Server::HostedLid][server].clone();
        Jid::new(user, server).with_device(device)
    });
    let messenger = ("[0-9]{1,18}", any::<u16>())
        .prop_map(|(user, device)| Jid::new(user, Server::Messenger).with_device(device));
    let others = ("[0-9a-zA-Z._-]{0,40}", r"g\.us|broadcast|newsletter|call|bot|c\.us|other\.[a-z]{1,9}")
        .prop_map(|(user, server)| Jid::new(user, Server::from_name(&server)));
    prop_oneof![people, messenger, others]
}

fn any_value() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![3 => any_text().prop_map(Value::from), 1 => any_jid().prop_map(Value::from)]
}

fn any_node() -> impl Strategy<Value = Node> {
    let bare = (any_name(), vec((any_name(), any_value()), 0..6)).prop_map(|(tag, attrs)| {
        attrs.into_iter().fold(Node::new(tag), |node, (key, value)| node.attr(key, value))
    });
    let leaf = (bare.clone(), proptest::option::of(vec(any::<u8>(), 0..400)))
        .prop_map(|(node, bytes)| bytes.into_iter().fold(node, Node::bytes));
    leaf.prop_recursive(5, 60, 8, move |inner| {
        (bare.clone(), vec(inner, 1..8)).prop_map(|(node, children)| node.children(children))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(node in any_node()) {
        let encoded = encode(&node).unwrap();
        let stanza = Stanza::decode(encoded.clone()).unwrap();
        let back = stanza.root().to_node();
        prop_assert_eq!(back.xml(), node.xml());
        prop_assert!(back == node);
        prop_assert_eq!(encode(&back).unwrap(), encoded);
    }

    #[test]
    fn an_address_is_read_back_from_its_text(jid in any_jid()) {
        prop_assert_eq!(jid.to_string().parse::<Jid>(), Ok(jid));
    }

    /// Not every readable stanza can be written (addresses of other messengers), but what can be is the same stanza.
    #[test]
    fn rubbish_is_answered(mut bytes in vec(any::<u8>(), 0..300), from_example in any::<bool>()) {
        if from_example {
            bytes.splice(0..0, [0, 0xf8, 4, 0x3f, 0x0c]);
        }
        if let Ok(stanza) = Stanza::decode(bytes) {
            let node = stanza.root().to_node();
            if let Ok(again) = Stanza::from_node(&node) {
                prop_assert_eq!(again.root().children().count(), stanza.root().children().count());
            }
        }
    }
}
