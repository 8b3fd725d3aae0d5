//! Accounts that demand their passkey of a new device.

use serde_json::{Value, json};

use super::world::{Host, NUMBER, World};

const ASSERTION: &str = r#"{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30",
    "authenticatorData":"AAAA","signature":"MEUC","userHandle":null}}"#;

/// The way in which the pairing is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Code,
    Qr,
}

/// Begins a pairing and lets the user do their part on the phone; gives the request.
fn begin(world: &World, host: &mut Host, by: By) -> u64 {
    match by {
        By::Code => {
            let request = host.client.request_pairing(NUMBER, None).unwrap();
            world.enter_later(&host.wait("pairing.code")["code"]);
            request
        }
        By::Qr => {
            let request = host.client.request_qr().unwrap();
            world.scan_later(&host.wait("pairing.qr")["payload"]);
            request
        }
    }
}

/// The challenge as the host gets it.
fn challenged(host: &mut Host, request: u64) -> Value {
    let wanted = host.wait("pairing.passkey");
    assert_eq!((&wanted["step"], &wanted["request"]), (&"required".into(), &request.into()));
    let options: Value = serde_json::from_str(wanted["options"].as_str().unwrap()).unwrap();
    assert_eq!(options["rpId"], "whatsapp.com");
    assert!(wanted["expires_at_ms"].as_i64().unwrap() > wanted["time_ms"].as_i64().unwrap());
    wanted
}

/// Answers the challenge and waits for the code to compare, which must be the one on the phone.
fn answered(world: &World, host: &mut Host, request: u64) {
    let answer = host.client.answer_passkey(ASSERTION).unwrap();
    assert_eq!(host.answer(answer)["status"], 0);
    let compare = host.wait("pairing.passkey");
    assert_eq!((&compare["step"], &compare["request"]), (&"confirm".into(), &request.into()));
    let screen = json!({ "name": "passkey", "code": compare["display"] });
    world.wait_phone("the code to compare", NUMBER, |phone| phone["screen"] == screen);
}

#[test]
fn in_full_by_code_and_by_qr_with_and_without_options() {
    for by in [By::Code, By::Qr] {
        for (when, options, ask) in
            [("before_finish", true, true), ("after_finish", false, true), ("after_finish", true, false)]
        {
            let world = World::new();
            let switches = json!({ "passkey": when, "passkey_options": options, "passkey_ask": ask });
            world.sim.set(NUMBER, &switches).unwrap();
            let mut host = world.client(&world.config());
            let request = begin(&world, &mut host, by);
            challenged(&mut host, request);
            answered(&world, &mut host, request);
            let confirmed = host.client.confirm_passkey().unwrap();
            assert_eq!(host.answer(confirmed)["status"], 0);
            if ask {
                world.phone("confirm", &json!({ "same": true }));
            }
            let success = host.wait("pairing.success");
            assert_eq!(success["method"], "passkey", "{by:?} {switches}");
            assert_eq!(host.answer(request)["status"], 0);
            host.wait("ready");
        }
    }
}

#[test]
fn a_bad_assertion_can_be_put_right() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "passkey": "before_finish" })).unwrap();
    let mut host = world.client(&world.config());
    let request = begin(&world, &mut host, By::Code);
    challenged(&mut host, request);
    for bad in ["", "{", "[]", "{}", r#"{"rawId":"!"}"#] {
        let answer = host.client.answer_passkey(bad).unwrap();
        assert_eq!(host.answer(answer)["name"], "WA_ERROR_INVALID_JSON", "{bad}");
    }
    let early = host.client.confirm_passkey().unwrap();
    assert_eq!(host.answer(early)["name"], "WA_ERROR_INVALID_STATE");
    answered(&world, &mut host, request);
    let twice = host.client.answer_passkey(ASSERTION).unwrap();
    assert_eq!(host.answer(twice)["name"], "WA_ERROR_INVALID_STATE");
    host.client.confirm_passkey().unwrap();
    assert_eq!(host.answer(request)["status"], 0);
    host.wait("ready");
}

#[test]
fn nothing_waits_for_a_passkey_that_nobody_asked_for() {
    let world = World::new();
    let mut host = world.client(&world.config());
    host.client.request_qr().unwrap();
    host.wait("pairing.qr");
    let answer = host.client.answer_passkey(ASSERTION).unwrap();
    assert_eq!(host.answer(answer)["name"], "WA_ERROR_INVALID_STATE");
    let confirm = host.client.confirm_passkey().unwrap();
    assert_eq!(host.answer(confirm)["name"], "WA_ERROR_INVALID_STATE");
}

#[test]
fn a_challenge_that_nobody_answers_ends_by_name() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "passkey": "before_finish" })).unwrap();
    let options = r#"{"challenge":"AAAA","timeout":300,"rpId":"whatsapp.com"}"#;
    let notification = json!({
        "tag": "notification",
        "attrs": { "from": "s.whatsapp.net", "type": "passkey_prologue_request", "id": "pk-1" },
        "children": [{ "tag": "passkey_request_options", "attrs": {}, "text": options }],
    });
    let when = json!({ "point": "out", "type": "passkey_prologue_request" });
    world.fault(json!({ "when": when, "do": { "replace": notification } }));
    let mut host = world.client(&world.config());
    let request = begin(&world, &mut host, By::Code);
    challenged(&mut host, request);
    let told = host.wait("pairing.error");
    assert_eq!((&told["outcome"], &told["stage"]), (&"passkey_timeout".into(), &"passkey".into()));
    assert_eq!(host.answer(request)["name"], "WA_ERROR_PASSKEY_FAILED");
    works_without(&world, &mut host);
}

#[test]
fn each_step_that_the_server_refuses_or_loses_ends_by_name() {
    for (child, what) in [
        ("ref", json!({ "error": { "code": 500 } })),
        ("passkey_prologue", json!({ "error": { "code": 400 } })),
        ("companion_nonce", json!({ "error": { "code": 403 } })),
        ("encrypted_pairing_request", json!({ "error": { "code": 500 } })),
        ("ref", json!("cut")),
        ("passkey_prologue", json!("close")),
        ("companion_nonce", json!("cut")),
        ("encrypted_pairing_request", json!("cut")),
    ] {
        let world = World::new();
        world.sim.set(NUMBER, &json!({ "passkey": "after_finish" })).unwrap();
        world.fault(json!({ "when": { "child": child }, "do": what }));
        let mut host = world.client(&world.config());
        let request = begin(&world, &mut host, By::Code);
        challenged(&mut host, request);
        host.client.answer_passkey(ASSERTION).unwrap();
        if child == "encrypted_pairing_request" {
            host.wait_for("pairing.passkey", |event| event["step"] == "confirm");
            host.client.confirm_passkey().unwrap();
        }
        let told = host.wait("pairing.error");
        assert_eq!(told["request"], request, "{child} {what}");
        if what.is_object() {
            assert_eq!(told["outcome"], "passkey_failed", "{child} {what}");
        }
        let answer = host.answer(request);
        assert_eq!(answer["status"], told["status"], "{child} {what}");
        works_without(&world, &mut host);
    }
}

#[test]
fn a_user_who_sees_another_code_on_the_phone_is_not_linked() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "passkey": "before_finish", "passkey_ask": true })).unwrap();
    let mut host = world.client(&world.config());
    let request = begin(&world, &mut host, By::Code);
    challenged(&mut host, request);
    answered(&world, &mut host, request);
    world.phone("confirm", &json!({ "same": false }));
    host.client.cancel(request).unwrap();
    assert_eq!(host.wait("pairing.error")["outcome"], "cancelled");
    assert_eq!(host.answer(request)["name"], "WA_ERROR_CANCELLED");
    works_without(&world, &mut host);
}

/// The session is as good as before: it is linked by an account without passkey.
fn works_without(world: &World, host: &mut Host) {
    world.sim.clear_faults();
    world.sim.set(NUMBER, &json!({ "passkey": "off" })).unwrap();
    host.client.connect().unwrap();
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    assert_eq!(host.answer(request)["status"], 0);
    host.wait("ready");
}
