//! Each kind of violation is found, and what the official client sends is none.

use serde_json::json;
use wa::stanza::{Jid, Node, Stanza, build};

use super::{TABLE, Watch, table::Table};

/// Returns the fault of a stanza, the first on its connection.
fn wrong(node: Node) -> String {
    let stanza = Stanza::from_node(&node).unwrap();
    Watch::default().check(&TABLE, stanza.root()).unwrap_or_default()
}

fn ping(id: &'static str) -> Node {
    build::ping(id)
}

fn digest() -> Node {
    build::get("encrypt").attr("id", "1.2-3").child(Node::new("digest"))
}

fn retry() -> Node {
    let retry =
        Node::new("retry").attr("v", 1u8).attr("count", 1u8).attr("id", "A").attr("t", 1_767_225_600u64);
    Node::new("receipt")
        .attr("id", "A")
        .attr("to", Jid::lid("5").with_device(3))
        .attr("type", "retry")
        .child(retry)
        .child(Node::new("registration").bytes([0; 4]))
}

fn text(kind: &'static str) -> Node {
    let enc = Node::new("enc").attr("v", 2u8).attr("type", kind).bytes([1]);
    let to = Node::new("to").attr("jid", Jid::lid("5")).child(enc);
    let participants = Node::new("participants").child(to);
    Node::new("message").attr("id", "A").attr("to", Jid::lid("5")).attr("type", "text").child(participants)
}

#[test]
fn the_table_can_be_read_and_is_sorted() {
    let json = include_str!("../../../vectors/stanza_shapes.json");
    let table = Table::read(json).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(table.names().count(), TABLE.names().count());
    // A map of the parser would sort them by itself; in the file they stand as people read them.
    let names: Vec<_> = json
        .lines()
        .filter_map(|line| line.strip_prefix("    \"")?.strip_suffix("\": {"))
        .filter(|name| table.names().any(|other| other == *name))
        .collect();
    assert_eq!(names.len(), table.names().count());
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn what_the_official_client_sends_is_no_violation() {
    let identity = Node::new("device-identity").bytes([1]);
    for fine in [ping("1.2-3"), digest(), retry(), text("msg"), text("pkmsg").child(identity)] {
        assert_eq!(wrong(fine), "");
    }
    let media_conn = build::set("w:m").attr("id", "1.2-3").child(Node::new("media_conn"));
    for fine in [media_conn, complaint(12)] {
        assert_eq!(wrong(fine), "");
    }
}

/// A receipt for a part of the history that cannot be read.
fn complaint(iv: usize) -> Node {
    let encrypt = Node::new("encrypt")
        .child(Node::new("enc_p").bytes([1]))
        .child(Node::new("enc_iv").bytes(vec![0; iv]));
    Node::new("receipt")
        .attr("id", "A")
        .attr("to", Jid::user("5"))
        .attr("type", "server-error")
        .attr("category", "peer")
        .child(encrypt)
}

#[test]
fn media_and_history() {
    let get = build::get("w:m").attr("id", "1.2-3").child(Node::new("media_conn"));
    assert!(wrong(get).contains("there is no shape"));
    let more = build::set("w:m").attr("id", "1.2-3").child(Node::new("media_conn").attr("ttl", "1"));
    assert!(wrong(more).contains("iq/media_conn/@ttl: is not an attribute of it"));
    assert!(wrong(complaint(16)).contains("receipt/encrypt/enc_iv: holds 16 bytes that are not 12 bytes"));
    let of_a_chat = complaint(12).child(Node::new("rmr").attr("from_me", "true"));
    assert!(wrong(of_a_chat).contains("receipt/rmr: is not a child of it"));
    let elsewhere = complaint(12).attr("to", Jid::lid("5"));
    assert!(wrong(elsewhere).contains("receipt/@to: 5@lid is not the address of"));
    let plain = Node::new("receipt").attr("id", "A").attr("to", Jid::user("5")).attr("type", "server-error");
    assert!(wrong(plain).contains("there is no shape"), "that of a chat's message is not known");
}

#[test]
fn a_stanza_without_a_shape() {
    assert!(wrong(Node::new("gossip")).contains("gossip: there is no shape for such a stanza"));
    let unknown = build::get("w:unheard").attr("id", "1.2-3");
    assert!(wrong(unknown).contains("iq: there is no shape"));
}

#[test]
fn attributes() {
    let violation = wrong(ping("1.2-3").attr("mood", "good"));
    assert!(violation.contains("(shape \"iq ping\")"), "{violation}");
    assert!(violation.contains("\n  iq/@mood: is not an attribute of it\n"), "{violation}");
    assert!(violation.ends_with("xmlns=\"w:p\" mood=\"good\"/>"), "{violation}");
    assert!(wrong(build::get("w:p")).contains("iq/@id: is missing; it is the id of a request"));
    assert!(wrong(ping("seven")).contains("iq/@id: \"seven\" is not the id of a request"));
    let elsewhere = Node::new("iq").attr("id", "1.2-3").attr("to", Jid::lid("5"));
    let elsewhere = wrong(elsewhere.attr("type", "get").attr("xmlns", "w:p"));
    assert!(elsewhere.contains("iq/@to: 5@lid is not the address of server"), "{elsewhere}");
    let spelt = Node::new("iq").attr("id", "1.2-3").attr("to", "5@lid");
    let spelt = wrong(spelt.attr("type", "get").attr("xmlns", "w:p"));
    assert!(spelt.contains("iq/@to: \"5@lid\" is not encoded as an address"), "{spelt}");
    let inside = wrong(text("plain"));
    assert!(inside.contains("message/participants/to/enc/@type: \"plain\" is not pkmsg or msg"), "{inside}");
    let counted = retry();
    let counted = wrong(counted.child(Node::new("meta").attr("mode", "many")));
    assert!(counted.contains("receipt/meta/@mode: \"many\" is not a number from 1 to 7"), "{counted}");
}

#[test]
fn children() {
    let more = wrong(digest().child(Node::new("hash")));
    assert!(more.contains("iq/hash: is not a child of it"), "{more}");
    let twice = wrong(digest().child(Node::new("digest")));
    assert!(twice.contains("iq/digest: is there too often: 2 times, not 1"), "{twice}");
    let upload = build::set("encrypt").attr("id", "1.2-3").child(Node::new("list"));
    let upload = wrong(upload);
    assert!(upload.contains("iq/registration: is missing: 0 times, not 1"), "{upload}");
    assert!(upload.contains("iq/list/key: is missing: 0 times, not 1 to 812"), "{upload}");
    let order = retry().children([Node::new("meta").attr("mode", 4u8), Node::new("keys")]);
    let order = wrong(order);
    assert!(order.contains("receipt/keys: comes after <meta>, and has to come before it"), "{order}");
}

#[test]
fn contents() {
    let registration = Node::new("registration").bytes([0; 5]);
    let mut long = Node::new("receipt").attr("id", "A").attr("to", Jid::lid("5")).attr("type", "retry");
    long = long.child(retry().child_nodes()[0].clone()).child(registration);
    let long = wrong(long);
    assert!(long.contains("receipt/registration: holds 5 bytes that are not 4 bytes"), "{long}");
    let full = build::get("encrypt").attr("id", "1.2-3").child(Node::new("digest").text("x"));
    assert!(wrong(full).contains("iq/digest: holds 1 bytes that are not nothing"));
    let empty = build::set("w:g2").attr("id", "1.2-3").child(Node::new("subject"));
    assert!(wrong(empty).contains("iq/subject: is empty, and has to hold a text"));
    let query = Node::new("query").attr("query_id", 7u8).text(json!({ "variables": {} }).to_string());
    let query = wrong(build::get("w:mex").attr("id", "1.2-3").child(query));
    assert!(query.contains("that are not JSON with queryId and variables"), "{query}");
}

#[test]
fn parts_that_go_together() {
    let alone = wrong(text("pkmsg"));
    assert!(alone.contains("message: //enc@type=pkmsg without /device-identity"), "{alone}");
    let needless = wrong(text("msg").child(Node::new("device-identity").bytes([1])));
    assert!(needless.contains("message: /device-identity without //enc@type=pkmsg"), "{needless}");
}

#[test]
fn an_id_that_was_used_before() {
    let mut watch = Watch::default();
    let mut check = |node: Node| watch.check(&TABLE, Stanza::from_node(&node).unwrap().root());
    assert_eq!(check(ping("1.2-3")), None);
    assert_eq!(check(ping("1.2-4")), None);
    // Answers have the ids of the requests that they answer.
    assert_eq!(check(build::result(Jid::server(), "1.2-3")), None);
    let again = check(digest()).unwrap_or_default();
    assert!(again.contains("iq/@id: 1.2-3 is the id of an earlier request on this connection"), "{again}");
}

#[test]
fn differences_say_what_is_sent_instead() {
    let table = |differs: serde_json::Value| {
        let stanza = json!({
            "attrs": { "to": "user", "from?": "user" },
            "children": ["a", { "tag": "b", "attrs": { "c": "=1" } }],
        });
        let shape = json!({ "source": "nobody", "when": [], "stanza": stanza, "differs": differs });
        Table::read(&json!({ "about": [], "parts": {}, "shapes": { "x of a kind": shape } }).to_string())
    };
    let difference =
        |at: &str, libwa: serde_json::Value| json!({ "at": at, "official": "-", "libwa": libwa, "why": "-" });
    let check = |differs: serde_json::Value, node: Node| {
        let stanza = Stanza::from_node(&node).unwrap();
        table(differs).unwrap().check(stanza.root()).1
    };
    let b = || Node::new("b").attr("c", 1u8);
    let official = || Node::new("x").attr("to", Jid::lid("5")).child(Node::new("a")).child(b());
    assert!(check(json!([]), official()).is_empty());
    assert!(!check(json!([difference("@to", json!("absent"))]), official()).is_empty());
    assert!(check(json!([difference("@n", json!("integer?"))]), official()).is_empty());
    assert!(check(json!([difference("@n", json!("integer"))]), official().attr("n", 7u8)).is_empty());
    assert!(!check(json!([difference("b/@c", json!("=2"))]), official()).is_empty());
    assert!(
        check(json!([difference("a", json!("?"))]), Node::new("x").attr("to", Jid::lid("5")).child(b()))
            .is_empty()
    );
    assert!(!check(json!([difference("a", json!("absent"))]), official()).is_empty());
    let more = json!({ "tag": "d", "content": "text" });
    assert!(check(json!([difference("d", more)]), official().child(Node::new("d").text("!"))).is_empty());
    let reasonless = json!([{ "at": "@to", "official": "-", "libwa": "absent", "why": "" }]);
    assert!(table(reasonless).is_err());
    assert!(table(json!([difference("c/@d", json!("text"))])).is_err(), "there is no such child");
}

#[test]
fn a_stanza_of_two_shapes() {
    let shape = json!({ "source": "nobody", "when": [], "stanza": {} });
    let file = json!({ "about": [], "parts": {}, "shapes": { "x a": shape, "x b": shape } });
    let table = Table::read(&file.to_string()).unwrap();
    let stanza = Stanza::from_node(&Node::new("x")).unwrap();
    assert_eq!(table.check(stanza.root()).1, ["it has the shape \"x b\", too"]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    let table = |stanza: serde_json::Value, when: &str| {
        let shape = json!({ "source": "nobody", "when": [when], "stanza": stanza });
        Table::read(&json!({ "about": [], "parts": {}, "shapes": { "x": shape } }).to_string())
    };
    assert!(table(json!({}), "@a").is_ok());
    for bad in [
        json!({ "attrs": { "a": "numbers" } }),
        json!({ "content": "words" }),
        json!({ "children": ["a", "a?"] }),
        json!({ "children": [{ "tag": "a", "count": "some" }] }),
        json!({ "colour": "red" }),
    ] {
        assert!(table(bad.clone(), "@a").is_err(), "{bad}");
    }
    assert!(table(json!({}), "a").is_err());
}
