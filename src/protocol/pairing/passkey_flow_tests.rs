//! Whole pairings in which the account's passkey is asked for.

use super::OutcomeKind;
use super::config::{PairingConfig, PasskeyPolicy};
use super::harness::World;
use super::harness_peer::{ASSERTION, OPTIONS, Passkey, notification};
use super::output::{Method, PairingEvent};
use crate::crypto::PublicKey;
use crate::crypto::testing::Seeded;
use crate::stanza::{Node, Stanza};

#[test]
fn a_passkey_is_asked_for_and_the_codes_are_compared() {
    for with_options in [true, false] {
        for by_code in [true, false] {
            let mut world = World::ready(PairingConfig::default());
            world.peer.passkey = Some(Passkey::new(with_options));
            let request = begin(&mut world, by_code);
            let Some(PairingEvent::PasskeyRequired { options, expires_in, .. }) = world.events.last() else {
                panic!("{:?}", world.events)
            };
            assert_eq!((options.reveal(), *expires_in), (OPTIONS, 600_000));
            world.pass(200_000); // longer than any code or QR lives
            assert_eq!(world.final_event(request), None);
            assert!(world.pairing.answer_passkey("{}").is_err());
            assert!(world.pairing.confirm_passkey().is_err());
            world.answer_passkey(ASSERTION);
            world.settle();
            let passkey = world.peer.passkey.as_ref().unwrap();
            assert!(!passkey.proof, "a new device must be compared");
            let Some(PairingEvent::PasskeyCode { code, .. }) = world.events.last() else { panic!() };
            assert_eq!(Some(code.display()), passkey.shown);
            world.confirm_passkey();
            world.settle();
            assert!(world.is_linked(request));
            assert!(matches!(
                world.final_event(request),
                Some(PairingEvent::Linked { method: Method::Passkey, .. })
            ));
        }
    }
}

/// Pairs as far as the phone's upload.
fn begin(world: &mut World, by_code: bool) -> u64 {
    if by_code {
        let request = world.request_code(None);
        world.settle();
        world.type_code(&world.code().unwrap());
        world.settle();
        request
    } else {
        let request = world.request_qr();
        world.scan();
        world.settle();
        request
    }
}

#[test]
fn who_was_linked_before_proves_it_while_that_lasts() {
    for (wait, proven) in [(299_000, true), (301_000, false)] {
        let mut world = World::with(PairingConfig::default(), true);
        world.connect();
        world.settle();
        world.peer.passkey = Some(Passkey::new(true));
        let request = begin(&mut world, true);
        world.pass(wait);
        world.answer_passkey(ASSERTION);
        world.settle();
        assert_eq!(world.is_linked(request), proven);
        if !proven {
            world.confirm_passkey();
            world.settle();
            assert!(world.is_linked(request));
        }
    }
}

#[test]
fn a_second_demand_starts_over() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.passkey = Some(Passkey::new(true));
    let request = begin(&mut world, true);
    world.answer_passkey(ASSERTION);
    world.settle();
    let demand =
        notification("passkey_prologue_request").child(Node::new("passkey_request_options").text(OPTIONS));
    world.deliver(demand);
    world.settle();
    assert!(world.pairing.confirm_passkey().is_err(), "the first exchange is gone");
    world.answer_passkey(ASSERTION);
    world.settle();
    world.confirm_passkey();
    world.settle();
    assert!(world.is_linked(request));
}

#[test]
fn passkey_failures_have_their_outcomes() {
    for tag in ["ref", "passkey_prologue", "companion_nonce", "encrypted_pairing_request"] {
        for by_code in [true, false] {
            let mut world = World::ready(PairingConfig::default());
            world.peer.passkey = Some(Passkey::new(true));
            world.peer.passkey_error = Some((tag, 406));
            let request = begin(&mut world, by_code);
            world.answer_passkey(ASSERTION);
            world.settle();
            if tag == "encrypted_pairing_request" {
                world.confirm_passkey();
                world.settle();
            }
            let told = world.events.iter().find_map(|event| match event {
                PairingEvent::Setback { outcome, .. } | PairingEvent::Failed { outcome, .. } => Some(outcome),
                _ => None,
            });
            let outcome = told.unwrap_or_else(|| panic!("{tag}"));
            assert_eq!((outcome.kind, outcome.code), (OutcomeKind::PasskeyFailed, Some(406)), "{tag}");
            // A request for a code ends; a QR is shown again, with the secret that is stored.
            assert_eq!(world.final_event(request).is_some(), by_code, "{tag}");
            if !by_code {
                world.peer.behave();
                world.scan();
                world.settle();
                assert!(world.is_linked(request), "{tag}");
            } else {
                world.must_link_again();
            }
        }
    }
}

#[test]
fn a_passkey_that_nobody_answers_times_out() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.passkey = Some(Passkey::new(true));
    let request = begin(&mut world, true);
    world.pass(599_000);
    assert_eq!(world.final_event(request), None);
    world.pass(1_000);
    assert_eq!(world.failure(request), Some(OutcomeKind::PasskeyTimeout));
    world.must_link_again();
}

#[test]
fn a_low_order_key_of_the_phone_ends_the_passkey_exchange() {
    let mut world = World::ready(PairingConfig::default());
    world.peer.passkey = Some(Passkey::new(true));
    let request = begin(&mut world, true);
    world.answer_passkey(ASSERTION);
    let low = super::passkey_crypto::PrimaryPart { public: PublicKey([0; 32]), nonce: [1; 32] };
    while world.step() {
        if world.peer.passkey.as_ref().is_some_and(|passkey| passkey.proof) {
            break;
        }
        let sent = world.sent.last().unwrap();
        if sent.find("passkey_prologue").is_some() {
            let part = Node::new("primary_ephemeral_identity").bytes(low.encode());
            let stanza = Stanza::from_node(&notification("crsc_continuation").child(part)).unwrap();
            assert!(world.pairing.handle_stanza(world.now, &stanza.root(), &mut Seeded(1)));
            break;
        }
    }
    world.settle();
    assert_eq!(world.failure(request), Some(OutcomeKind::PasskeyFailed));
    world.must_link_again();
}

#[test]
fn without_an_authenticator_the_demand_is_final() {
    for by_code in [true, false] {
        let config = PairingConfig { passkey: PasskeyPolicy::Refuse, ..PairingConfig::default() };
        let mut world = World::ready(config);
        world.peer.passkey = Some(Passkey::new(true));
        let request = begin(&mut world, by_code);
        assert_eq!(world.failure(request), Some(OutcomeKind::PasskeyRequired));
        world.must_link_again();
    }
}
