//! Logins that resume the handshake with the server's key of an earlier one.

use serde_json::{Value, json};

use super::world::{Host, World};

/// Returns the kinds of the handshakes so far, oldest first.
fn handshakes(world: &World) -> Vec<String> {
    let entries = world.entries(0);
    let notes = entries.iter().filter_map(|entry| entry["text"].as_str());
    notes.filter_map(|note| note.strip_prefix("handshake ")).map(str::to_owned).collect()
}

/// The connection breaks, and the client comes back.
fn comes_back(world: &World, host: &mut Host) {
    world.sim.connection(world.connection("device"), "cut", &json!({})).unwrap();
    host.wait("ready");
}

#[test]
fn a_login_resumes_with_the_key_of_the_last_one() {
    let world = World::new();
    let config = world.config();
    let mut host = world.linked(&config);
    // A server that does not know the device yet is not remembered.
    assert_eq!(handshakes(&world), ["Xx", "Xx"]);
    comes_back(&world, &mut host);
    assert_eq!(handshakes(&world), ["Xx", "Xx", "Ik"]);
    drop(host);
    let mut host = world.client(&config);
    host.wait("ready");
    assert_eq!(handshakes(&world), ["Xx", "Xx", "Ik", "Ik"], "the key is kept in the store");
}

#[test]
fn a_server_with_another_key_shows_its_certificates_and_is_resumed_from_then_on() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    world.sim.rotate_key();
    comes_back(&world, &mut host);
    comes_back(&world, &mut host);
    assert_eq!(handshakes(&world), ["Xx", "Xx", "XxFallback", "Ik"]);
    // One that does not want it is not worse off.
    world.fault(json!({ "when": { "point": "client_hello" }, "do": "refuse_ik" }));
    comes_back(&world, &mut host);
    comes_back(&world, &mut host);
    assert_eq!(handshakes(&world)[4..], ["XxFallback", "Ik"]);
}

#[test]
fn who_takes_the_servers_place_with_false_certificates_is_told_nothing() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    world.sim.rotate_key();
    world.fault(json!({ "when": { "point": "server_hello" }, "do": { "certificate": "other_root" } }));
    world.sim.connection(world.connection("device"), "cut", &json!({})).unwrap();
    host.wait_for("connection", |event| event["text"].to_string().contains("certificate"));
    host.wait("ready");
    // The attempt that failed is followed by one that asks for everything.
    comes_back(&world, &mut host);
    assert_eq!(handshakes(&world), ["Xx", "Xx", "Xx", "Ik"]);
}

#[test]
fn an_attempt_that_finds_no_answer_is_followed_by_one_without_resumption() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    for broken in ["close", "garble"] {
        let point = if broken == "close" { "client_hello" } else { "server_hello" };
        world.fault(json!({ "when": { "point": point }, "do": broken }));
        comes_back(&world, &mut host);
        comes_back(&world, &mut host);
    }
    // The answer that was damaged on the way had been an acceptance for the server.
    assert_eq!(handshakes(&world), ["Xx", "Xx", "Xx", "Ik", "Ik", "Xx", "Ik"]);
}

#[test]
fn a_key_that_another_root_vouched_for_counts_for_nothing() {
    let world = World::new();
    drop(world.linked(&world.config()));
    let other = world.config_with(&[("server.root_key", &"5".repeat(64)), ("reconnect.auto", "false")]);
    let mut host = world.client(&other);
    let ended = host.wait_for("connection", |event: &Value| event["is_final"] == true);
    assert!(ended["text"].as_str().unwrap().contains("not signed by the root"), "{ended}");
    assert_eq!(handshakes(&world), ["Xx", "Xx"]);
}
