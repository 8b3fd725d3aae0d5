//! A fresh companion: it gets refs and waits to be linked.

use std::time::Instant;

use base64::{Engine, engine::general_purpose::STANDARD};
use wa::{
    crypto::{PublicKey, Random, random_array},
    proto::companion::DeviceProps,
    stanza::{Jid, Node},
};

use crate::{
    model::{Connection, Model, RefEntry, RefKind, SignedPrekey, Stage, Unpaired},
    world::World,
};

/// The registration of a fresh companion, after all checks.
pub(super) struct Registration {
    pub(super) noise: PublicKey,
    pub(super) identity: PublicKey,
    pub(super) registration_id: u32,
    pub(super) signed_prekey: SignedPrekey,
    pub(super) props: DeviceProps,
    pub(super) version: String,
}

/// Offers the refs for QR codes. From now on codes can be asked for, too.
pub(super) fn offer(world: &World, connection: &Connection, registration: Registration) {
    let Registration { noise, identity, registration_id, signed_prekey, props, version } = registration;
    let offer = {
        let mut model = world.model.lock();
        let Some(entry) = model.connections.get_mut(&connection.id) else { return };
        entry.stage = Stage::Unpaired(Box::new(Unpaired {
            noise,
            identity,
            registration_id,
            signed_prekey,
            props,
            version,
            code: None,
            pending: None,
            passkey: None,
            unacked: Vec::new(),
        }));
        fresh_refs(world, &mut model, connection.id)
    };
    connection.send(offer);
}

/// The stanza that offers new refs.
pub(super) fn fresh_refs(world: &World, model: &mut Model, connection: u64) -> Node {
    let mut random = world.random();
    let refs: Vec<Node> = (0..world.options.refs)
        .map(|_| Node::new("ref").text(mint(model, connection, RefKind::Qr, &mut random)))
        .collect();
    Node::new("iq")
        .attr("from", Jid::server())
        .attr("type", "set")
        .attr("xmlns", "md")
        .attr("id", world.stanza_id())
        .child(Node::new("pair-device").children(refs))
}

/// Makes a ref that leads to a connection.
pub(super) fn mint(model: &mut Model, connection: u64, kind: RefKind, random: &mut dyn Random) -> String {
    let bytes: [u8; 24] = random_array(random);
    let reference = format!("2@{}", STANDARD.encode(bytes));
    model.refs.insert(reference.clone(), RefEntry { connection, kind, made: Instant::now() });
    reference
}
