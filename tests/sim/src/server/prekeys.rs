//! The key store: prekeys counted, uploaded, digested and rotated. Every key is checked as it comes in.

use wa::{
    crypto::{PublicKey, verify},
    stanza::{Node, NodeRef},
};

use super::{answer, dispatch::Reply};
use crate::{
    model::{Device, DeviceAddress, SignedPrekey},
    world::World,
};

/// Answers an iq of namespace `encrypt`.
pub(super) fn handle(world: &World, address: &DeviceAddress, iq: NodeRef<'_>) -> Reply {
    let mut model = world.model.lock();
    let Some(device) = model.device_mut(address) else { return Reply::refused(401) };
    let reply = if iq.is("type", "get") {
        match iq.children().next().map(|child| child.tag()) {
            Some("count") => Some(Node::new("count").attr("value", device.prekeys.len())),
            Some("digest") => match digest(device) {
                Some(digest) => Some(digest),
                None => return Reply::refused(404),
            },
            _ => return Reply::refused(501),
        }
    } else if let Some(rotate) = iq.child("rotate") {
        match signed_prekey(device, rotate) {
            Some(skey) => device.signed_prekey = skey,
            None => return Reply::refused(406),
        }
        None
    } else {
        match upload(device, iq) {
            Some(()) => None,
            None => return Reply::refused(406),
        }
    };
    drop(model);
    let result = answer::result(iq);
    Reply::Node(match reply {
        Some(child) => result.child(child),
        None => result,
    })
}

/// Takes an upload, all or nothing.
fn upload(device: &mut Device, iq: NodeRef<'_>) -> Option<()> {
    let registration: [u8; 4] = iq.child("registration")?.bytes()?.try_into().ok()?;
    let kind = iq.child("type")?.bytes()?;
    let identity = PublicKey::from_slice(iq.child("identity")?.bytes()?)?;
    if u32::from_be_bytes(registration) != device.registration_id
        || kind != [5]
        || identity != device.identity
    {
        return None;
    }
    let mut keys = Vec::new();
    for key in iq.child("list")?.children_named("key") {
        keys.push((id_of(key)?, PublicKey::from_slice(key.child("value")?.bytes()?)?));
    }
    let skey = signed_prekey(device, iq)?;
    if keys.is_empty() {
        return None;
    }
    device.prekeys.retain(|(id, _)| keys.iter().all(|(new, _)| new != id));
    device.prekeys.extend(keys);
    device.signed_prekey = skey;
    Some(())
}

fn signed_prekey(device: &Device, parent: NodeRef<'_>) -> Option<SignedPrekey> {
    let skey = parent.child("skey")?;
    let key = PublicKey::from_slice(skey.child("value")?.bytes()?)?;
    let signature: [u8; 64] = skey.child("signature")?.bytes()?.try_into().ok()?;
    verify(&device.identity, &[&key.with_type_byte()], &signature).then_some(())?;
    Some(SignedPrekey { id: id_of(skey)?, key, signature: signature.to_vec() })
}

fn id_of(key: NodeRef<'_>) -> Option<u32> {
    let [a, b, c]: [u8; 3] = key.child("id")?.bytes()?.try_into().ok()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

fn id_node(id: u32) -> Node {
    let [_, a, b, c] = id.to_be_bytes();
    Node::new("id").bytes([a, b, c])
}

/// What the server holds, so that the client can compare; nothing if it holds no prekeys.
fn digest(device: &Device) -> Option<Node> {
    if device.prekeys.is_empty() {
        return None;
    }
    let skey = &device.signed_prekey;
    let mut hash = sha1_smol::Sha1::new();
    hash.update(&device.identity.0);
    hash.update(&skey.key.0);
    hash.update(&skey.signature);
    for (_, key) in &device.prekeys {
        hash.update(&key.0);
    }
    Some(
        Node::new("digest")
            .child(Node::new("registration").bytes(device.registration_id.to_be_bytes()))
            .child(Node::new("type").bytes([5]))
            .child(Node::new("identity").bytes(device.identity.0))
            .child(
                Node::new("skey")
                    .child(id_node(skey.id))
                    .child(Node::new("value").bytes(skey.key.0))
                    .child(Node::new("signature").bytes(skey.signature.clone())),
            )
            .child(Node::new("list").children(device.prekeys.iter().map(|(id, _)| id_node(*id))))
            .child(Node::new("hash").bytes(hash.digest().bytes())),
    )
}
