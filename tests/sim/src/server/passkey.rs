//! The server's part of linking with a passkey: it asks for the assertion and relays between companion and phone.

use tokio::sync::mpsc;
use wa::stanza::{Node, NodeRef};

use super::{answer, dispatch::Reply, link_code, register::mint};
use crate::{
    model::{Connection, PasskeyExchange, PasskeyStep, RefKind},
    world::{World, unix_seconds},
};

/// Asks the companion behind a connection for a passkey. Its answer comes out of the channel.
pub(crate) fn demand(
    world: &World,
    connection: u64,
    options: String,
    in_notification: bool,
) -> Option<mpsc::UnboundedReceiver<PasskeyStep>> {
    let (to_phone, steps) = mpsc::unbounded_channel();
    let mut node = answer::notification(world.stanza_id(), "passkey_prologue_request", unix_seconds());
    if in_notification {
        node = node.child(Node::new("passkey_request_options").text(options.clone()));
    }
    let mut model = world.model.lock();
    model.unpaired(connection)?.passkey = Some(PasskeyExchange { options, to_phone });
    link_code::notify(&mut model, connection, node);
    Some(steps)
}

/// The phone's part, on its way to the companion.
pub(crate) fn continuation(world: &World, connection: u64, part: Vec<u8>) {
    let node = answer::notification(world.stanza_id(), "crsc_continuation", unix_seconds())
        .child(Node::new("primary_ephemeral_identity").bytes(part));
    link_code::notify(&mut world.model.lock(), connection, node);
}

/// Answers a companion's iq of the exchange; `tag` is that of its child.
pub(super) fn from_companion(world: &World, connection: &Connection, iq: NodeRef<'_>, tag: &str) -> Reply {
    let mut model = world.model.lock();
    if tag == "ref" {
        let reference = mint(&mut model, connection.id, RefKind::Passkey, &mut world.random());
        return Reply::Node(answer::result(iq).child(Node::new("ref").text(reference)));
    }
    let Some(exchange) = model.unpaired(connection.id).and_then(|unpaired| unpaired.passkey.as_ref()) else {
        return Reply::refused(400);
    };
    if tag == "passkey_request_options" {
        let options = Node::new("passkey_request_options").text(exchange.options.clone());
        return Reply::Node(answer::result(iq).child(options));
    }
    let Some(step) = iq.child(tag).and_then(|child| step(child, tag)) else { return Reply::refused(400) };
    if exchange.to_phone.is_closed() {
        // The phone has given up.
        return Reply::refused(400);
    }
    // The answer first: the phone's next word must not overtake it.
    connection.send(answer::result(iq));
    // If the phone gives up just now, the companion hears nothing more, as in life.
    let _ = exchange.to_phone.send(step);
    Reply::Sent
}

fn step(child: NodeRef<'_>, tag: &str) -> Option<PasskeyStep> {
    let bytes = |tag: &str| Some(child.child(tag)?.bytes()?.to_vec());
    match tag {
        "passkey_prologue" => {
            let credential = bytes("credential_id")?;
            let assertion = bytes("webauthn_assertion")?;
            let assertion: serde_json::Value = serde_json::from_slice(&assertion).ok()?;
            let response = assertion.get("response")?;
            ["clientDataJSON", "authenticatorData", "signature"]
                .iter()
                .all(|part| response.get(part).is_some_and(serde_json::Value::is_string))
                .then_some(())?;
            (!credential.is_empty()).then_some(())?;
            Some(PasskeyStep::Prologue {
                payload: bytes("prologue_payload")?,
                handoff_proof: bytes("pairing_handoff_proof"),
            })
        }
        "companion_nonce" => Some(PasskeyStep::Nonce(child.bytes()?.to_vec())),
        "encrypted_pairing_request" => Some(PasskeyStep::Request(child.bytes()?.to_vec())),
        _ => None,
    }
}
