//! A simulated device's side of the encryption.

use std::collections::{BTreeSet, HashMap, VecDeque};

use wa::{
    messaging::content::key_distribution,
    signal::{
        Bundle, GroupOutgoing, IdentityKey, Outgoing, Own, OwnSenderKey, RawBundle, SenderKeyRecord,
        SessionRecord, SignalError, pad,
    },
    stanza::{Jid, Node},
};

use super::{Heard, Scene};
use crate::{
    model::{DeviceAddress, KeyStore, Model},
    server::bundles,
};

/// Most messages that are kept to be sent again.
const MAX_SENT: usize = 4_096;

/// The session with one device.
#[derive(Default)]
pub(super) struct Session {
    pub(super) record: SessionRecord,
    pub(super) pin: Option<IdentityKey>,
}

/// The key with which this device writes to a group, and who has it.
struct GroupKey {
    key: OwnSenderKey,
    holders: BTreeSet<DeviceAddress>,
}

/// A sent message, kept for requests to send it again.
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) to: Jid,
    /// The serialised message, as the chat's other side gets it.
    pub(super) message: Vec<u8>,
    /// Attributes of the stanza that go with it again.
    pub(super) attrs: Vec<(&'static str, String)>,
    pub(super) at: u64,
}

/// A simulated device.
#[derive(Default)]
pub(crate) struct Actor {
    pub(super) sessions: HashMap<DeviceAddress, Session>,
    own_keys: HashMap<String, GroupKey>,
    pub(super) sender_keys: HashMap<(String, DeviceAddress), SenderKeyRecord>,
    pub(super) sent: VecDeque<Sent>,
    /// The number of requests for each message.
    pub(super) asked: HashMap<String, u8>,
    /// Stanzas that came while the phone was away.
    pub(super) waiting: VecDeque<Node>,
    pub(crate) heard: Heard,
}

/// Ciphertexts for single devices.
pub(super) struct Fanned {
    /// Each with the address that the stanza names.
    pub(super) encs: Vec<(Jid, Outgoing)>,
}

impl Fanned {
    /// Returns whether a session was opened with one of them.
    pub(super) fn opens(&self) -> bool {
        self.encs.iter().any(|(_, enc)| enc.kind.as_str() == "pkmsg")
    }
}

/// A message that is padded and encrypted, as a node.
pub(super) fn enc(outgoing: &Outgoing) -> Node {
    Node::new("enc").attr("v", "2").attr("type", outgoing.kind.as_str()).bytes(outgoing.bytes.clone())
}

/// The bundle of a device from what the server has of it; uses up a one-time prekey.
pub(super) fn bundle(scene: &mut Scene<'_>, device: &DeviceAddress) -> Result<Bundle, SignalError> {
    let mut random = scene.world.random();
    let keys = scene.model.keys_mut(device).ok_or(SignalError::NoSession)?;
    let one_time = keys.take_prekey(&mut random);
    let bundle = checked(keys, one_time);
    bundles::tell_low(scene.world, scene.model, device);
    bundle
}

fn checked(keys: &KeyStore, one_time: Option<(u32, wa::crypto::PublicKey)>) -> Result<Bundle, SignalError> {
    let three = |id: u32| {
        let [_, a, b, c] = id.to_be_bytes();
        [a, b, c]
    };
    let one_time = one_time.map(|(id, key)| (three(id), key));
    RawBundle {
        registration: &keys.registration_id.to_be_bytes(),
        key_type: None,
        identity: &keys.identity.0,
        signed_id: &three(keys.signed_prekey.id),
        signed_value: &keys.signed_prekey.key.0,
        signed_signature: &keys.signed_prekey.signature,
        one_time: one_time.as_ref().map(|(id, key)| (id.as_slice(), key.0.as_slice())),
    }
    .check()
}

impl Actor {
    /// Opens a session from a bundle. People believe whatever identity they are shown.
    pub(super) fn open(
        &mut self,
        scene: &Scene<'_>,
        device: &DeviceAddress,
        bundle: &Bundle,
    ) -> Result<(), SignalError> {
        let own = own(scene.model, scene.address).ok_or(SignalError::NoSession)?;
        let session = self.sessions.entry(device.clone()).or_default();
        let pin = *bundle.identity();
        session.record.open(bundle, own, &pin, &mut scene.world.random())?;
        session.pin = Some(pin);
        Ok(())
    }

    /// Encrypts for one device, with a new session if there is none.
    pub(super) fn encrypt(
        &mut self,
        scene: &mut Scene<'_>,
        device: &DeviceAddress,
        message: &[u8],
    ) -> Result<Outgoing, SignalError> {
        let can_send = self
            .sessions
            .get(device)
            .is_some_and(|session| session.pin.as_ref().is_some_and(|pin| session.record.can_send(pin)));
        if !can_send {
            let bundle = bundle(scene, device)?;
            self.open(scene, device, &bundle)?;
        }
        let own = own(scene.model, scene.address).ok_or(SignalError::NoSession)?;
        let session = self.sessions.get_mut(device).ok_or(SignalError::NoSession)?;
        let pin = session.pin.ok_or(SignalError::NoSession)?;
        let mut random = scene.world.random();
        let mut padded = message.to_vec();
        pad(&mut padded, &mut random);
        session.record.encrypt(&padded, own, &pin, &mut random)
    }

    /// Encrypts for several devices, each under the name that the stanza is to give it. A device without usable keys is left
    /// out.
    pub(super) fn fan_out(
        &mut self,
        scene: &mut Scene<'_>,
        devices: Vec<(DeviceAddress, Jid, &[u8])>,
    ) -> Fanned {
        let encs = devices.into_iter().filter_map(|(device, jid, message)| {
            match self.encrypt(scene, &device, message) {
                Ok(outgoing) => Some((jid, outgoing)),
                Err(error) => {
                    scene
                        .world
                        .log
                        .note(None, format!("{} cannot write to {jid}: {error}", scene.address.jid()));
                    None
                }
            }
        });
        Fanned { encs: encs.collect() }
    }

    /// Encrypts for a group. Returns the sender key, too, encrypted for those of `everybody` who lack it. A key is replaced
    /// first if a holder of it is not among them any more.
    pub(super) fn encrypt_for_group(
        &mut self,
        scene: &mut Scene<'_>,
        group: &Jid,
        everybody: Vec<(DeviceAddress, Jid)>,
        message: &[u8],
    ) -> Result<(GroupOutgoing, Fanned), SignalError> {
        let mut random = scene.world.random();
        let id = group.user.to_string();
        let here: BTreeSet<&DeviceAddress> = everybody.iter().map(|(device, _)| device).collect();
        let kept = self
            .own_keys
            .remove(&id)
            .filter(|kept| !kept.key.is_worn() && kept.holders.iter().all(|holder| here.contains(holder)));
        let mut kept = kept.unwrap_or_else(|| GroupKey {
            key: OwnSenderKey::generate(&mut random),
            holders: BTreeSet::new(),
        });
        let distribution = key_distribution(group, &kept.key.distribution());
        let lacking: Vec<_> =
            everybody.into_iter().filter(|(device, _)| !kept.holders.contains(device)).collect();
        kept.holders.extend(lacking.iter().map(|(device, _)| device.clone()));
        let fanned = self.fan_out(
            scene,
            lacking.into_iter().map(|(device, jid)| (device, jid, distribution.as_slice())).collect(),
        );
        let mut padded = message.to_vec();
        pad(&mut padded, &mut random);
        let outgoing = kept.key.encrypt(&padded, &mut random)?;
        self.own_keys.insert(id, kept);
        Ok((outgoing, fanned))
    }

    /// Returns the current sender key of a group, for a device that has lost it.
    pub(super) fn group_distribution(&self, group: &Jid) -> Option<Vec<u8>> {
        Some(self.own_keys.get(group.user.as_str())?.key.distribution())
    }

    /// Forgets all sessions with an account.
    pub(crate) fn forget(&mut self, number: &str) {
        self.sessions.retain(|device, _| device.number != number);
        self.sender_keys.retain(|(_, device), _| device.number != number);
    }

    /// Keeps a message for requests to send it again.
    pub(super) fn remember(&mut self, sent: Sent) {
        if self.sent.len() >= MAX_SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
    }
}

/// A simulated device as its peers know it.
pub(super) fn own<'m>(model: &'m Model, address: &DeviceAddress) -> Option<Own<'m>> {
    let keys = model.keys(address)?;
    Some(Own { identity: &keys.secrets.as_ref()?.identity, registration_id: keys.registration_id })
}
