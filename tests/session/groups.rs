//! Groups that hosts make, ask about and change.

use serde_json::{Value, json};

use super::world::{Host, World};

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";
const CEM: &str = "15550009999";

/// Three linked clients.
fn three(world: &World) -> (Host, Host, Host) {
    assert!(world.sim.add_phone(BOB, "Bob") && world.sim.add_phone(CEM, "Cem"));
    (world.linked_as(ADA), world.linked_as(BOB), world.linked_as(CEM))
}

fn asked(host: &mut Host, method: &str, params: &Value) -> Value {
    let request = host.client.call(method, Some(&params.to_string())).unwrap();
    host.answer(request)
}

fn done(host: &mut Host, method: &str, params: &Value) -> Value {
    let answer = asked(host, method, params);
    assert_eq!(answer["name"], "WA_OK", "{method} {params}: {answer}");
    answer["result"].clone()
}

fn refused(host: &mut Host, method: &str, params: &Value) -> String {
    asked(host, method, params)["name"].as_str().unwrap().to_owned()
}

/// The phone numbers in a list of members, with a field of each.
fn by_phone(members: &Value, field: &str) -> Vec<(String, Value)> {
    let one = |member: &Value| (member["phone"].as_str().unwrap().to_owned(), member[field].clone());
    let mut all: Vec<_> = members.as_array().unwrap().iter().map(one).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn a_group_is_made_talked_in_and_changed() {
    let world = World::new();
    let (mut ada, mut bob, mut cem) = three(&world);
    let made = done(
        &mut ada,
        "group.create",
        &json!({ "subject": "Tea", "members": [BOB], "description": "All about tea" }),
    );
    let chat = made["chat"].clone();
    assert_eq!((&made["subject"], &made["size"], &made["not_added"]), (&json!("Tea"), &json!(2), &json!([])));
    assert_eq!(
        by_phone(&made["members"], "rank"),
        [(ADA.to_owned(), json!("super_admin")), (BOB.to_owned(), json!("member"))]
    );
    let update = bob.wait("group.update");
    assert_eq!((&update["chat"], &update["change"]), (&chat, &json!("create")));
    let request = ada.client.send_text(chat.as_str().unwrap(), "welcome", None).unwrap();
    assert_eq!(bob.wait("message")["text"], "welcome");
    assert_eq!(ada.answer(request)["name"], "WA_OK");

    let added = done(&mut ada, "group.add", &json!({ "chat": chat, "members": [CEM, BOB, "15557770000"] }));
    let outcomes: Vec<&Value> =
        added["members"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["done", "already_so", "not_found"], "{added}");
    cem.wait_for("group.update", |event| event["change"] == "add" || event["change"] == "create");
    let request = ada.client.send_text(chat.as_str().unwrap(), "all three", None).unwrap();
    for host in [&mut bob, &mut cem] {
        assert_eq!(host.wait_for("message", |event| event["text"] == "all three")["chat"], chat);
    }
    assert_eq!(ada.answer(request)["name"], "WA_OK");

    // Members may not do what admins may.
    let promotion = json!({ "chat": chat, "members": [CEM] });
    assert_eq!(refused(&mut bob, "group.promote", &promotion), "WA_ERROR_FORBIDDEN");
    done(&mut ada, "group.promote", &json!({ "chat": chat, "members": [BOB] }));
    done(&mut bob, "group.promote", &promotion);
    done(&mut bob, "group.demote", &promotion);

    done(&mut ada, "group.subject", &json!({ "chat": chat, "subject": "Coffee" }));
    done(&mut ada, "group.description", &json!({ "chat": chat, "description": "No tea" }));
    done(
        &mut ada,
        "group.settings",
        &json!({ "chat": chat, "announcement": true, "locked": true, "expiration_s": 86400, "all_may_add": true }),
    );
    let info = done(&mut cem, "group.info", &json!({ "chat": chat }));
    for (field, value) in [
        ("subject", json!("Coffee")),
        ("description", json!("No tea")),
        ("announcement", json!(true)),
        ("locked", json!(true)),
        ("expiration_s", json!(86400)),
        ("all_may_add", json!(true)),
        ("size", json!(3)),
    ] {
        assert_eq!(info[field], value, "{field} in {info}");
    }
    done(&mut ada, "group.description", &json!({ "chat": chat }));
    assert_eq!(done(&mut ada, "group.info", &json!({ "chat": chat }))["description"], Value::Null);

    done(&mut ada, "group.remove", &json!({ "chat": chat, "members": [CEM] }));
    assert_eq!(refused(&mut cem, "group.info", &json!({ "chat": chat })), "WA_ERROR_FORBIDDEN");
    done(&mut bob, "group.leave", &json!({ "chat": chat }));
    assert_eq!(done(&mut bob, "group.list", &json!({}))["groups"], json!([]));
    let list = done(&mut ada, "group.list", &json!({}));
    assert_eq!(list["groups"][0]["subject"], "Coffee", "{list}");
    world.no_key_is_used_twice();
}

#[test]
fn who_may_not_be_added_is_invited() {
    let world = World::new();
    let (mut ada, _bob, mut cem) = three(&world);
    world.sim.set(CEM, &json!({ "guarded": true })).unwrap();
    let made = done(&mut ada, "group.create", &json!({ "subject": "Tea", "members": [BOB, CEM] }));
    let chat = made["chat"].clone();
    let failed = &made["not_added"][0];
    assert_eq!(
        (&failed["phone"], &failed["outcome"], &failed["code"]),
        (&json!(CEM), &json!("must_be_invited"), &json!(403))
    );
    assert!(failed["invite_code"].is_string() && failed["invite_expires_at_ms"].is_i64(), "{made}");
    assert_eq!(made["size"], 2);
    let added = done(&mut ada, "group.add", &json!({ "chat": chat, "members": [CEM] }));
    assert_eq!(added["members"][0]["outcome"], "must_be_invited", "{added}");

    let invite = done(&mut ada, "group.invite", &json!({ "chat": chat }));
    let reset = done(&mut ada, "group.invite", &json!({ "chat": chat, "reset": true }));
    assert_ne!(invite["code"], reset["code"]);
    let link = reset["link"].as_str().unwrap();
    assert!(
        link.starts_with("https://chat.whatsapp.com/") && link.ends_with(reset["code"].as_str().unwrap())
    );
    let old = asked(&mut cem, "group.join", &json!({ "code": invite["code"] }));
    assert_ne!(old["name"], "WA_OK", "{old}");
    let joined = done(&mut cem, "group.join", &json!({ "code": link }));
    assert_eq!((&joined["chat"], &joined["pending"]), (&chat, &json!(false)));
    let request = cem.client.send_text(chat.as_str().unwrap(), "I am in", None).unwrap();
    assert_eq!(ada.wait("message")["text"], "I am in");
    assert_eq!(cem.answer(request)["name"], "WA_OK");

    // A member who holds his token may add him.
    done(&mut ada, "group.remove", &json!({ "chat": chat, "members": [CEM] }));
    let request = cem.client.send_text(ADA, "add me", None).unwrap();
    assert_eq!(cem.answer(request)["name"], "WA_OK");
    let (mut outcome, mut tries) = (Value::Null, 0);
    while outcome != "done" && tries < 200 {
        outcome =
            done(&mut ada, "group.add", &json!({ "chat": chat, "members": [CEM] }))["members"][0]["outcome"]
                .clone();
        tries += 1;
    }
    assert_eq!(outcome, "done");
}

#[test]
fn what_cannot_be_done_says_why() {
    let world = World::new();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut ada = world.linked_as(ADA);
    let nowhere = json!({ "chat": "120363999999999999@g.us" });
    assert_eq!(refused(&mut ada, "group.info", &nowhere), "WA_ERROR_NOT_FOUND");
    assert_eq!(refused(&mut ada, "group.leave", &nowhere), "WA_ERROR_NOT_FOUND");
    let long = "x".repeat(101);
    assert_eq!(refused(&mut ada, "group.create", &json!({ "subject": long })), "WA_ERROR_REFUSED");
    world.fault(json!({ "when": { "xmlns": "w:g2" }, "do": { "error": { "code": 429 } } }));
    assert_eq!(refused(&mut ada, "group.list", &json!({})), "WA_ERROR_RATE_LIMITED");
    ada.client.disconnect().unwrap();
    ada.wait_for("connection", |event| event["state"] == "disconnected");
    assert_eq!(refused(&mut ada, "group.list", &json!({})), "WA_ERROR_NOT_CONNECTED");
}

/// A group that was refused is asked for again once this account may be a member of it.
#[test]
fn who_comes_into_a_group_writes_to_it_at_once() {
    let world = World::new();
    let (mut ada, _bob, mut cem) = three(&world);
    let group = json!({ "creator": BOB, "subject": "Tea", "members": [CEM] });
    let created = world.sim.create_group(&group).unwrap();
    let (id, group) = (created["id"].as_str().unwrap(), created["jid"].as_str().unwrap().to_owned());
    let write = |host: &mut Host| {
        let request = host.client.send_text(&group, "hello", None).unwrap();
        host.answer(request)["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(write(&mut cem), "WA_OK");
    assert_eq!(write(&mut ada), "WA_ERROR_FORBIDDEN");
    world.sim.group(id, "add", &json!({ "by": BOB, "members": [ADA] })).unwrap();
    ada.wait_for("group.update", |event| event["change"] == "create" || event["change"] == "add");
    assert_eq!(write(&mut ada), "WA_OK");
    // By a link, of which no notice tells.
    world.sim.group(id, "remove", &json!({ "by": BOB, "members": [CEM] })).unwrap();
    cem.wait_for("group.update", |event| event["change"] == "remove");
    assert_eq!(write(&mut cem), "WA_ERROR_FORBIDDEN");
    world.sim.group(id, "promote", &json!({ "by": BOB, "members": [ADA] })).unwrap();
    let invite = done(&mut ada, "group.invite", &json!({ "chat": group }));
    done(&mut cem, "group.join", &json!({ "code": invite["code"] }));
    assert_eq!(write(&mut cem), "WA_OK");
}
