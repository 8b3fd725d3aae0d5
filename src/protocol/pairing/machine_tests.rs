//! Whole pairings: by code, QR and passkey, with the vectors' bytes, and with what servers do beside.

use super::config::{PairingConfig, PairingKeys};
use super::harness::{PHONE, World};
use super::harness_peer::{notification, pair_success, primary_hello};
use super::output::{Change, Method, Output, PairingEvent};
use super::test_vectors::{bytes, hex_of, text, vectors};
use super::{OutcomeKind, Pairing, PairingCode, PhoneNumber};
use crate::crypto::testing::{Scripted, Seeded};
use crate::crypto::{KeyPair, Secret};
use crate::stanza::{Jid, Node, Stanza, build};

fn drain(pairing: &mut Pairing) -> Vec<Output> {
    std::iter::from_fn(|| pairing.poll_output()).collect()
}

/// The data of a leaf somewhere below.
fn leaf(node: &Node, path: &[&str]) -> Vec<u8> {
    let mut node = node;
    for tag in path {
        node = node.find(tag).unwrap_or_else(|| panic!("no {tag} in {node:?}"));
    }
    node.data().unwrap().to_vec()
}

#[test]
fn vectors_phone_code_session_end_to_end() {
    let session = &vectors()["phone_code_session"];
    let keys = &session["keys"];
    let pair = |name: &str| KeyPair::from_secret(bytes(keys, &format!("{name}_priv")));
    let (identity, ephemeral) = (pair("companion_identity"), pair("companion_ephemeral"));
    let primary = pair("primary_identity");
    let hello = &session["companion_hello_wrapped_ephemeral"];
    let answer = &session["primary_hello_wrapped_ephemeral"];
    let finish = &session["companion_finish_key_bundle"];
    let adv = Secret::new(bytes(&session["adv_secret"], "adv_secret"));
    let success = &vectors()["pair_success"]["e2ee"];
    let mut rng = Scripted::new(&[
        &bytes::<5>(&session["code"], "bytes"),
        ephemeral.secret().as_bytes(),
        &bytes::<32>(hello, "salt"),
        &bytes::<16>(hello, "iv"),
        &bytes::<32>(finish, "adv_random"),
        &bytes::<32>(finish, "hkdf_salt"),
        &bytes::<12>(finish, "nonce"),
        &bytes::<64>(success, "device_signature_Z"),
    ]);

    let noise = pair("companion_noise").public();
    assert_eq!(noise.0, bytes(keys, "companion_noise_pub"));
    let device = PairingKeys { noise, identity: identity.clone(), adv_secret: Secret::new([1; 32]) };
    let config = PairingConfig { os_hint: "Windows".to_owned(), ..PairingConfig::default() };
    let mut pairing = Pairing::new(config, device, false);
    pairing.connected(0);
    let refs = Node::new("pair-device").child(Node::new("ref").text("2@x"));
    let offer = Node::new("iq").attr("from", Jid::server()).attr("type", "set").attr("id", "1").child(refs);
    assert!(pairing.handle_stanza(0, &Stanza::from_node(&offer).unwrap().root(), &mut rng));
    pairing.request_code(0, 7, PhoneNumber::parse(PHONE).unwrap(), None);
    assert!(matches!(drain(&mut pairing).as_slice(), [Output::Send(_), Output::Permit { request: 7, .. }]));
    pairing.permitted(0, 7, Ok(()), &mut rng);

    let Some(Output::Derive(job)) = pairing.poll_output() else { panic!("no derivation") };
    let derived = job.run();
    assert_eq!(*derived.key.as_bytes(), bytes::<32>(hello, "pbkdf2_key"));
    pairing.derived(10, &derived, &mut rng);
    let Some(Output::Query { tag, node, .. }) = pairing.poll_output() else { panic!("no companion_hello") };
    let reg = node.find("link_code_companion_reg").unwrap();
    assert_eq!(leaf(reg, &["link_code_pairing_wrapped_companion_ephemeral_pub"]), hex_of(hello, "wrapped"));
    assert_eq!(leaf(reg, &["companion_server_auth_key_pub"]), noise.0);
    assert_eq!(leaf(reg, &["companion_platform_id"]), b"1");
    assert_eq!(leaf(reg, &["companion_platform_display"]), b"Chrome (Windows)");
    assert_eq!(leaf(reg, &["link_code_pairing_nonce"]), [0]);
    assert!(matches!(pairing.poll_output(), Some(Output::Event(PairingEvent::Requested { request: 7 }))));

    // The reference comes back in its exact bytes, which need not be text.
    let reference = [0xff, 0x00, 0x40];
    let result = build::result(Jid::server(), "2").child(
        Node::new("link_code_companion_reg")
            .attr("stage", "companion_hello")
            .child(Node::new("link_code_pairing_ref").bytes(reference)),
    );
    pairing.handle_reply(2_000, tag, Ok(Stanza::from_node(&result).unwrap().root()), &mut rng);
    let Some(Output::Event(PairingEvent::Code { code, expires_in, custom: false, generation: 1, .. })) =
        pairing.poll_output()
    else {
        panic!("no code")
    };
    assert_eq!(code.reveal(), text(&session["code"], "code_text"));
    assert_eq!(code.display(), text(&session["code"], "display_text"));
    assert_eq!(expires_in, 178_000, "what is left of 180 s from the generation");

    let typed = primary_hello(&reference, &bytes(answer, "wrapped"), &primary.public());
    assert!(pairing.handle_stanza(3_000, &Stanza::from_node(&typed).unwrap().root(), &mut rng));
    let Some(Output::Send(ack)) = pairing.poll_output() else { panic!("the acknowledgement comes first") };
    assert_eq!(ack.tag(), "ack");
    assert!(matches!(
        pairing.poll_output(),
        Some(Output::Event(PairingEvent::PhoneAnswered { attempt: 1, .. }))
    ));
    let Some(Output::Derive(job)) = pairing.poll_output() else { panic!("no derivation") };
    pairing.derived(3_010, &job.run(), &mut rng);
    let Some(Output::Save { token, change: Change::AdvSecret(secret) }) = pairing.poll_output() else {
        panic!("the secret is stored before the answer goes out")
    };
    assert_eq!(secret, adv);
    assert!(pairing.poll_output().is_none());
    pairing.saved(3_020, token);
    let Some(Output::Query { tag, node, .. }) = pairing.poll_output() else { panic!("no companion_finish") };
    let reg = node.find("link_code_companion_reg").unwrap();
    assert_eq!(leaf(reg, &["link_code_pairing_wrapped_key_bundle"]), hex_of(finish, "wrapped"));
    assert_eq!(leaf(reg, &["companion_identity_public"]), identity.public().0);
    assert_eq!(leaf(reg, &["link_code_pairing_ref"]), reference);
    let result = build::result(Jid::server(), "3");
    pairing.handle_reply(3_030, tag, Ok(Stanza::from_node(&result).unwrap().root()), &mut rng);
    assert!(matches!(pairing.poll_output(), Some(Output::Event(PairingEvent::FinishAccepted { .. }))));

    let node = pair_success(hex_of(success, "device_identity_container"));
    assert!(pairing.handle_stanza(4_000, &Stanza::from_node(&node).unwrap().root(), &mut rng));
    let Some(Output::Save { token, change: Change::Account(account) }) = pairing.poll_output() else {
        panic!("the account is stored before the answer goes out")
    };
    assert!(pairing.poll_output().is_none());
    assert_eq!(account.identity, hex_of(success, "stored_account"));
    assert_eq!(account.key_index, 7);
    assert_eq!(account.adv_secret, adv);
    assert_eq!(account.jid, Jid::user(PHONE).with_device(3));
    assert_eq!(account.lid, Some(Jid::lid("987654321").with_device(3)));
    assert_eq!(account.business_name.as_deref(), Some("Acme"));
    assert_eq!(account.platform.as_deref(), Some("android"));
    assert_eq!(account.lid_migrated, Some(true));
    assert_eq!(account.server_time, Some(1_790_000_001));
    pairing.saved(4_010, token);
    let outputs = drain(&mut pairing);
    let [
        Output::Send(reply),
        Output::Event(PairingEvent::Linked { request: 7, method: Method::Code, .. }),
        Output::Linked(_),
    ] = outputs.as_slice()
    else {
        panic!("{outputs:?}")
    };
    let signed = reply.find("pair-device-sign").unwrap().find("device-identity").unwrap();
    assert_eq!(signed.get("key-index").unwrap().as_text(), Some("7"));
    assert_eq!(signed.data().unwrap(), hex_of(success, "reply_device_identity"));
    assert!(rng.is_spent(), "every random byte of the vectors was drawn");
}

#[test]
fn a_code_links() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_code(None);
    world.settle();
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(request));
    assert!(world.pairing.is_finished() && !world.pairing.wants_connection());
    assert_eq!(world.pairing.next_deadline(), None);
    assert!(matches!(world.final_event(request), Some(PairingEvent::Linked { method: Method::Code, .. })));
}

#[test]
fn a_request_waits_for_the_connection_and_the_offer() {
    let mut world = World::new(PairingConfig::default());
    let request = world.request_code(Some("abcd-1234"));
    world.pass(0);
    assert_eq!(world.code().as_deref(), Some("ABCD-1234"));
    world.type_code("ABCD1234");
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn a_scan_links() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
    assert!(matches!(world.final_event(request), Some(PairingEvent::Linked { method: Method::Qr, .. })));
}

#[test]
fn both_at_once_are_both_answered() {
    let mut world = World::ready(PairingConfig::default());
    let (code, qr) = (world.request_code(None), world.request_qr());
    world.settle();
    world.scan();
    world.settle();
    assert!(world.is_linked(code) && world.is_linked(qr));
}

#[test]
fn a_qr_follows_the_secret_that_a_code_has_stored() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.never_uploads = true;
    let (code, qr) = (world.request_code(None), world.request_qr());
    world.settle();
    let before = world.qr_on_screen().unwrap();
    world.type_code(&world.code().unwrap());
    world.settle();
    assert_ne!(world.qr_on_screen().unwrap(), before, "rendered again from the code's secret");
    world.peer.never_uploads = false;
    world.scan();
    world.settle();
    assert!(world.is_linked(code) && world.is_linked(qr));
}

#[test]
fn a_wrong_code_then_the_right_one() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_code(None);
    world.settle();
    for wrong in 1..=2 {
        world.type_code("ABCD-1234");
        world.settle();
        assert_eq!(world.peer.wrong_codes, wrong);
        assert_eq!(world.final_event(request), None);
        world.pass(50_000); // the minute starts anew with each answer
    }
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn a_fourth_answer_is_ignored() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_code(None);
    world.settle();
    for _ in 0..3 {
        world.type_code("ABCD-1234");
        world.settle();
    }
    world.type_code(&world.code().unwrap());
    world.settle();
    assert_eq!(world.final_event(request), None);
    world.pass(60_000);
    assert_eq!(world.failure(request), Some(OutcomeKind::PhoneDidNotFinish));
    world.must_link_again();
}

#[test]
fn two_answers_at_once_are_worked_on_one_after_the_other() {
    // The phone acts on the first finish, or only on the second. The harness checks that the stored secret is that of each
    // finish at the moment it is sent.
    for ignored in [0, 1] {
        let mut world = World::ready(PairingConfig::default());
        let request = world.request_code(None);
        world.settle();
        world.peer.ignored_finishes = ignored;
        let code = world.code().unwrap();
        world.type_code(&code);
        world.type_code(&code);
        world.settle();
        assert!(world.is_linked(request), "{ignored}");
        assert_eq!(world.peer.finishes, ignored + 1);
    }
}

#[test]
fn an_answer_counts_until_180_seconds() {
    for (age, links) in [(179_000, true), (181_000, false)] {
        let mut world = World::ready(PairingConfig::default());
        let request = world.request_code(None);
        world.settle();
        // An earlier wrong answer keeps the code alive beyond its time, so that only its age decides.
        world.pass(150_000);
        world.type_code("ABCD-1234");
        world.settle();
        world.pass(age - 150_000);
        world.type_code(&world.code().unwrap());
        world.settle();
        assert_eq!(world.is_linked(request), links, "{age}");
        if !links {
            world.pass(60_000);
            assert_eq!(world.failure(request), Some(OutcomeKind::PhoneDidNotFinish));
        }
    }
}

#[test]
fn a_restart_is_not_waited_for_long() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.without_515 = true;
    let request = world.request_qr();
    world.scan();
    world.settle();
    assert!(!world.is_linked(request));
    world.pass(10_000);
    assert!(world.is_linked(request));

    // And a server that only closes is as good.
    let mut world = World::ready(PairingConfig::default());
    world.peer.without_515 = true;
    let request = world.request_qr();
    world.scan();
    world.settle();
    world.lose_connection();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn success_before_pairing_means_nothing() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    let success = Node::new("success").attr("t", "1790000000");
    let stanza = Stanza::from_node(&success).unwrap();
    assert!(world.pairing.handle_stanza(world.now, &stanza.root(), &mut Seeded(1)));
    world.settle();
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn a_replayed_confirmation_is_ignored() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.without_515 = true;
    let request = world.request_qr();
    world.scan();
    let again = world.peer.last_success.clone().unwrap();
    world.deliver(again.clone());
    world.settle();
    world.deliver(again);
    world.settle();
    let replies = world.sent.iter().filter(|node| node.find("pair-device-sign").is_some()).count();
    assert_eq!(replies, 1);
    world.pass(10_000);
    assert!(world.is_linked(request));
}

#[test]
fn pairing_stanzas_from_others_are_not_taken() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    world.settle();
    let before = world.sent.len();
    let mallory = Jid::user("15550009999");
    let stanzas = [
        notification("companion_reg_refresh").child(Node::new("companion_reg_refresh")),
        notification("passkey_prologue_request"),
        world.peer.pair_device(6),
        pair_success(vec![1]),
    ];
    for node in stanzas {
        let stanza = Stanza::from_node(&node.attr("from", mallory.clone())).unwrap();
        assert!(!world.pairing.handle_stanza(world.now, &stanza.root(), &mut Seeded(1)));
    }
    world.settle();
    assert_eq!(world.sent.len(), before);
    assert_eq!(world.final_event(request), None);
}

#[test]
fn nothing_secret_is_printed() {
    let mut world = World::ready(PairingConfig::default());
    let (_, _) = (world.request_code(None), world.request_qr());
    world.settle();
    world.type_code(&world.code().unwrap());
    world.settle();
    let code = PairingCode::parse(&world.code().unwrap()).unwrap();
    let printed = format!("{:?} {:?} {:?}", world.events, world.pairing, world.stored_account);
    let secret = hex::encode(world.stored_adv.as_bytes());
    let base64 = world.qr_on_screen().unwrap();
    for hidden in [code.reveal(), code.display(), secret, base64, PHONE.to_owned()] {
        assert!(!printed.contains(&hidden), "{hidden} in {printed}");
    }
    assert!(printed.contains("PairingCode(redacted)"));
}

#[test]
fn a_waiting_pairing_is_small() {
    // Thousands of sessions wait in one process.
    let size = std::mem::size_of::<Pairing>();
    assert!(size <= 1_280, "{size}");
}
