//! Asking for a message again, and sending one again to who asks.

use wa::{
    messaging::content::{append_key_distribution, device_sent},
    signal::{Bundle, RawBundle, Reaction, SignalError},
    stanza::{Node, NodeRef, Server},
};

use super::{
    Actor, Scene,
    actor::{bundle, enc},
    send::identity,
};
use crate::{model::DeviceAddress, server::bundles, world::unix_seconds};

/// The number of times a message is asked for, and sent.
const MAX_TIMES: u64 = 5;
/// Most messages of which it is remembered that they were asked for.
const MAX_ASKED: usize = 10_000;

/// Asks the sender for a message that cannot be read; with own keys, so that it can open a new session.
pub(super) fn ask(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    id: &str,
    error: &SignalError,
    node: NodeRef<'_>,
) {
    if actor.asked.len() >= MAX_ASKED {
        actor.asked.clear();
    }
    let count = actor.asked.entry(id.to_owned()).or_default();
    *count += 1;
    let count = *count;
    if u64::from(count) >= MAX_TIMES {
        return;
    }
    let code = match error.reaction() {
        Reaction::Retry { code, .. } => code as u8,
        Reaction::Duplicate => 0,
    };
    let blob = identity(scene);
    let mut random = scene.world.random();
    let Some(keys) = scene.model.keys_mut(scene.address) else { return };
    let one_time = keys.take_prekey(&mut random);
    let [registration, kind, identity] = bundles::identity_nodes(keys);
    let retry = Node::new("retry")
        .attr("v", "1")
        .attr("count", count)
        .attr("id", id.to_owned())
        .attr_opt("t", node.str("t"))
        .attr("error", code);
    let own_keys = Node::new("keys")
        .child(kind)
        .child(identity)
        .children(one_time.map(|(id, key)| bundles::prekey_node(id, &key)))
        .child(bundles::signed_prekey_node(&keys.signed_prekey))
        .children(blob);
    let receipt = Node::new("receipt")
        .attr("id", id.to_owned())
        .attr("type", "retry")
        .attr_opt("to", node.jid("from"))
        .attr_opt("participant", node.jid("participant"))
        .attr_opt("recipient", node.jid("recipient"))
        .child(retry)
        .child(registration)
        .child(own_keys);
    scene.receipt(&receipt);
}

/// A device asks for a message again.
pub(super) fn answer(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    id: &str,
    device: &DeviceAddress,
    node: NodeRef<'_>,
) {
    let count = node.child("retry").and_then(|retry| retry.u64("count")).unwrap_or(1);
    let Some(position) = actor.sent.iter().rposition(|sent| sent.id == id) else { return };
    if count > MAX_TIMES {
        return;
    }
    if let Some(shown) = shown_keys(node) {
        if actor.open(scene, device, &shown).is_err() {
            return;
        }
    } else if count >= 2 {
        let Ok(fetched) = bundle(scene, device) else { return };
        if actor.open(scene, device, &fetched).is_err() {
            return;
        }
    }
    let Some(sent) = actor.sent.get(position) else { return };
    let (to, message, attrs, at) = (sent.to.clone(), sent.message.clone(), sent.attrs.clone(), sent.at);
    let is_group = to.server == Server::Group;
    let own = device.number == scene.address.number;
    let plaintext = if is_group {
        match actor.group_distribution(&to) {
            Some(key) => append_key_distribution(&message, &to, &key),
            None => message,
        }
    } else if own && !attrs.iter().any(|(key, _)| *key == "category") {
        device_sent(&message, &to)
    } else {
        message
    };
    let Ok(outgoing) = actor.encrypt(scene, device, &plaintext) else { return };
    let from = node.jid("from");
    let mut again = Node::new("message").attr("id", id.to_owned());
    for (key, value) in &attrs {
        again = again.attr(*key, value);
    }
    again = again.attr("t", if at == 0 { unix_seconds() } else { at });
    again = if is_group {
        let mode = scene.model.group(&to).map(|group| group.mode.name());
        again
            .attr("to", &to)
            .attr_opt("participant", node.jid("participant"))
            .attr_opt("addressing_mode", mode)
    } else {
        let again = again.attr_opt("to", from).attr("device_fanout", false);
        again.attr_opt("recipient", own.then_some(&to))
    };
    again = again.child(enc(&outgoing).attr("count", count));
    if outgoing.kind.as_str() == "pkmsg" {
        again = again.children(identity(scene));
    }
    if let Err(code) = scene.send(&again) {
        scene
            .world
            .log
            .note(None, format!("the answer to a retry of {} is refused with {code}", scene.address.jid()));
    }
}

/// The keys that a retry receipt shows.
fn shown_keys(node: NodeRef<'_>) -> Option<Bundle> {
    let keys = node.child("keys")?;
    let bytes =
        |node: NodeRef<'_>, tag: &str| node.child(tag).and_then(|child| child.bytes().map(<[u8]>::to_vec));
    let (registration, identity) = (bytes(node, "registration")?, bytes(keys, "identity")?);
    let skey = keys.child("skey")?;
    let (id, value, signature) = (bytes(skey, "id")?, bytes(skey, "value")?, bytes(skey, "signature")?);
    let one_time = keys.child("key").and_then(|key| Some((bytes(key, "id")?, bytes(key, "value")?)));
    RawBundle {
        registration: &registration,
        key_type: None,
        identity: &identity,
        signed_id: &id,
        signed_value: &value,
        signed_signature: &signature,
        one_time: one_time.as_ref().map(|(id, value)| (id.as_slice(), value.as_slice())),
    }
    .check()
    .ok()
}
