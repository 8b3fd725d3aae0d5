//! The ends of the stream of a linked device, and what follows.

use serde_json::json;

use super::server_events::{change, child, stream_error, works};
use super::world::{NUMBER, World};

#[test]
fn ends_of_the_stream_that_are_followed_by_another_connection() {
    let world = World::new();
    let mut host = world.linked(&world.config());
    for (stanza, reason) in [
        (stream_error(json!({ "code": "515" }), &[]), "restart"),
        (stream_error(json!({ "code": "500" }), &[]), "server_unavailable"),
        (stream_error(json!({ "code": "503" }), &[]), "server_unavailable"),
        (stream_error(json!({ "code": "599" }), &[]), "server_unavailable"),
        (stream_error(json!({ "code": "777" }), &[]), "server_error"),
        (stream_error(json!({}), &[]), "server_error"),
        (
            stream_error(json!({}), &[child("ack", json!({ "id": "1", "class": "message" }))]),
            "unacked_stanza",
        ),
        (stream_error(json!({}), &[child("xml-not-well-formed", json!({}))]), "malformed_stanza"),
        (child("xmlstreamend", json!({})), "stream_end"),
    ] {
        world.say(&stanza);
        let told = change(&mut host);
        assert_eq!((&told["state"], &told["reason"]), (&"reconnecting".into(), &reason.into()), "{stanza}");
        if reason == "restart" {
            assert_eq!(told["retry_in_ms"], 0, "a restart is no failure and waits for nothing");
        }
        let ready = host.wait("ready");
        assert_eq!(ready["first_login"], false);
    }
    assert!(host.taken("restricted").is_empty());
}

#[test]
fn a_rate_limit_is_told_and_obeyed() {
    let world = World::new();
    let mut host = world.linked(&world.config_with(&[("reconnect.base_ms", "100")]));
    world.say(&stream_error(json!({ "code": "429" }), &[]));
    assert_eq!(host.wait("restricted")["kind"], "rate_limit");
    let told = change(&mut host);
    assert_eq!((&told["state"], &told["reason"]), (&"reconnecting".into(), &"rate_limited".into()));
    assert!(told["retry_in_ms"].as_u64().unwrap() >= 700, "five more steps: {told}");
    host.wait("ready");
}

#[test]
fn a_connection_elsewhere_is_not_fought() {
    for stanza in [
        stream_error(json!({}), &[child("conflict", json!({ "type": "replaced" }))]),
        stream_error(json!({ "code": "401" }), &[child("conflict", json!({ "type": "replaced" }))]),
        stream_error(json!({ "code": "409" }), &[]),
    ] {
        let world = World::new();
        let mut host = world.linked(&world.config());
        world.say(&stanza);
        let told = change(&mut host);
        assert_eq!((&told["state"], &told["reason"]), (&"disconnected".into(), &"replaced".into()));
        assert_eq!(told["status"], wa::api::Status::REPLACED.code());
        assert!(host.client.is_linked(), "the session stays");
        host.client.connect().unwrap();
        host.wait("ready");
    }
}

#[test]
fn a_copy_of_the_store_replaces_once_and_is_not_fought() {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    // Files that are copied one by one belong together only when nobody writes to them.
    super::damage::until_closed(world.folder());
    let copy = tempfile::TempDir::new().unwrap();
    for file in std::fs::read_dir(world.folder()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let mut one = world.client(&config);
    one.wait("ready");
    let url = format!("sqlite:{}", copy.path().join("sessions.db").display());
    let mut other = world.client(&world.config_with(&[("store.url", &url)]));
    other.wait("ready");
    let told = change(&mut one);
    assert_eq!((&told["state"], &told["reason"]), (&"disconnected".into(), &"replaced".into()));
    works(&mut other);
    assert_eq!(other.taken("connection").last().unwrap()["state"], "online", "it was left alone");
}

#[test]
fn an_unlinked_device_is_erased_and_the_host_is_told_until_it_has_heard() {
    for stanza in [
        stream_error(json!({ "code": "401" }), &[child("conflict", json!({ "type": "device_removed" }))]),
        stream_error(json!({}), &[child("conflict", json!({ "type": "device_removed" }))]),
        stream_error(json!({ "code": "401" }), &[]),
        stream_error(json!({ "code": "516" }), &[]),
    ] {
        let world = World::new();
        let config = world.config();
        let mut host = world.linked(&config);
        world.say(&stanza);
        let told = host.wait("logged_out");
        assert_eq!((&told["reason"], &told["redelivered"]), (&"by_phone".into(), &false.into()), "{stanza}");
        assert_eq!(host.closed()["reason"], "logged_out");
        assert!(!host.client.is_linked());
        // It took notice too late.
        host.acknowledge_all();
        drop(host);

        let mut again = World::offline_client(&config);
        let told = again.wait("logged_out");
        assert_eq!((&told["reason"], &told["redelivered"]), (&"by_phone".into(), &true.into()));
        assert!(!again.client.is_linked());
        again.client.ack(told["id"].as_u64().unwrap());
        drop(again);

        // With other keys, as a device of its own.
        let mut anew = world.linked(&config);
        assert!(anew.taken("logged_out").is_empty(), "{}", anew.story());
        works(&mut anew);
    }
}

#[test]
fn the_end_of_a_link_is_told_once_to_a_host_that_takes_notice() {
    let world = World::new();
    let config = world.config();
    let mut host = world.linked(&config);
    world.sim.unlink_all(NUMBER);
    let told = host.wait("logged_out");
    host.client.ack(told["id"].as_u64().unwrap());
    assert_eq!(host.closed()["reason"], "logged_out");
    drop(host);
    let mut anew = world.linked(&config);
    assert!(anew.taken("logged_out").is_empty(), "{}", anew.story());
    works(&mut anew);
}
