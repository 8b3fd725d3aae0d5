//! Linking a device: by code, by QR, and what stays of it.

use serde_json::json;
use wa::api::Status;

use super::world::{NUMBER, World};

#[test]
fn by_code_and_again_without_one() {
    let world = World::new();
    let config = world.config();
    let mut host = world.client(&config);
    let request = host.client.request_pairing(&format!("+{NUMBER}"), None).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!(code["request"], request);
    let outcome = world.enter(&code["display"].as_str().unwrap().to_lowercase());
    assert_eq!(outcome["outcome"], "linked");

    let mut stages = Vec::new();
    let ready = loop {
        let event = host.next().expect("the client goes on");
        match event["type"].as_str().unwrap() {
            "pairing.progress" => stages.push(event["stage"].as_str().unwrap().to_owned()),
            "pairing.success" => assert_eq!(event["jid"], outcome["device"]),
            "result" => assert_eq!((&event["request"], &event["status"]), (&request.into(), &0.into())),
            "ready" => break event,
            _ => {}
        }
    };
    assert_eq!(stages, ["phone_answered", "finish_accepted", "linked", "first_login", "ready"]);
    assert_eq!((&ready["phone"], &ready["first_login"]), (&NUMBER.into(), &true.into()));
    drop(host);

    let mut again = world.client(&config);
    assert!(again.client.is_linked());
    let ready = again.wait("ready");
    assert_eq!((&ready["jid"], &ready["first_login"]), (&outcome["device"], &false.into()));
}

#[test]
fn by_qr() {
    let world = World::new();
    let mut host = world.client(&world.config());
    let request = host.client.request_qr().unwrap();
    let qr = host.wait("pairing.qr");
    assert_eq!((&qr["request"], &qr["index"], &qr["of"]), (&request.into(), &1.into(), &6.into()));
    let outcome = world.scan(qr["payload"].as_str().unwrap());
    assert_eq!(outcome["outcome"], "linked", "{outcome}");
    assert_eq!(host.answer(request)["status"], 0);
    assert_eq!(host.wait("ready")["jid"], outcome["device"]);
}

#[test]
fn a_code_of_the_hosts_choice() {
    let world = World::new();
    let mut host = world.client(&world.config());
    host.client.request_pairing(NUMBER, Some("abcd-1234")).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!((&code["code"], &code["custom"]), (&"ABCD1234".into(), &true.into()));
    assert_eq!(world.enter("ABCD1234")["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn a_wrong_code_and_then_the_right_one() {
    let world = World::new();
    let mut host = world.client(&world.config());
    host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!(world.enter("11111111")["outcome"], "wrong_code");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn bad_input_is_refused_before_anything_is_sent() {
    let world = World::new();
    let host = world.client(&world.config());
    let mut texts = Vec::new();
    for number in [
        "",
        "+",
        "++15550001234",
        "0155500012",
        "+1 555 000 1234",
        "1555x001234",
        "123456",
        "1234567890123456",
    ] {
        let error = host.client.request_pairing(number, None).unwrap_err();
        assert_eq!(
            (error.status, error.key.as_deref()),
            (Status::INVALID_PHONE_NUMBER, Some("phone")),
            "{number}"
        );
        texts.push(error.text);
    }
    texts.dedup();
    assert!(texts.len() >= 6, "each mistake has its own text: {texts:#?}");
    let error = host.client.request_pairing(NUMBER, Some("ABCD0123")).unwrap_err();
    assert_eq!((error.status, error.key.as_deref()), (Status::INVALID_PAIRING_CODE, Some("code")));
    world.wait_phone("nobody asks for a code", NUMBER, |phone| phone["request"].is_null());
}

#[test]
fn one_code_at_a_time() {
    let world = World::new();
    let mut host = world.client(&world.config());
    let first = host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    let second = host.client.request_pairing(NUMBER, None).unwrap();
    let refused = host.answer(second);
    assert_eq!(refused["name"], "WA_ERROR_PAIRING_OUTSTANDING");
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 100_000, "it says how long the first one lives");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    assert_eq!(host.answer(first)["status"], 0);
}

#[test]
fn a_cancelled_code_is_dead_and_makes_room() {
    let world = World::new();
    let mut host = world.client(&world.config());
    let first = host.client.request_pairing(NUMBER, None).unwrap();
    let dead = host.wait("pairing.code");
    host.client.cancel(first).unwrap();
    assert_eq!(host.answer(first)["name"], "WA_ERROR_CANCELLED");
    host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    assert_eq!(world.enter(dead["code"].as_str().unwrap())["outcome"], "wrong_code");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn codes_are_rationed_also_after_a_restart() {
    let world = World::new();
    let config = world.config();
    for _ in 0..2 {
        let mut host = world.client(&config);
        host.client.request_pairing(NUMBER, None).unwrap();
        host.wait("pairing.code");
    }
    let mut host = world.client(&config);
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    let error = host.wait("pairing.error");
    assert_eq!((&error["outcome"], &error["request"]), (&"throttled".into(), &request.into()));
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!((1..=60_000).contains(&wait), "{wait}");
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_ERROR_PAIRING_LIMIT");
    // It is the library's own limit, so that it says how long that lasts.
    let text = answer["text"].as_str().unwrap();
    let (_, wait) = text.split_once("Ask for another one in ").unwrap();
    assert!(wait.ends_with("seconds.") || wait == "1 second.", "{text}");
    assert_eq!(error["user_text"], text);
}

#[test]
fn a_code_expires_and_another_one_follows_if_that_is_wanted() {
    let world = World::new();
    let config = world.config_with(&[("pairing.code_ttl_ms", "5000"), ("pairing.auto_refresh", "true")]);
    let mut host = world.client(&config);
    let request = host.client.request_pairing(NUMBER, None).unwrap();
    assert_eq!(host.wait("pairing.code")["generation"], 1);
    let expired = host.wait("pairing.expired");
    assert_eq!((&expired["outcome"], &expired["refreshing"]), (&"code_expired".into(), &true.into()));
    let code = host.wait("pairing.code");
    assert_eq!((&code["request"], &code["generation"]), (&request.into(), &2.into()));
    // The limiter ends what automatic refresh would go on with.
    assert_eq!(host.answer(request)["name"], "WA_ERROR_PAIRING_LIMIT");
}

#[test]
fn the_end_of_the_qrs_does_not_end_a_code() {
    let world = World::new();
    let config = world.config_with(&[("pairing.qr_first_ms", "2000"), ("pairing.qr_next_ms", "1000")]);
    let mut host = world.client(&config);
    host.client.request_pairing(NUMBER, None).unwrap();
    let code = host.wait("pairing.code");
    let qrs = host.client.request_qr().unwrap();
    assert_eq!(host.answer(qrs)["name"], "WA_ERROR_PAIRING_EXPIRED");
    assert_eq!(world.enter(code["code"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn a_qr_that_the_phone_wants_anew() {
    let world = World::new();
    world.sim.set(NUMBER, &json!({ "refresh_on_scan": 1 })).unwrap();
    let mut host = world.client(&world.config());
    host.client.request_qr().unwrap();
    let stale = host.wait("pairing.qr");
    assert_eq!(world.scan(stale["payload"].as_str().unwrap())["outcome"], "refresh_requested");
    let fresh = host.wait_for("pairing.qr", |qr| qr["updated"] == true);
    assert_eq!(fresh["index"], stale["index"], "the same reference with another secret");
    assert_eq!(world.scan(fresh["payload"].as_str().unwrap())["outcome"], "linked");
    host.wait("ready");
}

#[test]
fn what_the_phone_shows_is_the_hosts_product() {
    let world = World::new();
    let config = world.config_with(&[("device.name", "Acme RecordCache"), ("device.platform", "firefox")]);
    world.linked(&config);
    world.wait_phone("the name", NUMBER, |phone| {
        phone["companions"][0].to_string().contains("Acme RecordCache")
    });
}
