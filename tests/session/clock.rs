//! A clock that is wrong by a year, which is to the host as if the server's certificates were of another year; and a server with
//! other keys than it should have.

use serde_json::json;
use wa::api::Status;

use super::world::{Host, NUMBER, World};

const BOB: &str = "15550005678";

/// The faults that a wrong clock finds in good certificates, and those that a false server has to show.
const FAULTS: [(&str, &str); 3] = [
    ("expired", "is the clock right?"),
    ("not_yet_valid", "is the clock right?"),
    ("other_root", "not signed by the root"),
];

fn every_connection_has(world: &World, certificate: &str) {
    world.fault(json!({
        "when": { "point": "server_hello" }, "do": { "certificate": certificate }, "times": 0,
    }));
}

/// The pairing ends, by name, at the first connection.
fn ends(host: &mut Host, request: u64, why: &str) {
    let told = host.wait("pairing.error");
    assert_eq!((&told["outcome"], &told["stage"]), (&"server_not_trusted".into(), &"connection".into()));
    assert_eq!((&told["request"], &told["retryable"]), (&request.into(), &false.into()));
    assert!(told["text"].as_str().unwrap().contains(why), "{told}");
    let answer = host.answer(request);
    assert_eq!(answer["status"], Status::SERVER_NOT_TRUSTED.code(), "{answer}");
}

#[test]
fn a_pairing_ends_at_once_and_works_when_the_clock_is_right() {
    for (fault, why) in FAULTS {
        let world = World::new();
        every_connection_has(&world, fault);
        let mut host = world.client(&world.config());
        let request = host.client.request_pairing(NUMBER, None).unwrap();
        ends(&mut host, request, why);
        let request = host.client.request_qr().unwrap();
        ends(&mut host, request, why);
        let told = host.taken("connection");
        assert!(told.iter().all(|told| told["state"] != "reconnecting"), "nobody waits: {told:?}");

        world.sim.clear_faults();
        host.client.request_pairing(NUMBER, None).unwrap();
        let code = host.wait("pairing.code");
        assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
        host.wait("ready");
    }
}

#[test]
fn a_linked_session_says_why_tries_again_and_loses_nothing() {
    for (fault, why) in FAULTS {
        let world = World::new();
        assert!(world.sim.add_phone(BOB, "Bob"));
        let config = world.config();
        drop(world.linked(&config));
        for number in 0..5 {
            world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": number.to_string() })).unwrap();
        }
        every_connection_has(&world, fault);
        let mut host = world.client(&config);
        for attempt in 1..=3 {
            let told = host.wait_for("connection", |told| told["state"] != "connecting");
            assert_eq!((&told["state"], &told["attempt"]), (&"reconnecting".into(), &attempt.into()));
            assert_eq!(told["status"], Status::SERVER_NOT_TRUSTED.code(), "{told}");
            assert!(told["text"].as_str().unwrap().contains(why), "{told}");
        }
        assert!(host.client.is_linked());
        world.sim.clear_faults();
        for number in 0..5 {
            let message = host.wait("message");
            assert_eq!((&message["text"], &message["offline"]), (&number.to_string().into(), &true.into()));
        }
    }
}
