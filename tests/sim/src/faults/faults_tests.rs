use serde_json::json;
use wa::stanza::{Node, Stanza};

use super::*;

fn rule(json: serde_json::Value) -> NewRule {
    serde_json::from_value(json).unwrap()
}

fn hello() -> Stanza {
    let child = Node::new("link_code_companion_reg").attr("stage", "companion_hello");
    let node = Node::new("iq").attr("type", "set").attr("xmlns", "md").attr("id", "1").child(child);
    Stanza::from_node(&node).unwrap()
}

#[test]
fn a_rule_applies_as_often_as_it_says_and_only_where() {
    let table = FaultTable::default();
    table.add(rule(json!({ "when": { "stage": "companion_hello" }, "do": "drop", "times": 2 })));
    let stanza = hello();
    let incoming = || Subject::incoming(1, None, stanza.root());
    assert_eq!(table.hit(|| Subject::at(Point::Accept, 1, None)), []);
    assert_eq!(table.hit(incoming), [Action::Drop]);
    assert_eq!(table.hit(incoming), [Action::Drop]);
    assert_eq!(table.hit(incoming), []);
}

#[test]
fn zero_is_without_end_and_the_first_can_be_skipped() {
    let table = FaultTable::default();
    table.add(rule(json!({ "when": { "tag": "iq", "skip": 2 }, "do": { "delay": 5 }, "times": 0 })));
    let stanza = hello();
    let hits: Vec<usize> =
        (0..5).map(|_| table.hit(|| Subject::incoming(1, None, stanza.root())).len()).collect();
    assert_eq!(hits, [0, 0, 1, 1, 1]);
}

#[test]
fn conditions_are_all_needed() {
    let stanza = hello();
    let hits = |when: serde_json::Value| {
        let table = FaultTable::default();
        table.add(rule(json!({ "when": when, "do": "drop" })));
        !table.hit(|| Subject::incoming(7, Some("15550001234".into()), stanza.root())).is_empty()
    };
    assert!(hits(json!({})));
    assert!(hits(json!({ "tag": "iq", "type": "set", "xmlns": "md", "child": "link_code_companion_reg" })));
    assert!(hits(json!({ "connection": 7, "number": "15550001234" })));
    assert!(!hits(json!({ "tag": "iq", "type": "get" })));
    assert!(!hits(json!({ "connection": 8 })));
    assert!(!hits(json!({ "number": "15550001235" })));
    assert!(!hits(json!({ "child": "pair-device" })));
    assert!(!hits(json!({ "point": "out", "tag": "iq" })));
}

#[test]
fn rules_read_as_documented_and_mistakes_are_refused() {
    for good in [
        json!({ "do": "silence", "when": { "point": "server_hello" } }),
        json!({ "do": { "certificate": "expired" }, "when": { "point": "server_hello" } }),
        json!({ "do": { "error": { "code": 429, "backoff": 60 } }, "when": { "stage": "companion_hello" } }),
        json!({ "do": ["compress", { "split": 1 }], "when": { "point": "out" } }),
        json!({ "do": { "stream_error": { "code": "503" } }, "when": { "point": "login" } }),
        json!({ "do": { "failure": { "reason": "402", "expire": "60" } }, "when": { "point": "login" } }),
        json!({ "do": { "forge": "wrong_mac" }, "when": { "point": "pair_success" } }),
        json!({ "do": [{ "cut_at": 5 }, { "slow": 1 }], "when": { "point": "media", "method": "GET", "path": "/v/" } }),
        json!({ "do": [{ "hang_at": 5 }, { "flip_at": 0 }], "when": { "point": "media" } }),
    ] {
        rule(good);
    }
    for bad in [
        json!({ "do": "explode" }),
        json!({ "when": {} }),
        json!({ "do": "drop", "when": { "tags": "iq" } }),
        json!({ "do": "drop", "often": 1 }),
        json!({ "do": { "delay": "long" } }),
    ] {
        assert!(serde_json::from_value::<NewRule>(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_request_for_a_file_is_matched_by_its_method_path_and_owner() {
    let hits = |when: serde_json::Value| {
        let table = FaultTable::default();
        table.add(rule(json!({ "when": when, "do": "drop" })));
        let owner = Some(("15550001234".to_owned(), "md-msg-hist".to_owned()));
        !table.hit(|| Subject::file("GET", "/v/t62/1_n.enc?oh=01_AB", owner)).is_empty()
    };
    assert!(hits(json!({ "point": "media" })));
    assert!(hits(json!({ "point": "media", "method": "GET", "path": "1_n.enc", "type": "md-msg-hist" })));
    assert!(hits(json!({ "point": "media", "number": "15550001234" })));
    assert!(!hits(json!({ "point": "media", "method": "DELETE" })));
    assert!(!hits(json!({ "point": "media", "path": "2_n.enc" })));
    assert!(!hits(json!({ "point": "media", "number": "15550001235" })));
    assert!(!hits(json!({ "point": "media", "type": "image" })));
    assert!(!hits(json!({ "method": "GET" })), "without its point it is about stanzas");
}

#[test]
fn a_rule_about_files_never_fits_a_stanza() {
    let stanza = hello();
    let table = FaultTable::default();
    table.add(rule(json!({ "when": { "path": "/v/" }, "do": "drop" })));
    assert_eq!(table.hit(|| Subject::incoming(1, None, stanza.root())), []);
}
