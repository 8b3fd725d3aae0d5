//! Every outcome of a code and of a confirmation, and that the same value links afterwards.

use super::code_crypto::{WrapNonce, wrap};
use super::config::PairingConfig;
use super::harness::{Link, World, derive_once};
use super::harness_peer::{notification, primary_hello, refresh_code};
use super::limiter::Limits;
use super::output::PairingEvent;
use super::{Outcome, OutcomeKind, PairingCode, Stage};
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, PublicKey};
use crate::stanza::Node;

/// The outcome with which a request ended.
fn outcome(world: &World, request: u64) -> Outcome {
    match world.final_event(request) {
        Some(PairingEvent::Failed { outcome, .. }) => outcome.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusals_of_a_request_for_a_code() {
    for (code, text, backoff, kind, wait) in [
        (400, "bad-request", None, OutcomeKind::RejectedOrThrottled, 300_000),
        (403, "forbidden", None, OutcomeKind::Forbidden, 0),
        (429, "rate-overlimit", None, OutcomeKind::RateLimited, 3_600_000),
        (429, "rate-overlimit", Some(77), OutcomeKind::RateLimited, 77_000),
        (452, "feature-not-available", None, OutcomeKind::FeatureUnavailable, 0),
        (500, "internal-server-error", None, OutcomeKind::ServerError, 10_000),
        (404, "item-not-found", None, OutcomeKind::Rejected, 60_000),
        (400, "forbidden", None, OutcomeKind::Rejected, 60_000),
    ] {
        let mut world = World::ready(PairingConfig { auto_refresh: true, ..PairingConfig::default() });
        world.peer.hello_error = Some((code, text, backoff));
        let request = world.request_code(None);
        world.pass(300_000);
        let outcome = outcome(&world, request);
        assert_eq!((outcome.kind, outcome.retry_after), (kind, wait));
        assert_eq!((outcome.code, outcome.stage), (Some(u32::from(code)), Stage::Request));
        assert_eq!(world.codes(), 0, "a code that the server refused is not shown");
        assert!(world.setbacks(request).is_empty(), "and not asked for again unasked");
        world.must_link_again();
    }
}

#[test]
fn silence_and_nonsense_in_place_of_a_reference() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.hello_silent = true;
    let request = world.request_code(None);
    world.pass(29_999);
    assert_eq!(world.final_event(request), None);
    world.pass(1);
    assert_eq!(world.failure(request), Some(OutcomeKind::RequestTimeout));
    world.must_link_again();

    let mut world = World::ready(PairingConfig::default());
    world.peer.hello_without_ref = true;
    let request = world.request_code(None);
    world.settle();
    let outcome = outcome(&world, request);
    assert_eq!((outcome.kind, outcome.stage), (OutcomeKind::ProtocolError, Stage::Request));
    world.must_link_again();
}

#[test]
fn an_untyped_code_expires_after_180_seconds() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_code(None);
    world.pass(179_999);
    assert_eq!(world.final_event(request), None);
    world.pass(1);
    assert_eq!(world.failure(request), Some(OutcomeKind::CodeExpired));
    world.must_link_again();
}

#[test]
fn the_life_of_a_code_can_be_shortened_and_never_lengthened() {
    for (ttl, life) in [(20_000, 20_000), (180_000, 180_000), (u64::MAX, 180_000)] {
        let mut world = World::ready(PairingConfig { code_ttl: ttl, ..PairingConfig::default() });
        let request = world.request_code(None);
        world.settle();
        let shown = world.events.iter().find_map(|event| match event {
            PairingEvent::Code { expires_in, .. } => Some(*expires_in),
            _ => None,
        });
        assert_eq!(shown, Some(life));
        world.pass(life);
        assert_eq!(world.failure(request), Some(OutcomeKind::CodeExpired));
    }
}

#[test]
fn a_phone_that_does_not_finish() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.never_uploads = true;
    let request = world.request_code(None);
    world.settle();
    world.type_code(&world.code().unwrap());
    world.pass(59_999);
    assert_eq!(world.final_event(request), None);
    let before = world.stored_adv.clone();
    world.pass(1);
    assert_eq!(world.failure(request), Some(OutcomeKind::PhoneDidNotFinish));
    assert_ne!(world.stored_adv, before, "the useless secret is replaced");
    world.must_link_again();
}

#[test]
fn a_refused_finish() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.finish_error = Some((400, "bad-request"));
    let (request, _qr) = (world.request_code(None), world.request_qr());
    world.settle();
    world.type_code(&world.code().unwrap());
    world.settle();
    let outcome = outcome(&world, request);
    assert_eq!((outcome.kind, outcome.code), (OutcomeKind::FinishRejected, Some(400)));
    let qr = super::qr::QrLink::parse(&world.qr_on_screen().unwrap()).unwrap();
    assert_eq!(qr.adv_secret, world.stored_adv, "the QR was rendered again");
    world.must_link_again();
}

#[test]
fn a_retired_code() {
    for (manual, kind) in [(true, OutcomeKind::CodeRefreshManual), (false, OutcomeKind::CodeRefreshRequested)]
    {
        let mut world = World::ready(PairingConfig::default());
        let request = world.request_code(None);
        world.settle();
        world.deliver(refresh_code(b"2@foreign", manual));
        world.settle();
        assert_eq!(world.final_event(request), None, "another code is not ours");
        let reference = world.peer.reference();
        world.deliver(refresh_code(&reference, manual));
        world.settle();
        assert_eq!(world.failure(request), Some(kind));
        world.must_link_again();

        // After the phone's answer, the secret goes with the code.
        let mut world = World::ready(PairingConfig::default());
        world.peer.never_uploads = true;
        let request = world.request_code(None);
        world.settle();
        world.type_code(&world.code().unwrap());
        world.settle();
        let (reference, before) = (world.peer.reference(), world.stored_adv.clone());
        world.deliver(refresh_code(&reference, manual));
        world.settle();
        assert_eq!((outcome(&world, request).kind, outcome(&world, request).stage), (kind, Stage::Answer));
        assert_ne!(world.stored_adv, before);
        world.must_link_again();
    }
}

#[test]
fn automatic_codes_are_few_and_counted() {
    let config = PairingConfig { auto_refresh: true, ..PairingConfig::default() };
    let mut world = World::ready(config.clone());
    let request = world.request_code(None);
    world.pass(180_000 * 6 - 1);
    assert_eq!(world.final_event(request), None);
    assert_eq!(world.codes(), 6, "one asked for and five by themselves");
    let generations: Vec<u32> = world
        .events
        .iter()
        .filter_map(|event| match event {
            PairingEvent::Code { generation, .. } => Some(*generation),
            _ => None,
        })
        .collect();
    assert_eq!(generations, [1, 2, 3, 4, 5, 6]);
    world.pass(1);
    assert_eq!(world.failure(request), Some(OutcomeKind::CodeExpired));

    // The limiter counts them like any other.
    let mut world = World::ready(config.clone());
    world.limits = Limits::default();
    let request = world.request_code(None);
    world.pass(180_000 * 6);
    assert_eq!(world.codes(), 5);
    assert_eq!(outcome(&world, request).kind, OutcomeKind::Throttled);

    // A retired code brings one only if the server leaves it to the program; and off is off.
    for (auto_refresh, manual, codes) in [(true, false, 2), (true, true, 1), (false, false, 1)] {
        let mut world = World::ready(PairingConfig { auto_refresh, ..PairingConfig::default() });
        let request = world.request_code(None);
        world.settle();
        let reference = world.peer.reference();
        world.deliver(refresh_code(&reference, manual));
        world.settle();
        assert_eq!(world.codes(), codes);
        if codes == 2 {
            world.type_code(&world.code().unwrap());
            world.settle();
            assert!(world.is_linked(request));
        }
    }
}

#[test]
fn our_own_limit_says_how_long_to_wait() {
    let mut world = World::ready(PairingConfig::default());
    world.limits = Limits::default();
    for _ in 0..2 {
        let request = world.request_code(None);
        world.settle();
        world.cancel(request);
    }
    let codes = world.codes();
    let request = world.request_code(None);
    world.settle();
    let outcome = outcome(&world, request);
    assert_eq!((outcome.kind, outcome.retry_after), (OutcomeKind::Throttled, 60_000));
    assert_eq!(world.codes(), codes, "nothing was sent");
    world.pass(60_000);
    world.must_link_again();
}

#[test]
fn one_code_at_a_time() {
    let mut world = World::ready(PairingConfig::default());
    let first = world.request_code(None);
    world.pass(30_000);
    let second = world.request_code(None);
    let outcome = outcome(&world, second);
    assert_eq!((outcome.kind, outcome.retry_after), (OutcomeKind::CodeOutstanding, 150_000));
    assert_eq!(world.codes(), 1);
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(first));
    let third = world.request_code(None);
    let fourth = world.request_qr();
    assert_eq!(world.failure(third), Some(OutcomeKind::AlreadyLinked));
    assert_eq!(world.failure(fourth), Some(OutcomeKind::AlreadyLinked));
}

#[test]
fn a_code_dies_with_its_connection() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_code(None);
    world.settle();
    let old = world.code().unwrap();
    world.lose_connection();
    world.settle();
    let outcome = outcome(&world, request);
    assert_eq!((outcome.kind, outcome.stage), (OutcomeKind::CodeLostWithConnection, Stage::Code));
    assert!(!world.pairing.wants_connection(), "nobody wants another one");
    world.type_code(&old);
    world.settle();
    world.must_link_again();
}

#[test]
fn a_confirmation_may_follow_a_lost_connection_until_new_references_come() {
    for (offer_first, links) in [(false, true), (true, false)] {
        let mut world = World::ready(PairingConfig::default());
        let request = world.request_code(None);
        world.settle();
        world.type_code(&world.code().unwrap());
        // Up to the phone's confirmation, which the connection does not live to bring.
        while world.peer.last_success.is_none() {
            assert!(world.step());
        }
        world.lose_connection();
        assert_eq!(world.failure(request), Some(OutcomeKind::CodeLostWithConnection));
        let late = world.peer.last_success.clone().unwrap();
        if offer_first {
            world.connect();
            world.settle();
        } else {
            world.peer.refs = 0;
            world.connect();
        }
        world.deliver(late);
        world.settle();
        assert_eq!(world.stored_account.is_some(), links);
        if links {
            let told =
                world.events.iter().any(|event| matches!(event, PairingEvent::Linked { request: 0, .. }));
            assert!(told && world.link == Link::Login);
        } else {
            world.must_link_again();
        }
    }
}

#[test]
fn keys_of_low_order_end_the_code() {
    let mut world = World::ready(PairingConfig::default());
    for low_ephemeral in [true, false] {
        let request = world.request_code(None);
        world.settle();
        let code = PairingCode::parse(&world.code().unwrap()).unwrap().reveal();
        let nonce = WrapNonce::generate(&mut Seeded(9));
        let good = KeyPair::generate(&mut Seeded(10)).public();
        let low = PublicKey([0; 32]);
        let (ephemeral, identity) = if low_ephemeral { (low, good) } else { (good, low) };
        let wrapped = wrap(&derive_once(&code, &nonce.salt), &nonce, &ephemeral);
        let reference = world.peer.reference();
        world.deliver(primary_hello(&reference, &wrapped, &identity));
        world.settle();
        assert_eq!(world.failure(request), Some(OutcomeKind::ProtocolError));
    }
    world.must_link_again();
}

#[test]
fn notifications_that_do_not_fit_cost_nothing() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_code(None);
    world.settle();
    let reference = world.peer.reference();
    let key = KeyPair::generate(&mut Seeded(1)).public();
    let reg = |stage: &'static str| Node::new("link_code_companion_reg").attr("stage", stage);
    let nodes = [
        primary_hello(b"2@foreign", &[1; 80], &key),
        primary_hello(b"", &[1; 80], &key),
        notification("link_code_companion_reg"),
        notification("link_code_companion_reg").child(reg("primary_hello")),
        notification("link_code_companion_reg").child(reg("something_new")),
        notification("link_code_companion_reg").child(
            reg("primary_hello")
                .child(Node::new("link_code_pairing_ref").bytes(reference.clone()))
                .child(Node::new("link_code_pairing_wrapped_primary_ephemeral_pub").bytes([1; 79]))
                .child(Node::new("primary_identity_pub").bytes([1; 32])),
        ),
        notification("link_code_companion_reg").child(
            reg("primary_hello")
                .child(Node::new("link_code_pairing_ref").bytes(reference))
                .child(Node::new("link_code_pairing_wrapped_primary_ephemeral_pub").bytes([1; 80]))
                .child(Node::new("primary_identity_pub").bytes([1; 33])),
        ),
        notification("crsc_continuation"),
    ];
    for node in nodes {
        let (sent, events) = (world.sent.len(), world.events.len());
        world.deliver(node);
        world.settle();
        assert_eq!(world.sent.len(), sent + 1, "acknowledged and nothing else");
        assert_eq!(world.sent[sent].tag(), "ack");
        assert_eq!(world.events.len(), events);
    }
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn acknowledgements_carry_what_they_must() {
    let mut world = World::ready(PairingConfig::default());
    world.deliver(notification("link_code_companion_reg"));
    world.settle();
    assert_eq!(
        world.sent.last().unwrap().xml(),
        "<ack class=\"notification\" id=\"n1\" to=\"s.whatsapp.net\" type=\"link_code_companion_reg\"/>"
    );
}

#[test]
fn the_late_end_of_a_written_off_code_takes_nothing_off_the_screen() {
    let mut world = World::ready(PairingConfig::default());
    let first = world.request_code(None);
    let qr = world.request_qr();
    world.settle();
    world.type_code(&world.code().unwrap());
    while world.peer.last_success.is_none() {
        assert!(world.step());
    }
    world.cancel(first);
    let second = world.request_code(None);
    world.settle(); // the first code's confirmation comes
    assert_eq!(world.peer.last_error.as_ref().unwrap().1, "hmac-mismatch");
    assert_eq!(world.stored_account, None);
    assert_eq!(world.final_event(second), None);
    assert_eq!(world.final_event(qr), None);
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(second) && world.is_linked(qr));
}

#[test]
fn a_store_that_fails_keeps_nothing() {
    let mut world = World::ready(PairingConfig::default());
    world.account_saves_fail = true;
    let request = world.request_qr();
    world.scan();
    world.settle();
    assert_eq!(world.failure(request), Some(OutcomeKind::StorageError));
    assert_eq!(world.peer.last_error.as_ref().unwrap().0, "500");
    assert_eq!(world.stored_account, None);
    // The same confirmation, sent again, does not link after all.
    world.account_saves_fail = false;
    let again = world.peer.last_success.clone().unwrap();
    world.connect();
    world.deliver(again);
    world.settle();
    assert_eq!(world.stored_account, None);
    world.must_link_again();

    let mut world = World::ready(PairingConfig::default());
    world.secret_saves_fail = true;
    let request = world.request_code(None);
    world.settle();
    world.type_code(&world.code().unwrap());
    world.settle();
    let outcome = outcome(&world, request);
    assert_eq!((outcome.kind, outcome.stage), (OutcomeKind::StorageError, Stage::Answer));
    let finishes = world.sent.iter().filter(|node| {
        node.find("link_code_companion_reg").is_some_and(|reg| {
            reg.get("stage").is_some_and(|stage| stage.as_text() == Some("companion_finish"))
        })
    });
    assert_eq!(finishes.count(), 0, "a secret that is not stored is not used");
    world.must_link_again();
}

#[test]
fn a_driver_that_gives_up_says_so() {
    let mut world = World::new(PairingConfig::default());
    world.reachable = false;
    let (code, qr) = (world.request_code(None), world.request_qr());
    world.pairing.unreachable(OutcomeKind::ServerUnavailable.into());
    world.settle();
    assert_eq!(world.failure(code), Some(OutcomeKind::ServerUnavailable));
    assert_eq!(world.failure(qr), Some(OutcomeKind::ServerUnavailable));

    // A server that refuses the connection as such says so on it.
    let mut refused = World::ready(PairingConfig::default());
    let (code, qr) = (refused.request_code(None), refused.request_qr());
    refused.settle();
    refused.pairing.unreachable(OutcomeKind::AccountLocked.into());
    refused.lose_connection();
    refused.settle();
    assert_eq!(refused.failure(code), Some(OutcomeKind::AccountLocked));
    assert_eq!(refused.failure(qr), Some(OutcomeKind::AccountLocked));
    assert!(!refused.pairing.wants_connection());
    refused.must_link_again();

    let waiting = world.request_code(None);
    world.pass(59_999);
    assert_eq!(world.final_event(waiting), None);
    world.pass(1);
    assert_eq!(world.failure(waiting), Some(OutcomeKind::NotConnected));
    world.must_link_again();
}
