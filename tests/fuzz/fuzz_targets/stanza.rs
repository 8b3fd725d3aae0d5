//! Stanzas: whatever decodes can be walked, shown and, unless it has what is never sent, written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::stanza::{AttrRef, EncodeError, NodeRef, Stanza, encode};

fuzz_target!(|plaintext: &[u8]| {
    let Ok(stanza) = Stanza::decode(plaintext) else { return };
    walk(stanza.root());
    let node = stanza.root().to_node();
    let written = match encode(&node) {
        Ok(written) => written,
        Err(EncodeError::Interop | EncodeError::Device) => return,
        Err(other) => panic!("cannot be written: {other}"),
    };
    let again = Stanza::decode(written.clone()).expect("what is written can be read");
    let same = again.root().to_node();
    assert_eq!(encode(&same).as_ref(), Ok(&written));
});

/// Touches everything that an accessor can reach.
fn walk(node: NodeRef<'_>) {
    assert!(!node.tag().is_empty());
    for (key, value) in node.attrs() {
        assert_eq!(node.attr(key), Some(value));
        let text = node.str(key).expect("every attribute can be shown");
        assert!(node.is(key, &text));
        node.u64(key);
        if let (AttrRef::Jid(jid), Some(parsed)) = (value, node.jid(key)) {
            // The address that is printed is the address that is meant, unless it is one that no text can spell.
            if let Ok(read) = text.parse::<wa::stanza::Jid>() {
                assert_eq!(read, parsed, "{jid}");
            }
        }
    }
    assert_eq!(node.text().is_some(), node.bytes().is_some());
    assert!(node.bytes().is_none() || node.children().next().is_none());
    node.children().for_each(walk);
    let _ = format!("{node:?}");
}
