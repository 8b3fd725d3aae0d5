//! Tests of the server's confirmations, good and bad.

use super::config::PairingConfig;
use super::harness::{Link, PHONE, World};
use super::harness_peer::pair_success;
use super::output::PairingEvent;
use super::{Outcome, OutcomeKind, PhoneNumber, Stage};
use crate::crypto::KeyPair;
use crate::crypto::testing::Seeded;
use crate::stanza::{Jid, Node, Stanza};

/// The outcome with which a request ended.
fn outcome(world: &World, request: u64) -> Outcome {
    match world.final_event(request) {
        Some(PairingEvent::Failed { outcome, .. }) => outcome.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn refused_confirmations() {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let cases: [(Change, OutcomeKind, &str); 4] = [
        (|_| Vec::new(), OutcomeKind::ProtocolError, "500"),
        (|_| vec![0; 501], OutcomeKind::ProtocolError, "500"),
        (
            |mut container| {
                let last = container.len() - 1;
                container[last] ^= 1;
                container
            },
            OutcomeKind::WrongSecret,
            "401",
        ),
        (|container| container[..container.len() - 5].to_vec(), OutcomeKind::ProtocolError, "500"),
    ];
    for by_code in [true, false] {
        for (change, kind, code) in cases {
            let mut world = World::ready(PairingConfig::default());
            world.peer.container_change = Some(change);
            let request = if by_code {
                let request = world.request_code(None);
                world.settle();
                world.type_code(&world.code().unwrap());
                request
            } else {
                let request = world.request_qr();
                world.scan();
                request
            };
            world.settle();
            let outcome = outcome(&world, request);
            assert_eq!((outcome.kind, outcome.stage), (kind, Stage::Confirmation));
            assert_eq!(world.peer.last_error.as_ref().unwrap().0, code);
            assert_eq!(world.link, Link::Down, "the connection is of no further use");
            assert_eq!(world.stored_account, None);
            world.must_link_again();
        }
    }
}

#[test]
fn a_confirmation_signed_by_another_account_is_not_trusted() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    // The secret is right, so the phone saw our QR; but it signed for another companion.
    let link = super::qr::QrLink::parse(&world.qr_on_screen().unwrap()).unwrap();
    let other = KeyPair::generate(&mut Seeded(3));
    let grant = super::account::DeviceGrant::new(1, 2, 3);
    let container = grant.sign(&other, &other.public(), &link.adv_secret, &mut Seeded(4));
    world.deliver(pair_success(container));
    world.settle();
    assert_eq!(world.failure(request), Some(OutcomeKind::BadAccountSignature));
    assert_eq!(world.peer.last_error, Some(("401".to_owned(), "signature-mismatch".to_owned())));
    world.must_link_again();
}

#[test]
fn a_confirmation_that_nobody_waits_for_changes_nothing() {
    let mut world = World::ready(PairingConfig::default());
    let code = world.request_code(None);
    world.settle();
    world.deliver(pair_success(vec![1, 2, 3]));
    world.settle();
    assert_eq!(world.peer.last_error.as_ref().unwrap().0, "500");
    assert_eq!(world.final_event(code), None, "it cannot have been this code's");
    world.type_code(&world.code().unwrap());
    world.settle();
    assert!(world.is_linked(code));
}

#[test]
fn only_the_wanted_account_is_linked() {
    for (only, links) in [(PHONE, true), ("4930123456", false)] {
        let only_account = Some(PhoneNumber::parse(only).unwrap());
        let mut world = World::ready(PairingConfig { only_account, ..PairingConfig::default() });
        let request = world.request_qr();
        world.scan();
        world.settle();
        assert_eq!(world.is_linked(request), links);
        if !links {
            assert_eq!(world.failure(request), Some(OutcomeKind::RejectedLocally));
            assert_eq!(world.peer.last_error.as_ref().unwrap().0, "500");
        }
    }
}

#[test]
fn confirmations_without_what_is_not_needed() {
    let mut world = World::ready(PairingConfig::default());
    let request = world.request_qr();
    let link = super::qr::QrLink::parse(&world.qr_on_screen().unwrap()).unwrap();
    let account = KeyPair::generate(&mut Seeded(3));
    let grant = super::account::DeviceGrant::new(1, 2, 3);
    let container = grant.sign(&account, &link.identity, &link.adv_secret, &mut Seeded(4));
    let confirmation = |jid: Option<&str>| {
        let device = Node::new("device").attr_opt("jid", jid.map(str::to_owned));
        let success = Node::new("pair-success")
            .child(device)
            .child(Node::new("device-identity").bytes(container.clone()));
        let iq = Node::new("iq").attr("from", Jid::server()).attr("type", "set").attr("id", "9");
        Stanza::from_node(&iq.child(success)).unwrap()
    };
    // The address may come as text; but it must be there, with a device.
    let stanza = confirmation(Some("15551234567:3@s.whatsapp.net"));
    assert!(world.pairing.handle_stanza(world.now, &stanza.root(), &mut Seeded(5)));
    world.settle_outputs();
    let stored = world.stored_account.clone().unwrap();
    assert_eq!((stored.lid, stored.platform, stored.lid_migrated), (None, None, None));
    for jid in [None, Some("15551234567@s.whatsapp.net"), Some("1:3@lid"), Some("s.whatsapp.net")] {
        let mut world = World::ready(PairingConfig::default());
        let request = world.request_qr();
        assert!(world.pairing.handle_stanza(world.now, &confirmation(jid).root(), &mut Seeded(5)));
        world.settle();
        assert_eq!(world.failure(request), Some(OutcomeKind::ProtocolError), "{jid:?}");
    }
    let _ = request;
}
