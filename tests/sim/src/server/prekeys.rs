//! A device's own keys: prekeys counted, uploaded, digested and rotated. Every key is checked as it comes in.
//! Other accounts get them in [`super::bundles`].

use std::collections::HashSet;

use wa::{
    crypto::{PublicKey, verify},
    stanza::{Node, NodeRef},
};

use super::{answer, bundles, dispatch::Reply};
use crate::{
    model::{DeviceAddress, KeyStore, SignedPrekey},
    people,
    world::World,
};

/// Most one-time prekeys that are kept for a device; official clients have 812.
const MAX_PREKEYS: usize = 20_000;

/// Answers an iq of namespace `encrypt`.
pub(super) fn handle(world: &World, address: &DeviceAddress, iq: NodeRef<'_>) -> Reply {
    let get = iq.is("type", "get");
    let tag = iq.children().next().map_or("", |child| child.tag());
    if get && matches!(tag, "key" | "key_fetch" | "identity") {
        return bundles::handle(world, address, iq, tag);
    }
    let mut model = world.model.lock();
    let Some(keys) = model.keys_mut(address) else { return Reply::refused(401) };
    let reply = match (get, tag) {
        (true, "count") => Some(Node::new("count").attr("value", keys.prekeys.len())),
        (true, "digest") => match digest(keys) {
            Some(digest) => Some(digest),
            None => return Reply::refused(404),
        },
        (true, _) => return Reply::refused(501),
        (false, "rotate") => {
            match iq.child("rotate").and_then(|rotate| signed_prekey(keys, rotate)) {
                Some(skey) => keys.signed_prekey = skey,
                None => return Reply::refused(406),
            }
            None
        }
        (false, _) => {
            if upload(keys, iq).is_none() {
                return Reply::refused(406);
            }
            people::provision(world, &mut model, address);
            None
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
fn upload(keys: &mut KeyStore, iq: NodeRef<'_>) -> Option<()> {
    let registration: [u8; 4] = iq.child("registration")?.bytes()?.try_into().ok()?;
    let kind = iq.child("type")?.bytes()?;
    let identity = PublicKey::from_slice(iq.child("identity")?.bytes()?)?;
    if u32::from_be_bytes(registration) != keys.registration_id || kind != [5] || identity != keys.identity {
        return None;
    }
    let mut new = Vec::new();
    for key in iq.child("list")?.children_named("key") {
        new.push((id_of(key)?, PublicKey::from_slice(key.child("value")?.bytes()?)?));
    }
    let skey = signed_prekey(keys, iq)?;
    if new.is_empty() || new.len() > MAX_PREKEYS {
        return None;
    }
    let ids: HashSet<u32> = new.iter().map(|(id, _)| *id).collect();
    keys.prekeys.retain(|(id, _)| !ids.contains(id));
    keys.prekeys.extend(new);
    while keys.prekeys.len() > MAX_PREKEYS {
        keys.prekeys.pop_front();
    }
    keys.signed_prekey = skey;
    keys.told_low = false;
    Some(())
}

fn signed_prekey(keys: &KeyStore, parent: NodeRef<'_>) -> Option<SignedPrekey> {
    let skey = parent.child("skey")?;
    let key = PublicKey::from_slice(skey.child("value")?.bytes()?)?;
    let signature: [u8; 64] = skey.child("signature")?.bytes()?.try_into().ok()?;
    verify(&keys.identity, &[&key.with_type_byte()], &signature).then_some(())?;
    Some(SignedPrekey { id: id_of(skey)?, key, signature: signature.to_vec() })
}

fn id_of(key: NodeRef<'_>) -> Option<u32> {
    let [a, b, c]: [u8; 3] = key.child("id")?.bytes()?.try_into().ok()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

pub(super) fn id_node(id: u32) -> Node {
    let [_, a, b, c] = id.to_be_bytes();
    Node::new("id").bytes([a, b, c])
}

/// Returns the digest of the server's keys, so that the client can compare; nothing if it holds no prekeys.
fn digest(keys: &KeyStore) -> Option<Node> {
    if keys.prekeys.is_empty() {
        return None;
    }
    let skey = &keys.signed_prekey;
    let mut hash = sha1_smol::Sha1::new();
    hash.update(&keys.identity.0);
    hash.update(&skey.key.0);
    hash.update(&skey.signature);
    for (_, key) in &keys.prekeys {
        hash.update(&key.0);
    }
    Some(
        Node::new("digest")
            .children(bundles::identity_nodes(keys))
            .child(bundles::signed_prekey_node(skey))
            .child(Node::new("list").children(keys.prekeys.iter().map(|(id, _)| id_node(*id))))
            .child(Node::new("hash").bytes(hash.digest().bytes())),
    )
}
