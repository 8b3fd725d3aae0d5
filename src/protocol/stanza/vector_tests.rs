//! Every entry of `tests/vectors/stanza-examples.json`, which was made by running five other implementations.

use serde_json::Value as Json;

use super::*;

fn vectors() -> Json {
    serde_json::from_str(include_str!("../../../tests/vectors/stanza-examples.json")).unwrap()
}

fn entries(vectors: &Json, key: &str, count: usize) -> Vec<(String, Json)> {
    let list = vectors[key].as_array().unwrap();
    assert_eq!(list.len(), count, "{key}");
    list.iter().map(|entry| (text(&entry["name"]), entry.clone())).collect()
}

fn text(json: &Json) -> String {
    json.as_str().unwrap().to_owned()
}

fn bytes(json: &Json) -> Vec<u8> {
    hex::decode(json.as_str().unwrap()).unwrap()
}

/// Returns the node of an entry, as a caller would build it here. Text content is bytes to us.
fn node(json: &Json) -> Node {
    let mut node = Node::new(text(&json["tag"]));
    for attr in json["attrs"].as_array().unwrap() {
        let (key, value) = (text(&attr[0]), &attr[1]);
        node = match value.get("jid") {
            Some(jid) => node.attr(key, jid.as_str().unwrap().parse::<Jid>().unwrap()),
            None => node.attr(key, text(&value["str"])),
        };
    }
    let content = &json["content"];
    if let Some(children) = content.get("children") {
        node = node.children(children.as_array().unwrap().iter().map(self::node));
    } else if let Some(hex) = content.get("hex") {
        node = node.bytes(bytes(hex));
    } else if let Some(words) = content.get("text") {
        node = node.text(text(words));
    } else {
        assert!(content.is_null());
    }
    node
}

/// A decoded stanza as the vectors would describe it: two forms of the same address are the same.
fn assert_reads_as(name: &str, hex: &[u8], expected: &Node) {
    let stanza = Stanza::decode(hex).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_same(name, stanza.root(), expected);
}

fn assert_same(name: &str, found: NodeRef<'_>, expected: &Node) {
    assert_eq!(found.tag(), expected.tag(), "{name}");
    // Empty attributes can be read, but not built.
    let attrs = || found.attrs().filter(|(_, value)| *value != AttrRef::Text(""));
    assert_eq!(attrs().count(), expected.attrs().len(), "{name}");
    for ((key, value), (expected_key, expected)) in attrs().zip(expected.attrs()) {
        assert_eq!(key, expected_key, "{name}");
        match expected {
            Value::Jid(jid) => assert_eq!(found.jid(key).as_ref(), Some(jid), "{name}"),
            Value::Text(text) => assert_eq!(value, AttrRef::Text(text), "{name}"),
        }
    }
    assert_eq!(found.bytes(), expected.data(), "{name}");
    assert_eq!(found.children().count(), expected.child_nodes().len(), "{name}");
    for (child, expected) in found.children().zip(expected.child_nodes()) {
        assert_same(name, child, expected);
    }
}

#[test]
fn examples_both_ways() {
    let vectors = vectors();
    for (name, entry) in entries(&vectors, "examples", 67) {
        let (expected, hex) = (node(&entry["node"]), bytes(&entry["hex"]));
        assert_eq!(hex::encode(encode(&expected).unwrap()), hex::encode(&hex), "{name}");
        assert_reads_as(&name, &hex, &expected);
        if let Some(other) = entry.get("zapo_hex") {
            assert_reads_as(&name, &bytes(other), &expected);
        }
        // The examples abridge long lists, and show some bytes as text.
        let (xml, ours) = (text(&entry["xml"]), expected.xml());
        assert!(xml.contains("...") || ours.contains("<!--") || ours == xml, "{name}: {xml}");
    }
}

#[test]
fn compressed() {
    let vectors = vectors();
    let examples = entries(&vectors, "examples", 67);
    for (name, entry) in entries(&vectors, "compressed", 3) {
        let (_, plain) = examples.iter().find(|(name, _)| *name == text(&entry["same_node_as"])).unwrap();
        assert_reads_as(&name, &bytes(&entry["hex"]), &node(&plain["node"]));
        // Bytes after the zlib stream do not matter, but the stream must be whole.
        let mut hex = bytes(&entry["hex"]);
        hex.extend(b"more");
        assert_reads_as(&name, &hex, &node(&plain["node"]));
        hex.truncate(hex.len() - 5);
        assert_eq!(Stanza::decode(hex).err(), Some(DecodeError::Compression), "{name}");
    }
}

#[test]
fn decode_only() {
    for (name, entry) in entries(&vectors(), "decode_only", 17) {
        assert_reads_as(&name, &bytes(&entry["hex"]), &node(&entry["node"]));
    }
}

#[test]
fn must_reject() {
    use DecodeError::*;
    let expected = [
        ("empty-payload", Empty),
        ("flag-byte-only", Truncated),
        ("node-list-empty", NotANode),
        ("node-size-zero", NotANode),
        ("tag-listempty", NoName),
        ("unassigned-token-240", UnexpectedByte),
        ("unassigned-token-244", UnexpectedByte),
        ("jid-pair-without-server", NoName),
        ("truncated-list", Truncated),
        ("binary32-beyond-end", Truncated),
        ("packed-bad-nibble", Packing),
        ("packed-odd-length-zero", Packing),
        ("trailing-bytes", TrailingBytes),
        ("zlib-garbage", Compression),
    ];
    for ((name, entry), (same, error)) in entries(&vectors(), "must_reject", 14).iter().zip(expected) {
        assert_eq!(name, same);
        assert_eq!(Stanza::decode(bytes(&entry["hex"])).err(), Some(error), "{name}");
    }
}

#[test]
fn large() {
    for (name, entry) in entries(&vectors(), "large", 2) {
        let size = name.split('-').nth(1).unwrap().parse::<usize>().unwrap();
        let node = Node::new("enc").bytes(vec![0; size]);
        let encoded = encode(&node).unwrap();
        assert_eq!(encoded.len() as u64, entry["encoded_length"].as_u64().unwrap());
        assert!(encoded.starts_with(&bytes(&entry["hex_prefix"])));
        use sha2::Digest;
        assert_eq!(sha2::Sha256::digest(&encoded).to_vec(), bytes(&entry["sha256"]), "{name}");
        assert_reads_as(&name, &encoded, &node);
    }
}

/// Any prefix of any example ends too early, and says so; and any single flipped bit gives an answer.
#[test]
fn cut_and_flipped() {
    let vectors = vectors();
    for list in ["examples", "compressed", "decode_only"] {
        for entry in vectors[list].as_array().unwrap() {
            let hex = bytes(&entry["hex"]);
            for end in 0..hex.len() {
                assert!(Stanza::decode(&hex[..end]).is_err(), "{} cut at {end}", entry["name"]);
            }
            for bit in 0..hex.len().min(100) * 8 {
                let mut flipped = hex.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Ok(stanza) = Stanza::decode(flipped) {
                    walk(stanza.root());
                }
            }
        }
    }
}

/// Touches everything that an accessor can reach.
fn walk(node: NodeRef<'_>) {
    assert!(!node.tag().is_empty());
    for (key, value) in node.attrs() {
        assert!(node.has_attr(key) && node.attr(key) == Some(value));
        let _ = (node.jid(key), node.u64(key), node.str(key).unwrap().len());
    }
    assert!(node.bytes().is_none() || node.children().next().is_none());
    assert_eq!(node.text().is_some(), node.bytes().is_some());
    node.children().for_each(walk);
    assert!(!node.xml().is_empty() && !format!("{node:?}").is_empty());
}
