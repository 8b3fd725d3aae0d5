//! A companion is linked by code and by QR, logs in, and is unlinked; and what production refuses is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Companion, NUMBER, PATIENCE, phone, simulator, with};
use serde_json::{Value, json};
use wa::{
    noise::client_payload::AppVersion,
    pairing::{PairingCode, qr::QrForm},
    proto::{
        Message as _,
        companion::{DeviceProps, device_props::PlatformType},
        payload::{
            ClientPayload, DevicePairingRegistrationData, UserAgent,
            user_agent::{Platform, ReleaseChannel},
        },
    },
    stanza::{Jid, Node, build},
};
use wa_sim::Handle;

fn code(text: &str) -> PairingCode {
    PairingCode::parse(text).unwrap()
}

/// Waits until the phone lists so many companions; gives them.
async fn linked(sim: &Handle, count: usize) -> Value {
    let is = |phone: &Value| phone["companions"].as_array().map(Vec::len) == Some(count);
    phone(sim, NUMBER, is).await["companions"].take()
}

#[tokio::test]
async fn linked_by_code_logged_in_and_unlinked_by_the_phone() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    assert_eq!(refs.len(), 6);
    let code = code("ABCD-1234");
    let (ephemeral, answer) = companion.hello(&mut wire, &code).await;
    let stage = answer.root().child("link_code_companion_reg").unwrap();
    assert!(stage.is("stage", "companion_hello") && stage.child("link_code_pairing_ref").is_some());
    phone(&sim, NUMBER, |phone| phone["request"]["display"] == "Chrome (Linux)").await;

    // Small letters and the dash, as a person types it.
    let (outcome, ()) = tokio::join!(sim.enter(NUMBER, "abcd-1234"), async {
        let hello = wire.notification("link_code_companion_reg").await;
        let result = companion.finish(&mut wire, &code, &ephemeral, &hello).await;
        assert!(result.root().is("type", "result"));
        companion.complete(wire).await;
    });
    assert_eq!(outcome["outcome"], "linked");
    assert_eq!(outcome["device"], format!("{NUMBER}:1@s.whatsapp.net"));

    let (mut wire, success) = companion.log_in(&sim).await;
    assert_eq!(success.root().tag(), "success");
    assert!(success.root().jid("lid").unwrap().is_lid());
    assert!(wire.expect("ib").await.root().child("edge_routing").is_some());
    assert!(wire.expect("ib").await.root().child("offline").unwrap().is("count", "0"));
    let pong = wire.query(build::get("w:p")).await;
    assert!(pong.root().u64("t").is_some());

    sim.unlink_all(NUMBER);
    let end = wire.expect("stream:error").await;
    assert!(end.root().is("code", "401"));
    assert!(end.root().child("conflict").unwrap().is("type", "device_removed"));
    wire.closed().await;
    let (_, refused) = companion.log_in(&sim).await;
    assert!(refused.root().tag() == "failure" && refused.root().is("reason", "401"));
}

#[tokio::test]
async fn linked_by_qr_in_both_forms() {
    let sim = simulator().await;
    for (form, device) in [(QrForm::Url, 1), (QrForm::Plain, 2)] {
        let mut companion = Companion::new();
        let (wire, refs) = companion.register(&sim).await;
        let qr = companion.qr(&refs[3], form);
        let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), companion.complete(wire));
        assert_eq!(outcome["device"], format!("{NUMBER}:{device}@s.whatsapp.net"), "{outcome}");
    }
    let companions = linked(&sim, 2).await;
    assert_eq!(companions[0]["key_index"], 1);
    assert_eq!(companions[1]["key_index"], 2);
    assert_eq!(companions[1]["platform"], "CHROME");
}

#[tokio::test]
async fn a_wrong_code_can_be_corrected_and_an_old_one_is_useless() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    let (mut wire, _) = companion.register(&sim).await;
    let (old, new) = (code("AAAA-AAAA"), code("BBBB-BBBB"));
    companion.hello(&mut wire, &old).await;
    let (ephemeral, _) = companion.hello(&mut wire, &new).await;
    for wrong in ["AAAA-AAAA", "CCCC-CCCC"] {
        let (outcome, ()) = tokio::join!(sim.enter(NUMBER, wrong), async {
            let hello = wire.notification("link_code_companion_reg").await;
            companion.finish(&mut wire, &new, &ephemeral, &hello).await;
        });
        assert_eq!(outcome["outcome"], "wrong_code");
    }
    assert_eq!(sim.enter(NUMBER, "ABCD").await["outcome"], "invalid_code");
    let (outcome, ()) = tokio::join!(sim.enter(NUMBER, "BBBB-BBBB"), async {
        let hello = wire.notification("link_code_companion_reg").await;
        companion.finish(&mut wire, &new, &ephemeral, &hello).await;
        companion.complete(wire).await;
    });
    assert_eq!(outcome["outcome"], "linked");
    assert_eq!(sim.enter(NUMBER, "BBBB-BBBB").await["outcome"], "no_request");
}

#[tokio::test]
async fn requests_for_codes_are_refused_as_in_production() {
    let sim = simulator().await;
    let companion = Companion::new();
    let (mut wire, _) = companion.register(&sim).await;
    let mut ask = async |node: Node| {
        let answer = wire.query(node).await;
        let error = answer.root().child("error").map(|error| error.str("code").unwrap().into_owned());
        error.unwrap_or_else(|| "accepted".to_owned())
    };
    let good = companion.hello_node(&[1; 80], "Chrome (Linux)");
    assert_eq!(ask(companion.hello_node(&[1; 80], "Acme (Linux)")).await, "400");
    assert_eq!(ask(companion.hello_node(&[1; 79], "Chrome (Linux)")).await, "400");
    assert_eq!(ask(good.clone()).await, "accepted");
    sim.set(NUMBER, &json!({ "refuse_code": { "code": 452 } })).unwrap();
    assert_eq!(ask(good.clone()).await, "452");
    sim.set(NUMBER, &json!({ "refuse_code": null, "code_limit": 2 })).unwrap();
    assert_eq!(ask(good).await, "429");
}

#[tokio::test]
async fn the_phone_refuses_old_strange_and_stale_qrs() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    let qr = companion.qr(&refs[0], QrForm::Plain);
    let four_fields = qr.strip_suffix(",1").unwrap();
    assert_eq!(sim.scan(NUMBER, "https://example.org/").await["outcome"], "unreadable_qr");
    assert_eq!(sim.scan(NUMBER, four_fields).await["outcome"], "outdated_qr");
    assert_eq!(sim.scan(NUMBER, &qr.replacen(&refs[0], "2@other", 1)).await["outcome"], "expired");

    sim.set(NUMBER, &json!({ "refresh_on_scan": 1 })).unwrap();
    assert_eq!(sim.scan(NUMBER, &qr).await["outcome"], "refresh_requested");
    let refresh = wire.notification("companion_reg_refresh").await;
    assert!(refresh.root().child("companion_reg_refresh").is_some());
    assert_eq!(sim.scan(NUMBER, &qr).await["outcome"], "stale_qr");
    companion.adv_secret = Companion::new().adv_secret;
    let qr = companion.qr(&refs[0], QrForm::Plain);
    let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), companion.complete(wire));
    assert_eq!(outcome["outcome"], "linked");
}

#[tokio::test]
async fn a_phone_that_keeps_the_old_secret_is_refused_by_the_companion() {
    let sim = simulator().await;
    sim.set(NUMBER, &json!({ "refresh_on_scan": 1, "keep_old_secret": true })).unwrap();
    let mut companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    assert_eq!(sim.scan(NUMBER, &companion.qr(&refs[0], QrForm::Url)).await["outcome"], "refresh_requested");
    companion.adv_secret = Companion::new().adv_secret;
    let qr = companion.qr(&refs[0], QrForm::Url);
    let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
        let success = wire.expect("iq").await;
        let (code, text) = companion.accept(&success).unwrap_err().reply();
        let id = success.root().str("id").unwrap().into_owned();
        let refusal = build::error(Jid::server(), id, u16::try_from(code).unwrap(), text);
        wire.send(&refusal).await;
    });
    assert_eq!((&outcome["outcome"], &outcome["code"]), (&json!("companion_refused"), &json!("401")));
    linked(&sim, 0).await;
}

#[tokio::test]
async fn key_indexes_and_room_for_companions() {
    let sim = simulator().await;
    sim.set(NUMBER, &json!({ "max_devices": 1 })).unwrap();
    Companion::new().link(&sim).await;
    let second = Companion::new();
    let (_wire, refs) = second.register(&sim).await;
    assert_eq!(sim.scan(NUMBER, &second.qr(&refs[0], QrForm::Url)).await["outcome"], "too_many_devices");
    sim.unlink_all(NUMBER);
    let mut third = Companion::new();
    third.link(&sim).await;
    let companions = linked(&sim, 1).await;
    assert_eq!((&companions[0]["device"], &companions[0]["key_index"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_forged_reply_to_pair_success_links_nothing() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    let qr = companion.qr(&refs[0], QrForm::Url);
    let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
        let success = wire.expect("iq").await;
        let reply = companion.accept(&success).unwrap();
        let identity = reply.find("pair-device-sign").unwrap().find("device-identity").unwrap();
        let mut bytes = identity.data().unwrap().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let forged = build::reply(&success.root())
            .unwrap()
            .child(Node::new("pair-device-sign").child(identity.clone().bytes(bytes)));
        wire.send(&forged).await;
        wire.closed().await;
    });
    assert_eq!(outcome["outcome"], "companion_refused");
    let (_, refused) = companion.log_in(&sim).await;
    assert!(refused.root().is("reason", "401"));
}

#[tokio::test]
async fn logins_are_checked() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.link(&sim).await;
    let mut stranger = Companion::new();
    stranger.jid.clone_from(&companion.jid);
    let (_, refused) = stranger.log_in(&sim).await;
    assert!(refused.root().is("reason", "401"), "another noise key");
    let (mut first, success) = companion.log_in(&sim).await;
    assert_eq!(success.root().tag(), "success");
    let (_second, success) = companion.log_in(&sim).await;
    assert_eq!(success.root().tag(), "success");
    let end = first.expect("stream:error").await;
    assert!(end.root().child("conflict").unwrap().is("type", "replaced"));
    let old = Companion::new().with_version("2.3000.1000000000");
    let mut wire = old.connect(&sim, &old.registration()).await.unwrap();
    assert!(wire.next().await.unwrap().root().is("reason", "405"));
    wire.closed().await;
}

#[tokio::test]
async fn bad_registrations_are_refused() {
    let sim = simulator().await;
    let mut companion = Companion::new();
    companion.keys.signature[0] ^= 1;
    let mut wire = companion.connect(&sim, &companion.registration()).await.unwrap();
    assert!(wire.next().await.unwrap().root().is("reason", "400"));
    let mut wire = companion.connect(&sim, b"\xff").await.unwrap();
    assert!(wire.next().await.unwrap().root().is("reason", "400"));
}

/// The reason with which a payload is refused; `None` if it is let in.
async fn refused(sim: &Handle, companion: &Companion, payload: &ClientPayload) -> Option<u64> {
    let mut wire = companion.connect(sim, &payload.encode_to_vec()).await.unwrap();
    let answer = wire.next().await.unwrap();
    answer.root().u64("reason").filter(|_| answer.root().tag() == "failure")
}

#[tokio::test]
async fn what_a_client_says_of_itself_fits_together() {
    type Change = fn(&mut ClientPayload);
    fn agent(payload: &mut ClientPayload) -> &mut UserAgent {
        payload.user_agent.as_mut().unwrap()
    }
    fn data(payload: &mut ClientPayload) -> &mut DevicePairingRegistrationData {
        payload.device_pairing_data.as_mut().unwrap()
    }
    fn props(payload: &mut ClientPayload, change: impl FnOnce(&mut DeviceProps)) {
        let data = data(payload);
        let mut props = DeviceProps::decode(data.device_props.as_deref().unwrap()).unwrap();
        change(&mut props);
        data.device_props = Some(props.encode_to_vec());
    }
    let both: [(u64, Change); 9] = [
        (409, |payload| agent(payload).set_platform(Platform::Android)),
        (409, |payload| agent(payload).phone_id = Some("id".to_owned())),
        (409, |payload| agent(payload).set_release_channel(ReleaseChannel::Beta)),
        (409, |payload| agent(payload).mnc = Some("001".to_owned())),
        (409, |payload| agent(payload).device = None),
        (409, |payload| agent(payload).locale_country_iso_3166_1_alpha_2 = Some("us".to_owned())),
        (409, |payload| payload.web_info = None),
        (400, |payload| payload.push_name = Some("Ada".to_owned())),
        (400, |payload| payload.connect_type = None),
    ];
    let registering: [(u64, Change); 10] = [
        (400, |payload| payload.passive = None),
        (400, |payload| payload.pull = Some(true)),
        (400, |payload| payload.lc = Some(0)),
        (400, |payload| data(payload).build_hash = Some(vec![0; 16])),
        (400, |payload| props(payload, |props| props.os = None)),
        (400, |payload| props(payload, |props| props.platform_type = Some(99))),
        (400, |payload| props(payload, |props| props.require_full_sync = None)),
        (400, |payload| props(payload, |props| props.history_sync_config = None)),
        (400, |payload| {
            props(payload, |props| props.history_sync_config.as_mut().unwrap().on_demand_ready = Some(true))
        }),
        (400, |payload| props(payload, |props| props.set_platform_type(PlatformType::Uwp))),
    ];
    let logging_in: [(u64, Change); 4] = [
        (400, |payload| payload.pull = None),
        (400, |payload| payload.passive = None),
        (400, |payload| payload.lc = Some(2)),
        (400, |payload| payload.lc = Some(-1)),
    ];
    let (strict, lenient) = (simulator().await, with(|options| options.lenient = true).await);
    let register = || ClientPayload::decode(Companion::new().registration().as_slice()).unwrap();
    for (number, (reason, change)) in both.iter().chain(&registering).enumerate() {
        // The keys in the payload are nobody's, and need not be anybody's.
        let mut payload = register();
        change(&mut payload);
        assert_eq!(refused(&strict, &Companion::new(), &payload).await, Some(*reason), "{number}");
        assert_eq!(refused(&lenient, &Companion::new(), &payload).await, None, "{number}");
    }
    for sim in [&strict, &lenient] {
        let mut companion = Companion::new();
        companion.link(sim).await;
        let login = ClientPayload::decode(companion.login().as_slice()).unwrap();
        for (number, (reason, change)) in both.iter().chain(&logging_in).enumerate() {
            let mut payload = login.clone();
            change(&mut payload);
            let expected = Some(*reason).filter(|_| std::ptr::eq(sim, &strict));
            assert_eq!(refused(sim, &companion, &payload).await, expected, "{number}");
        }
        assert_eq!(refused(sim, &companion, &login).await, None);
    }
}

#[tokio::test]
async fn versions_are_let_in_as_long_as_they_live() {
    let sim = simulator().await;
    let newest: AppVersion =
        sim.wait(PATIENCE, |state| state.versions()["newest"].as_str()?.parse().ok()).await.unwrap();
    let lives = |version: AppVersion| {
        let sim = &sim;
        async move {
            let companion = Companion::new().with_version(&version.to_string());
            let mut wire = companion.connect(sim, &companion.registration()).await.unwrap();
            let answer = wire.next().await.unwrap();
            !answer.root().is("reason", "405")
        }
    };
    assert!(lives(newest).await && lives(AppVersion::BUILT_IN).await);
    assert!(!lives(AppVersion([2, 3000, 1_035_194_821])).await, "the version of a spring long ago");
    let oldest = AppVersion([2, 3000, newest.0[2] + 1]);
    sim.set_versions(&json!({ "oldest": oldest.to_string() })).unwrap();
    assert!(lives(oldest).await && !lives(newest).await);
}

#[tokio::test]
async fn a_companion_logs_itself_out_and_nobody_else() {
    let sim = simulator().await;
    let (mut one, mut two) = (Companion::new(), Companion::new());
    one.link(&sim).await;
    two.link(&sim).await;
    let (mut wire, _) = one.log_in(&sim).await;
    let remove = |jid: &Jid| {
        build::set("md").child(
            Node::new("remove-companion-device").attr("jid", jid.clone()).attr("reason", "user_initiated"),
        )
    };
    let refused = wire.query(remove(two.jid.as_ref().unwrap())).await;
    assert!(refused.root().child("error").unwrap().is("code", "403"));
    let done = wire.query(remove(one.jid.as_ref().unwrap())).await;
    assert!(done.root().is("type", "result"));
    wire.closed().await;
    let companions = linked(&sim, 1).await;
    assert_eq!(companions[0]["device"], 2);
}

#[tokio::test]
async fn codes_end_when_the_server_says_so() {
    let sim = with(|options| options.code_lifetime_ms = 0).await;
    let companion = Companion::new();
    let (mut wire, _) = companion.register(&sim).await;
    companion.hello(&mut wire, &code("ABCD-1234")).await;
    assert_eq!(sim.enter(NUMBER, "ABCD-1234").await["outcome"], "expired");
    wire.send(&Node::new("xmlstreamend")).await;
    drop(wire);
    phone(&sim, NUMBER, |phone| phone["request"].is_null()).await;
    assert_eq!(sim.enter(NUMBER, "ABCD-1234").await["outcome"], "no_request");
}

#[tokio::test]
async fn unpaired_connections_end_unless_a_code_is_out() {
    let sim = with(|options| options.unpaired_lifetime_ms = 1_000).await;
    let companion = Companion::new();
    let (mut busy, _) = companion.register(&sim).await;
    companion.hello(&mut busy, &code("ABCD-1234")).await;
    let (mut idle, _) = companion.register(&sim).await;
    idle.closed().await;
    assert!(busy.query(build::get("w:p")).await.root().is("type", "result"));
    assert!(sim.refresh_code(NUMBER, true));
    let retired = busy.notification("link_code_companion_reg").await;
    let child = retired.root().child("link_code_companion_reg").unwrap();
    assert!(child.is("stage", "refresh_code") && child.is("force_manual_refresh", "true"));
    busy.closed().await;
}
