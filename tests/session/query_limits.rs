//! Questions to the server that other people cause: they are few, whatever these people do.

use serde_json::{Value, json};

use super::world::{Host, World};

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";
const CEM: &str = "15550009999";

/// Three phones; a client is linked to the first.
fn ada(world: &World) -> Host {
    assert!(world.sim.add_phone(BOB, "Bob") && world.sim.add_phone(CEM, "Cem"));
    world.linked_as(ADA)
}

fn group(world: &World) -> String {
    let group = json!({ "creator": BOB, "subject": "Tea", "members": [ADA, CEM] });
    world.sim.create_group(&group).unwrap()["jid"].as_str().unwrap().to_owned()
}

/// The number of questions about groups that came since then.
fn asked(world: &World, after: u64) -> usize {
    let asks = |entry: &&Value| {
        let attrs = &entry["stanza"]["attrs"];
        entry["dir"] == "in" && attrs["xmlns"] == "w:g2" && attrs["type"] == "get"
    };
    world.entries(after).iter().filter(asks).count()
}

fn person(world: &World, number: &str, verb: &str, body: &Value) -> Value {
    world.sim.person(number, verb, body).unwrap()["id"].clone()
}

/// Lets a person write and take it back as an admin of the group.
fn delete(world: &World, group: &str) {
    let id = person(world, CEM, "send", &json!({ "to": group, "text": "gone" }));
    person(world, BOB, "delete", &json!({ "to": group, "target": { "id": id, "from": CEM } }));
}

#[test]
fn new_groups_in_which_admins_delete_cause_no_questions() {
    let world = World::new();
    let mut ada = ada(&world);
    let after = world.now();
    for _ in 0..30 {
        delete(&world, &group(&world));
        let deleted = ada.wait_for("message", |event| event["kind"] == "delete");
        assert_eq!(deleted["content"]["by_admin"], true, "{deleted}");
    }
    assert_eq!(asked(&world, after), 0);
}

/// Of groups that are not known some are asked for, and the others wait.
#[test]
fn groups_that_are_not_known_are_asked_for_a_few_at_a_time() {
    const GROUPS: usize = 150;
    /// Twice those that are asked for at once; as many as wait would be more.
    const MOST: usize = 40;
    let world = World::new();
    let mut ada = ada(&world);
    world.fault(json!({ "when": { "point": "out", "tag": "notification" }, "do": "drop", "times": 0 }));
    let groups: Vec<String> = (0..GROUPS).map(|_| group(&world)).collect();
    let after = world.now();
    groups.iter().for_each(|group| delete(&world, group));
    person(&world, CEM, "send", &json!({ "to": ADA, "text": "after all" }));
    ada.wait_for("message", |event| event["text"] == "after all");
    let asked = asked(&world, after);
    assert!((1..=MOST).contains(&asked), "{asked}");
}

/// Members come and go, and who they are stays known: the next message reaches those who are left, and no others.
#[test]
fn notices_of_members_cause_no_questions() {
    let world = World::new();
    let mut ada = ada(&world);
    let group = group(&world);
    let id = group.trim_end_matches("@g.us");
    let send = |ada: &mut Host, text: &str| {
        let request = ada.client.send_text(&group, text, None).unwrap();
        assert_eq!(ada.answer(request)["name"], "WA_OK");
    };
    send(&mut ada, "before");
    let after = world.now();
    for round in 0..3 {
        for (action, by, who) in
            [("remove", BOB, CEM), ("add", BOB, CEM), ("promote", BOB, CEM), ("demote", BOB, CEM)]
        {
            world.sim.group(id, action, &json!({ "by": by, "members": [who] })).unwrap();
            ada.wait_for("group.update", |event| event["change"] == action);
            let text = format!("{action} {round}");
            send(&mut ada, &text);
            world.wait_heard(BOB, 0, |heard| heard["text"] == text.as_str());
            if action != "remove" {
                world.wait_heard(CEM, 0, |heard| heard["text"] == text.as_str());
            }
        }
        delete(&world, &group);
        ada.wait_for("message", |event| event["kind"] == "delete");
    }
    assert_eq!(asked(&world, after), 0);
    assert_eq!(world.phash_mismatches(ADA), 0);
    // One notice is lost: the next one does not fit, and the group is asked for.
    world.fault(json!({ "when": { "point": "out", "tag": "notification" }, "do": "drop", "times": 1 }));
    world.sim.group(id, "promote", &json!({ "by": BOB, "members": [CEM] })).unwrap();
    world.sim.group(id, "demote", &json!({ "by": BOB, "members": [CEM] })).unwrap();
    ada.wait_for("group.update", |event| event["change"] == "demote");
    send(&mut ada, "after it");
    assert_eq!(asked(&world, after), 1);
    world.no_key_is_used_twice();
}
