//! Prekey bundles: what a device needs to open a session with another one. Each fetch uses up a one-time prekey.

use wa::{
    crypto::PublicKey,
    proto::{Message as _, adv::AdvSignedDeviceIdentity},
    stanza::{Jid, Node, NodeRef},
};

use super::{answer, dispatch::Reply, prekeys::id_node, queue};
use crate::{
    faults::Refusal,
    model::{DeviceAddress, KeyStore, Model, Queued, SignedPrekey},
    world::{World, unix_seconds},
};

/// Most devices one request may name.
const MAX_DEVICES: usize = 10_000;

/// Answers `key`, `key_fetch` and `identity`.
pub(super) fn handle(world: &World, asker: &DeviceAddress, iq: NodeRef<'_>, tag: &str) -> Reply {
    let Some(asked) = iq.child(tag) else { return Reply::refused(400) };
    let mut model = world.model.lock();
    let users: Option<Vec<Node>> = asked
        .children_named("user")
        .take(MAX_DEVICES + 1)
        .map(|user| match tag {
            "key" => by_address(world, &mut model, asker, user),
            "key_fetch" => by_registration(world, &mut model, asker, user),
            _ => identity_alone(&model, user),
        })
        .collect();
    match users {
        Some(users) if !users.is_empty() && users.len() <= MAX_DEVICES => {
            Reply::Node(answer::result(iq).child(Node::new("list").children(users)))
        }
        _ => Reply::refused(400),
    }
}

/// One `user` is one device.
fn by_address(world: &World, model: &mut Model, asker: &DeviceAddress, user: NodeRef<'_>) -> Option<Node> {
    let jid = user.jid("jid")?;
    let bundle = model.resolve(&jid).and_then(|device| bundle(world, model, asker, &device));
    let node = Node::new("user").attr("jid", jid);
    Some(match bundle {
        Some(bundle) => node.attr("t", unix_seconds()).children(bundle),
        None => node.child(unknown()),
    })
}

/// The devices stand below their user, each with the registration that is meant.
fn by_registration(
    world: &World,
    model: &mut Model,
    asker: &DeviceAddress,
    user: NodeRef<'_>,
) -> Option<Node> {
    let jid = user.jid("jid")?;
    let devices: Option<Vec<Node>> = user
        .children_named("device")
        .take(MAX_DEVICES)
        .map(|wanted| {
            let id = u16::try_from(wanted.u64("id")?).ok()?;
            let registration: Option<[u8; 4]> =
                wanted.child("registration").and_then(|node| node.bytes()?.try_into().ok());
            let device = model.resolve(&jid.clone().with_device(id)).filter(|device| {
                let current = model.keys(device).map(|keys| keys.registration_id);
                registration.is_none_or(|wanted| current == Some(u32::from_be_bytes(wanted)))
            });
            let node = Node::new("device").attr("id", id);
            Some(match device.and_then(|device| bundle(world, model, asker, &device)) {
                Some(bundle) => node.children(bundle),
                None => node.child(unknown()),
            })
        })
        .collect();
    Some(Node::new("user").attr("jid", jid).children(devices?))
}

fn identity_alone(model: &Model, user: NodeRef<'_>) -> Option<Node> {
    let jid = user.jid("jid")?;
    let keys = model.resolve(&jid).and_then(|device| model.keys(&device));
    let node = Node::new("user").attr("jid", jid);
    Some(match keys {
        Some(keys) => {
            node.child(Node::new("identity").bytes(keys.identity.0)).child(Node::new("type").bytes([5]))
        }
        None => node.child(unknown()),
    })
}

fn unknown() -> Node {
    let refusal = Refusal::new(404);
    Node::new("error").attr("code", refusal.code).attr("text", refusal.text().to_owned())
}

/// The bundle of one device, with its last-but-one prekey if it has any.
fn bundle(
    world: &World,
    model: &mut Model,
    asker: &DeviceAddress,
    address: &DeviceAddress,
) -> Option<Vec<Node>> {
    let identity = match address.device {
        0 => None,
        _ => Some(model.device(address)?.signed_identity.clone()?),
    };
    let keys = model.keys_mut(address)?;
    let mut nodes = identity_nodes(keys).to_vec();
    nodes.push(signed_prekey_node(&keys.signed_prekey));
    nodes.extend(keys.take_prekey(&mut world.random()).map(|(id, key)| prekey_node(id, &key)));
    nodes.extend(identity.map(|blob| Node::new("device-identity").bytes(without_account_key(&blob))));
    tell_low(world, model, address);
    model.acquaint(&asker.number, &address.number);
    Some(nodes)
}

/// Registration, type and identity.
pub(crate) fn identity_nodes(keys: &KeyStore) -> [Node; 3] {
    [
        Node::new("registration").bytes(keys.registration_id.to_be_bytes()),
        Node::new("type").bytes([5]),
        Node::new("identity").bytes(keys.identity.0),
    ]
}

/// A one-time prekey.
pub(crate) fn prekey_node(id: u32, key: &PublicKey) -> Node {
    Node::new("key").child(id_node(id)).child(Node::new("value").bytes(key.0))
}

pub(crate) fn signed_prekey_node(skey: &SignedPrekey) -> Node {
    Node::new("skey")
        .child(id_node(skey.id))
        .child(Node::new("value").bytes(skey.key.0))
        .child(Node::new("signature").bytes(skey.signature.clone()))
}

/// The account's key is not handed out with its companions: it is to be known from the phone.
fn without_account_key(blob: &[u8]) -> Vec<u8> {
    let Ok(mut signed) = AdvSignedDeviceIdentity::decode(blob) else { return blob.to_vec() };
    signed.account_signature_key = None;
    signed.encode_to_vec()
}

/// Asks a device to upload more if a fetch has left it with few.
pub(crate) fn tell_low(world: &World, model: &mut Model, address: &DeviceAddress) {
    let Some(keys) = model.keys_mut(address).filter(|keys| keys.secrets.is_none()) else { return };
    let left = keys.prekeys.len();
    let told = std::mem::replace(&mut keys.told_low, left < world.options.prekey_threshold);
    if !keys.told_low || (told && world.options.ask_prekeys_once) {
        return;
    }
    let id = world.stanza_id();
    let node = Node::new("notification")
        .attr("from", Jid::server())
        .attr("type", "encrypt")
        .attr("id", id.clone())
        .attr("t", unix_seconds())
        .child(Node::new("count").attr("value", left));
    queue::push(world, model, address, Queued::new(id, node));
}
