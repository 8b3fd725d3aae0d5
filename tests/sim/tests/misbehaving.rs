//! The effects of the fault rules, seen from a companion.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use common::{Companion, NUMBER, settled, simulator, until};
use serde_json::{Value, json};
use wa::{pairing::qr::QrForm, stanza::build};
use wa_sim::Handle;

const SHORT: Duration = Duration::from_millis(200);

fn rule(sim: &Handle, rule: Value) {
    sim.add_fault(rule).unwrap();
}

async fn refused(sim: &Handle) -> String {
    let companion = Companion::new();
    match companion.connect(sim, &companion.registration()).await {
        Err(why) => why,
        Ok(mut wire) => match wire.next().await {
            Err(why) => why,
            Ok(stanza) => stanza.root().xml(),
        },
    }
}

#[tokio::test]
async fn every_certificate_fault_is_noticed_and_the_next_connection_is_good() {
    let sim = simulator().await;
    for fault in [
        "expired",
        "not_yet_valid",
        "other_root",
        "wrong_leaf_key",
        "missing_leaf",
        "missing_intermediate",
        "missing_details",
        "missing_signature",
        "bad_leaf_signature",
        "bad_intermediate_signature",
        "wrong_leaf_issuer",
        "wrong_intermediate_issuer",
        "garbage",
        "empty",
    ] {
        rule(&sim, json!({ "when": { "point": "server_hello" }, "do": { "certificate": fault } }));
        let why = refused(&sim).await;
        assert!(why.contains("certificate"), "{fault}: {why}");
    }
    Companion::new().register(&sim).await;
}

#[tokio::test]
async fn handshakes_can_be_garbled_truncated_closed_and_split() {
    let sim = simulator().await;
    for (point, action) in [
        ("accept", json!("close")),
        ("upgrade", json!("cut")),
        ("upgrade", json!({ "http": 503 })),
        ("client_hello", json!("close")),
        ("server_hello", json!("garble")),
        ("server_hello", json!("truncate")),
        ("server_hello", json!("cut")),
        ("client_finish", json!("close")),
        ("register", json!("close")),
    ] {
        rule(&sim, json!({ "when": { "point": point }, "do": action }));
        let why = refused(&sim).await;
        assert!(!why.starts_with('<'), "{point}: {why}");
    }
    rule(&sim, json!({ "when": { "point": "server_hello" }, "do": { "split": 1 } }));
    assert!(refused(&sim).await.contains("pair-device"));
}

#[tokio::test]
async fn failures_and_stream_errors_of_every_kind() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    for reason in [400, 401, 402, 403, 405, 406, 409, 500, 501, 503, 599] {
        let attrs = json!({ "reason": reason.to_string(), "expire": "60", "code": "101" });
        rule(&sim, json!({ "when": { "point": "login", "number": NUMBER }, "do": { "failure": attrs } }));
        let (mut wire, answer) = companion.log_in(&sim).await;
        assert!(answer.root().tag() == "failure" && answer.root().u64("reason") == Some(reason));
        assert!(answer.root().is("expire", "60"));
        wire.closed().await;
    }
    rule(
        &sim,
        json!({ "when": { "tag": "iq", "xmlns": "w:p" }, "do": { "stream_error": { "code": "503" } } }),
    );
    let (mut wire, _) = companion.log_in(&sim).await;
    wire.send(&build::ping("1")).await;
    assert!(wire.expect("stream:error").await.root().is("code", "503"));
    wire.closed().await;
}

#[tokio::test]
async fn stanzas_are_dropped_delayed_doubled_answered_and_replaced() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    wire.expect("ib").await;
    wire.expect("ib").await;
    let ping = |actions: Value| json!({ "when": { "tag": "iq", "xmlns": "w:p" }, "do": actions });

    rule(&sim, ping(json!("drop")));
    wire.send(&build::ping("dropped")).await;
    // Stanzas are worked off in order: once this is answered, the other was dropped.
    wire.query(build::get("privacy")).await;
    rule(&sim, ping(json!("duplicate")));
    wire.send(&build::ping("twice")).await;
    for _ in 0..2 {
        assert!(wire.next().await.unwrap().root().is("id", "twice"));
    }
    rule(&sim, ping(json!({ "delay": 100 })));
    wire.send(&build::ping("late")).await;
    assert!(wire.query(build::get("w:p")).await.root().is("type", "result"));
    assert!(wire.next().await.unwrap().root().is("id", "late"));
    rule(&sim, ping(json!({ "error": { "code": 429, "backoff": 9 } })));
    let answer = wire.query(build::get("w:p")).await;
    let error = answer.root().child("error").unwrap();
    assert!(error.is("code", "429") && error.is("text", "rate-overlimit") && error.is("backoff", "9"));

    let replaced =
        json!({ "tag": "ib", "attrs": { "from": "s.whatsapp.net" }, "children": [{ "tag": "tos" }] });
    rule(&sim, json!({ "when": { "point": "out", "type": "result" }, "do": { "replace": replaced } }));
    wire.send(&build::ping("replaced")).await;
    assert!(wire.next().await.unwrap().root().child("tos").is_some());
    rule(&sim, ping(json!([{ "send": replaced }, { "send_after": replaced }])));
    wire.send(&build::ping("between")).await;
    let tags: Vec<String> = [wire.next().await, wire.next().await, wire.next().await]
        .map(|stanza| stanza.unwrap().root().tag().to_owned())
        .into();
    assert_eq!(tags, ["ib", "iq", "ib"]);
}

#[tokio::test]
async fn frames_in_every_harmless_form_are_read() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    let out = |action: Value| json!({ "when": { "point": "out", "type": "result" }, "do": action });
    for action in [json!("compress"), json!({ "split": 1 }), json!(["compress", { "split": 2 }])] {
        rule(&sim, out(action));
        assert!(wire.query(build::get("w:p")).await.root().u64("t").is_some());
    }
    rule(&sim, out(json!("coalesce")));
    wire.send(&build::ping("first")).await;
    wire.query(build::get("w:p")).await;
    assert!(wire.expect("iq").await.root().is("id", "first"));
}

#[tokio::test]
async fn frames_in_every_harmful_form_are_noticed() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    for action in ["garble", "truncate", "replay", "reorder"] {
        let (mut wire, _) = companion.log_in(&sim).await;
        rule(&sim, json!({ "when": { "point": "out", "type": "result" }, "do": action }));
        wire.send(&build::ping("1")).await;
        wire.send(&build::ping("2")).await;
        let why = loop {
            if let Err(why) = wire.next().await {
                break why;
            }
        };
        assert!(why.contains("authentic"), "{action}: {why}");
    }
}

#[tokio::test]
async fn a_silenced_connection_stays_open_and_says_nothing() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let (mut wire, _) = companion.log_in(&sim).await;
    wire.expect("ib").await;
    wire.expect("ib").await;
    rule(&sim, json!({ "when": { "tag": "iq" }, "do": "silence" }));
    wire.send(&build::ping("1")).await;
    assert!(wire.is_quiet(SHORT).await);
    wire.send(&build::ping("2")).await;
    assert!(wire.is_quiet(SHORT).await);
    let id = until(&sim, |state| state.connections()[0]["id"].as_u64()).await;
    sim.connection(id, "close", &json!({})).unwrap();
    wire.closed().await;
}

#[tokio::test]
async fn pair_success_can_be_forged_in_every_way() {
    let sim = simulator().await;
    for (forgery, error) in [
        ("wrong_mac", Some(401)),
        ("wrong_signature", Some(401)),
        ("other_identity", Some(401)),
        ("low_order_key", Some(401)),
        ("hosted_flag", Some(401)),
        ("oversize", Some(500)),
        ("truncated", Some(500)),
        ("no_identity", Some(500)),
        ("key_index_zero", Some(500)),
        ("no_lid", None),
        ("no_platform", None),
        ("hosted", None),
    ] {
        rule(&sim, json!({ "when": { "point": "pair_success" }, "do": { "forge": forgery } }));
        let mut companion = Companion::new();
        let (mut wire, refs) = companion.register(&sim).await;
        let qr = companion.qr(&refs[0], QrForm::Url);
        let (outcome, accepted) = tokio::join!(sim.scan(NUMBER, &qr), async {
            let success = wire.expect("iq").await;
            let accepted = companion.accept(&success);
            if let Ok(reply) = &accepted {
                wire.send(reply).await;
                wire.expect("stream:error").await;
            }
            drop(wire);
            accepted.map(|_| ()).map_err(|error| error.reply().0)
        });
        assert_eq!(accepted.err(), error, "{forgery}");
        let expected = if error.is_some() { "companion_gone" } else { "linked" };
        assert_eq!(outcome["outcome"], expected, "{forgery}");
        sim.unlink_all(NUMBER);
    }
}

#[tokio::test]
async fn the_restart_can_be_left_out_and_success_can_come_too_early() {
    let sim = simulator().await;
    rule(
        &sim,
        json!({ "when": { "point": "out", "tag": "iq", "child": "pair-device" },
                "do": { "send": { "tag": "success", "attrs": { "t": 1 } } } }),
    );
    let companion = Companion::new();
    let mut early = companion.connect(&sim, &companion.registration()).await.unwrap();
    assert_eq!(early.next().await.unwrap().root().tag(), "success");
    assert!(early.next().await.unwrap().root().child("pair-device").is_some());

    rule(&sim, json!({ "when": { "point": "out", "tag": "stream:error", "code": "515" }, "do": "drop" }));
    let mut companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    let qr = companion.qr(&refs[0], QrForm::Url);
    let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
        let success = wire.expect("iq").await;
        let reply = companion.accept(&success).unwrap();
        wire.send(&reply).await;
        assert!(wire.next().await.is_err());
    });
    assert_eq!(outcome["outcome"], "linked");
    assert_eq!(companion.log_in(&sim).await.1.root().tag(), "success");
}

#[tokio::test]
async fn a_fresh_companion_can_be_nudged() {
    let sim = simulator().await;
    let companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    let id = until(&sim, |state| state.connections()[0]["id"].as_u64()).await;
    let nudge = |what: &str| sim.connection(id, "nudge", &json!({ "what": what })).unwrap();
    for (what, kind, child) in [
        ("reg_refresh", "companion_reg_refresh", Some("companion_reg_refresh")),
        ("rotate_qr", "companion_reg_refresh", Some("pair-device-rotate-qr")),
        ("empty_refresh", "companion_reg_refresh", None),
        ("empty_link_code", "link_code_companion_reg", None),
        ("foreign_ref", "link_code_companion_reg", Some("link_code_companion_reg")),
    ] {
        nudge(what);
        let stanza = wire.notification(kind).await;
        assert_eq!(stanza.root().children().next().map(|child| child.tag()), child, "{what}");
    }
    nudge("downgrade");
    assert!(wire.expect("ib").await.root().child("downgrade_webclient").is_some());
    nudge("pair_device");
    let offer = wire.expect("iq").await;
    let new = offer.root().child("pair-device").unwrap().child("ref").unwrap().text().unwrap().into_owned();
    assert!(!refs.contains(&new));
    sim.connection(id, "send", &json!({ "stanza": { "tag": "xmlstreamend" } })).unwrap();
    wire.expect("xmlstreamend").await;
    assert!(sim.connection(id, "nudge", &json!({ "what": "nothing" })).is_err());
    assert!(sim.connection(id + 1, "close", &json!({})).is_err());
}

#[tokio::test]
async fn rules_can_be_seen_and_the_log_too() {
    let sim = simulator().await;
    rule(&sim, json!({ "when": { "point": "register" }, "do": { "close_in": 50 } }));
    let companion = Companion::new();
    let (mut wire, _) = companion.register(&sim).await;
    wire.closed().await;
    until(&sim, |state| (state.faults()[0]["applied"] == 1).then_some(())).await;
    let tags = |entries: &[Value]| {
        entries.iter().filter_map(|entry| entry["tag"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (last, seen) = settled(&sim, |state| state.log(0)).await;
    assert_eq!(tags(&seen), ["iq", "iq"]);
    assert!(settled(&sim, |state| state.log(last).1).await.is_empty());
    assert!(sim.add_fault(json!({ "do": "nothing sensible" })).is_err());
}

#[tokio::test]
async fn silence_at_every_step_ends_when_the_client_goes() {
    let sim = simulator().await;
    for point in ["accept", "upgrade", "client_hello", "server_hello", "client_finish", "register"] {
        rule(&sim, json!({ "when": { "point": point }, "do": "silence" }));
        assert!(tokio::time::timeout(SHORT, refused(&sim)).await.is_err(), "{point}");
        until(&sim, |state| (state.connections() == json!([])).then_some(())).await;
    }
    rule(&sim, json!({ "when": { "point": "upgrade" }, "do": "silence" }));
    let companion = Companion::new();
    let registration = companion.registration();
    let (refused, ()) = tokio::join!(companion.connect(&sim, &registration), async {
        let id = until(&sim, |state| state.connections()[0]["id"].as_u64()).await;
        sim.connection(id, "close", &json!({})).unwrap();
    });
    assert!(refused.is_err());
}
