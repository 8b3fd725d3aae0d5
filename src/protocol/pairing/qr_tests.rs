//! QRs: rotation, refreshing, exhaustion, lost connections.

use super::config::PairingConfig;
use super::harness::{Link, World};
use super::harness_peer::notification;
use super::output::PairingEvent;
use super::qr::{QrForm, QrLink, URL_PREFIX};
use super::{OutcomeKind, Stage};
use crate::stanza::Node;

fn refresh(child: &'static str) -> Node {
    notification("companion_reg_refresh").child(Node::new(child))
}

fn reference(text: &str) -> String {
    QrLink::parse(text).unwrap().reference
}

#[test]
fn six_references_take_160_seconds() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    let mut seen = Vec::new();
    for second in 0..160 {
        assert_eq!(world.final_event(request), None, "{second}");
        if world.qrs().len() > seen.len() {
            seen.push(second);
        }
        world.pass(1_000);
    }
    assert_eq!(seen, [0, 60, 80, 100, 120, 140]);
    assert_eq!(world.failure(request), Some(OutcomeKind::QrExhausted));
    let qrs = world.qrs();
    let numbers: Vec<u32> = qrs.iter().map(|(_, _, index, _)| *index).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let times: Vec<u64> = qrs.iter().map(|(_, expires_in, _, _)| *expires_in).collect();
    assert_eq!(times, [60_000, 20_000, 20_000, 20_000, 20_000, 20_000]);
    let refs: Vec<String> = qrs.iter().map(|(text, ..)| reference(text)).collect();
    assert_eq!(refs, ["2@ref,1", "2@ref,2", "2@ref,3", "2@ref,4", "2@ref,5", "2@ref,6"]);
    assert_eq!(world.link, Link::Registration, "the connection stays");
    world.must_link_again();
}

#[test]
fn a_short_series_starts_with_20_seconds() {
    let mut world = World::new(PairingConfig::default());
    world.peer.refs = 2;
    world.connect();
    let request = world.request_qr();
    world.pass(40_000);
    assert_eq!(world.qrs().len(), 2);
    assert_eq!(world.failure(request), Some(OutcomeKind::QrExhausted));
}

#[test]
fn who_asks_late_sees_the_rest() {
    let mut world = World::ready(PairingConfig::default());
    world.pass(70_000);
    let request = world.request_qr();
    let (_, expires_in, index, _) = world.qrs()[0].clone();
    assert_eq!((expires_in, index), (10_000, 2));
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn who_asks_after_the_end_gets_another_connection() {
    let mut world = World::ready(PairingConfig::default());
    world.pass(200_000);
    assert_eq!(world.events, [], "nobody had asked");
    let request = world.request_qr();
    world.pass(0);
    assert_eq!(world.qrs().len(), 1);
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn a_driver_that_sleeps_shows_only_the_current_one() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    world.now += 95_000;
    world.pairing.handle_timeout(world.now, &mut world.rng);
    world.settle();
    let (_, expires_in, index, _) = world.qrs()[1].clone();
    assert_eq!((expires_in, index), (5_000, 3));
    world.now += 1_000_000;
    world.pairing.handle_timeout(world.now, &mut world.rng);
    world.settle();
    assert_eq!(world.failure(request), Some(OutcomeKind::QrExhausted));
}

#[test]
fn rounds_follow_by_themselves_if_wanted() {
    let mut world = World::ready(PairingConfig { qr_rounds: 3, ..PairingConfig::default() });
    let request = world.request_qr();
    world.pass(160_000 * 3 - 1);
    assert_eq!(world.final_event(request), None);
    world.pass(1);
    assert_eq!(world.failure(request), Some(OutcomeKind::QrExhausted));
    assert_eq!(world.setbacks(request), [OutcomeKind::QrExhausted; 2]);
    assert_eq!(world.qrs().len(), 18);
}

#[test]
fn the_end_of_the_references_does_not_end_a_code() {
    let mut world = World::ready(PairingConfig { qr_rounds: 3, ..PairingConfig::default() });
    world.pass(30_000);
    let (code, qr) = (world.request_code(None), world.request_qr());
    world.pass(140_000);
    assert_eq!(world.failure(qr), Some(OutcomeKind::QrExhausted));
    // Asking again would cost the connection on which the code lives.
    let again = world.request_qr();
    assert_eq!(world.failure(again), Some(OutcomeKind::QrExhausted));
    world.pass(30_000);
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(code));
}

#[test]
fn a_second_request_is_refused_and_the_first_lives_on() {
    let mut world = World::ready(PairingConfig::default());
    let first = world.request_qr();
    let second = world.request_qr();
    assert_eq!(world.failure(second), Some(OutcomeKind::QrOutstanding));
    world.scan();
    world.settle();
    assert!(world.is_linked(first));
}

#[test]
fn the_plain_form_can_be_chosen() {
    let mut world = World::ready(PairingConfig { qr_form: QrForm::Plain, ..PairingConfig::default() });
    world.request_qr();
    assert!(!world.qr_on_screen().unwrap().starts_with(URL_PREFIX));
    let mut world = World::ready(PairingConfig::default());
    world.request_qr();
    assert!(world.qr_on_screen().unwrap().starts_with(URL_PREFIX));
}

#[test]
fn a_refresh_renders_the_current_reference_with_a_new_secret() {
    for child in ["companion_reg_refresh", "pair-device-rotate-qr"] {
        let mut world = World::ready(PairingConfig::default());
        let request = world.request_qr();
        world.pass(50_000);
        let old = world.qr_on_screen().unwrap();
        world.deliver(refresh(child));
        let sent = world.sent.len();
        world.settle();
        assert_eq!(world.sent[sent].tag(), "ack");
        let qrs = world.qrs();
        let (text, expires_in, index, updated) = qrs.last().unwrap().clone();
        assert_eq!((expires_in, index, updated), (10_000, 1, true), "its time goes on");
        let (old_link, link) = (QrLink::parse(&old).unwrap(), QrLink::parse(&text).unwrap());
        assert_eq!(old_link.reference, link.reference);
        assert_ne!(old_link.adv_secret, link.adv_secret);
        assert_eq!(link.adv_secret, world.stored_adv);
        world.scan();
        world.settle();
        assert!(world.is_linked(request));
    }
}

#[test]
fn a_scan_of_the_picture_before_a_refresh_is_refused() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    let old = world.qr_on_screen().unwrap();
    world.deliver(refresh("companion_reg_refresh"));
    world.settle();
    for node in world.peer.scan(&old, &mut world.rng) {
        world.deliver(node);
    }
    world.settle();
    assert_eq!(world.peer.last_error, Some(("401".to_owned(), "hmac-mismatch".to_owned())));
    assert_eq!(world.failure(request), Some(OutcomeKind::WrongSecret));
    assert_eq!(world.stored_account, None);
    world.must_link_again();
}

#[test]
fn a_refresh_without_its_child_is_only_acknowledged() {
    let mut world = World::ready(PairingConfig::default());
    world.request_qr();
    let before = world.stored_adv.clone();
    world.deliver(notification("companion_reg_refresh"));
    world.settle();
    assert_eq!(world.sent.last().unwrap().tag(), "ack");
    assert_eq!(world.qrs().len(), 1);
    assert_eq!(world.stored_adv, before);
}

#[test]
fn a_refresh_never_touches_a_code_that_answers() {
    let mut world = World::ready(PairingConfig::default());
    let (code, _) = (world.request_code(None), world.request_qr());
    world.settle();
    // Before the phone has answered it may: the code makes its own secret later.
    let before = world.stored_adv.clone();
    world.deliver(refresh("companion_reg_refresh"));
    world.settle();
    assert_ne!(world.stored_adv, before);

    world.peer.never_uploads = true;
    world.type_code(&world.code().unwrap());
    // From the phone's answer on, at every step.
    while world.step() {
        let before = world.stored_adv.clone();
        let working = world.pairing.code.owns_secret();
        let node = refresh("companion_reg_refresh");
        let stanza = crate::stanza::Stanza::from_node(&node).unwrap();
        if working {
            assert!(world.pairing.handle_stanza(world.now, &stanza.root(), &mut world.rng));
            let saves = std::iter::from_fn(|| world.pairing.poll_output())
                .filter(|output| !matches!(output, super::Output::Send(ack) if ack.tag() == "ack"))
                .count();
            assert_eq!(saves, 0, "only acknowledged");
            assert_eq!(world.stored_adv, before);
        }
    }
    world.peer.never_uploads = false;
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(code));
}

#[test]
fn a_lost_connection_brings_new_qrs_a_limited_number_of_times() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    for loss in 1..=5 {
        world.lose_connection();
        world.pass((1_000 << (loss - 1)) - 1);
        assert_eq!(world.qrs().len(), loss, "a little longer each time");
        world.pass(1);
        assert_eq!(world.qrs().len(), loss + 1);
        assert_eq!(world.setbacks(request), vec![OutcomeKind::QrLost; loss]);
    }
    world.lose_connection();
    world.pass(1_000);
    assert_eq!(world.failure(request), Some(OutcomeKind::NotConnected));
    assert!(!world.pairing.wants_connection());
    world.must_link_again();
}

#[test]
fn a_new_offer_replaces_the_old_one() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    world.pass(65_000);
    let offer = world.peer.pair_device(6);
    world.deliver(offer);
    let sent = world.sent.len();
    world.settle();
    assert_eq!(world.sent[sent].get("type").unwrap().as_text(), Some("result"), "answered first");
    let (text, expires_in, index, _) = world.qrs().last().unwrap().clone();
    assert_eq!((expires_in, index, reference(&text).as_str()), (60_000, 1, "2@ref,7"));
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn an_offer_without_references_is_answered_and_waited_on() {
    let mut world = World::new(PairingConfig::default());
    world.peer.refs = 0;
    world.connect();
    let request = world.request_qr();
    let empty = world.peer.pair_device(0);
    world.deliver(empty);
    world.settle();
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.qrs().len(), 0);
    let offer = world.peer.pair_device(6);
    world.deliver(offer);
    world.settle();
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn no_offer_is_tried_twice_more() {
    let mut world = World::new(PairingConfig::default());
    world.peer.refs = 0;
    world.connect();
    let (qr, code) = (world.request_qr(), world.request_code(None));
    world.pass(30_000);
    assert_eq!(world.setbacks(qr), [OutcomeKind::NoRefs]);
    world.pass(10_000 + 30_000 + 60_000 + 29_999);
    assert_eq!(world.final_event(qr), None);
    assert_eq!(world.setbacks(code), [OutcomeKind::NoRefs; 2]);
    world.pass(1);
    assert_eq!(world.failure(qr), Some(OutcomeKind::NoRefs));
    assert_eq!(world.failure(code), Some(OutcomeKind::NoRefs));
    world.must_link_again();
}

#[test]
fn a_phone_that_is_too_old_can_scan_again() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    world.deliver(Node::new("ib").child(Node::new("downgrade_webclient")));
    world.settle();
    let Some(PairingEvent::PhoneTooOld { outcome, .. }) = world.events.last() else { panic!() };
    assert_eq!((outcome.kind, outcome.stage), (OutcomeKind::PhoneWithoutMultidevice, Stage::Qr));
    world.scan();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn a_refresh_never_touches_a_sealed_exchange_or_a_linked_device() {
    use super::harness_peer::{ASSERTION, Passkey};

    let mut world = World::ready(PairingConfig::default());
    world.peer.passkey = Some(Passkey::new(true));
    let request = world.request_qr();
    world.scan();
    world.settle();
    world.answer_passkey(ASSERTION);
    world.settle();
    world.confirm_passkey();
    // From the sealing on, at every step to the end of the connection.
    let mut acked = 0;
    while world.link == Link::Registration {
        let before = world.stored_adv.clone();
        let sent = world.sent.len();
        let stanza = crate::stanza::Stanza::from_node(&refresh("companion_reg_refresh")).unwrap();
        assert!(world.pairing.handle_stanza(world.now, &stanza.root(), &mut world.rng));
        world.settle_outputs();
        assert_eq!((world.sent.len(), world.sent[sent].tag()), (sent + 1, "ack"));
        assert_eq!(world.stored_adv, before);
        acked += 1;
        assert!(world.step());
    }
    assert!(acked > 3 && world.is_linked(request));
}
