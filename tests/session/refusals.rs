//! Refusals of the server, and what a host is told of them.

use serde_json::{Value, json};

use wa::api::{Config, Status};

use super::world::{Host, NUMBER, World};

/// Asks for a code that will not come, and gives the error and the answer.
fn refused(world: &World) -> (Value, Value) {
    refused_with(world, &world.config())
}

/// The same with that configuration.
fn refused_with(world: &World, config: &Config) -> (Value, Value) {
    let mut host = world.client(config);
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    let error = host.wait("pairing.error");
    let answer = host.answer(request);
    assert_eq!(error["status"], answer["status"]);
    assert!(!error["user_text"].as_str().unwrap().is_empty());

    // The session is as good as before.
    world.sim.clear_faults();
    world.sim.set(NUMBER, &json!({ "refuse_code": null })).unwrap();
    host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
    (error, answer)
}

#[test]
fn each_refusal_of_a_code_has_its_name_and_advice() {
    for (code, outcome, status, retryable) in [
        (400, "rejected_or_throttled", "WA_ERROR_CODE_REFUSED", true),
        (403, "forbidden", "WA_ERROR_CODE_REFUSED", false),
        (429, "rate_limited", "WA_ERROR_RATE_LIMITED", true),
        (452, "feature_unavailable", "WA_ERROR_FEATURE_UNAVAILABLE", false),
        (499, "rejected", "WA_ERROR_CODE_REFUSED", true),
    ] {
        let world = World::new();
        world.sim.set(NUMBER, &json!({ "refuse_code": { "code": code } })).unwrap();
        let (error, answer) = refused(&world);
        assert_eq!((&error["outcome"], &error["server_code"]), (&outcome.into(), &code.into()));
        assert_eq!((&answer["name"], &answer["retryable"]), (&status.into(), &retryable.into()), "{code}");
        let (advice, detail) =
            (error["user_text"].as_str().unwrap(), error["text"].as_str().unwrap_or_default());
        let whole = if detail.is_empty() { advice.to_owned() } else { format!("{advice} ({detail})") };
        assert_eq!(answer["text"], whole, "{code}");
        let waits = matches!(code, 400 | 429 | 499);
        assert_eq!(error["retry_after_ms"].as_u64().unwrap() > 0, waits, "{code}");
    }
}

#[test]
fn trouble_at_the_server_is_a_reason_to_try_again() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "refuse_code": { "code": 500 } })).unwrap();
    let (error, answer) = refused(&world);
    assert_eq!((&error["outcome"], &answer["retryable"]), (&"server_error".into(), &true.into()));
}

#[test]
fn silence_is_a_reason_too() {
    let world = World::new();
    world.fault(json!({ "when": { "stage": "companion_hello" }, "do": "drop", "times": 0 }));
    // Long enough for the answer that comes in the end on a slow machine.
    let (error, _) = refused_with(&world, &world.config_with(&[("pairing.hello_timeout_ms", "5000")]));
    assert_eq!(error["outcome"], "request_timeout");
}

/// Asks for a code, with another connection if the server has ended the one before that.
fn request_code(host: &Host) -> u64 {
    loop {
        match host.client.request_pairing(NUMBER, None) {
            Ok(request) => return request,
            Err(error) => assert_eq!(error.status, Status::INVALID_STATE),
        }
        host.client.connect().unwrap();
    }
}

#[test]
fn each_failure_on_connect_is_told_and_ends_a_pairing() {
    for (reason, outcome, status, restricted) in [
        (402, "temporarily_banned", "WA_ERROR_TEMPORARILY_BANNED", Some("temporary_ban")),
        (403, "account_locked", "WA_ERROR_ACCOUNT_LOCKED", Some("account_locked")),
        (405, "client_outdated", "WA_ERROR_CLIENT_OUTDATED", Some("client_outdated")),
        (406, "account_banned", "WA_ERROR_ACCOUNT_BANNED", Some("account_banned")),
        (409, "bad_user_agent", "WA_ERROR_CLIENT_REFUSED", None),
    ] {
        let world = World::new();
        let attributes = json!({ "reason": reason.to_string(), "code": "101", "expire": "60" });
        world.fault(json!({ "when": { "point": "register" }, "do": { "failure": attributes }, "times": 0 }));
        let mut host = world.client(&world.config());
        let request = request_code(&host);
        let error = host.wait("pairing.error");
        assert_eq!((&error["outcome"], &error["request"]), (&outcome.into(), &request.into()), "{reason}");
        let answer = host.answer(request);
        assert_eq!(answer["name"], status, "{reason}");
        let text = answer["text"].as_str().unwrap();
        assert!(text.starts_with(error["user_text"].as_str().unwrap()), "{answer}");
        assert_eq!(text.contains("(until 2") && text.contains(" UTC)"), reason == 402, "{answer}");
        if let Some(kind) = restricted {
            assert_eq!(host.wait("restricted")["kind"], kind);
        }
        host.wait_for("connection", |event| event["state"] == "disconnected");
    }
}

#[test]
fn a_linked_session_survives_what_it_can() {
    for (reason, state) in
        [("402", "disconnected"), ("405", "disconnected"), ("500", "reconnecting"), ("503", "reconnecting")]
    {
        let world = World::new();
        let config = world.config();
        drop(world.linked(&config));
        let failure = json!({ "reason": reason, "code": "104", "expire": "3600" });
        world.fault(json!({ "when": { "point": "login" }, "do": { "failure": failure } }));
        let mut host = world.client(&config);
        let told = host.wait_for("connection", |event| event["state"] == state);
        let text = told["text"].as_str().unwrap();
        assert!(text.contains(reason), "{told}");
        assert_eq!(text.contains("until 2") && text.contains(" UTC"), reason == "402", "{told}");
        assert!(host.client.is_linked());
        host.client.connect().unwrap();
        host.wait("ready");
    }
}

#[test]
fn the_end_of_a_ban_is_told_and_told_again_until_acknowledged() {
    let world = World::new();
    let config = world.config();
    drop(world.linked(&config));
    let failure = json!({ "reason": "402", "code": "104", "expire": "3600" });
    world.fault(json!({ "when": { "point": "login" }, "do": { "failure": failure } }));
    let mut host = world.client(&config);
    let ban = host.wait("restricted");
    assert_eq!(
        (&ban["kind"], &ban["code"], &ban["redelivered"]),
        (&"temporary_ban".into(), &104.into(), &false.into())
    );
    let ends = ban["ends_at_ms"].as_i64().unwrap() - ban["time_ms"].as_i64().unwrap();
    assert!((3_590_000..=3_610_000).contains(&ends), "{ends}");
    drop(host);

    let mut again = world.client(&config);
    let same = again.wait("restricted");
    assert_eq!((&same["ends_at_ms"], &same["redelivered"]), (&ban["ends_at_ms"], &true.into()));
    again.acknowledge_all();
    again.wait("ready");
    drop(again);

    let mut last = world.client(&config);
    last.wait("ready");
    assert!(!last.story().contains("restricted"), "{}", last.story());
}

#[test]
fn a_server_that_is_not_whatsapp_gets_nothing() {
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
        let world = World::new();
        world.fault(json!({ "when": { "point": "server_hello" }, "do": { "certificate": fault } }));
        let mut host = world.client(&world.config());
        let told = host.wait_for("connection", |event| event["state"] != "connecting");
        assert_eq!((&told["state"], &told["reason"]), (&"disconnected".into(), &"broken".into()), "{fault}");
        assert_eq!(told["status"], wa::api::Status::SERVER_NOT_TRUSTED.code(), "{fault}: {told}");
    }
}
