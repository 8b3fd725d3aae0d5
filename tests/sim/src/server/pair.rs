//! The server's part of every link, whatever it began with: the phone's upload becomes pair-success, the companion's
//! answer is checked, and the device exists.

use std::sync::Arc;

use tokio::sync::oneshot;
use wa::{
    crypto::PublicKey,
    pairing::account::reply_is_right,
    proto::{
        Message,
        adv::{AdvSignedDeviceIdentity, AdvSignedDeviceIdentityHmac},
    },
    stanza::{Jid, Node, NodeRef},
};

use super::{answer, devices, link_code};
use crate::{
    faults::{End, Forgery, Refusal},
    model::{
        Connection, Device, DeviceAddress, KeyStore, Model, PendingLink, Queue, RecentlySent, Stage, Unpaired,
    },
    world::{World, unix_millis, unix_seconds},
};

/// A phone's upload to link a companion.
pub(crate) struct Upload<'a> {
    pub(crate) number: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) noise: PublicKey,
    /// `ADVSignedDeviceIdentityHMAC`.
    pub(crate) container: Vec<u8>,
    pub(crate) key_index: u32,
    /// `ClientPairingProps`, if the phone sends them.
    pub(crate) client_props: Option<Vec<u8>>,
    /// The fault of pair-success beside the container.
    pub(crate) forgery: Option<Forgery>,
}

/// Told when the companion has answered pair-success, with the code and text of its refusal; dropped if it goes away.
pub(crate) type Answered = oneshot::Receiver<Result<(), (String, String)>>;

/// Links the companion that waits behind a ref. The device can log in once the companion has signed.
pub(crate) fn upload(world: &World, upload: Upload<'_>) -> Result<(DeviceAddress, Answered), Refusal> {
    let mut model = world.model.lock();
    let connection_id = model.refs.get(upload.reference).ok_or(Refusal::new(404))?.connection;
    let connection = model.connection(connection_id).ok_or(Refusal::new(404))?;
    let unpaired = model.unpaired(connection_id).ok_or(Refusal::new(404))?;
    if unpaired.noise != upload.noise {
        return Err(Refusal::new(401));
    }
    if unpaired.pending.is_some() {
        return Err(Refusal::new(409));
    }
    let (details, account_key, account_signature) =
        parts(&upload.container).unwrap_or((Vec::new(), PublicKey([0; 32]), Vec::new()));
    let device = Device {
        noise: unpaired.noise,
        keys: KeyStore::new(unpaired.identity, unpaired.registration_id, unpaired.signed_prekey.clone()),
        key_index: upload.key_index,
        props: unpaired.props.clone(),
        signed_identity: None,
        linked_ms: unix_millis(),
        last_seen_ms: unix_millis(),
        logins: 0,
        version: unpaired.version.clone(),
        connection: None,
        passive: false,
        provisioned: false,
        available: false,
        queue: Queue::default(),
        offline: None,
        sent: RecentlySent::default(),
        phash_mismatches: 0,
    };
    let phone = model.phones.get_mut(upload.number).ok_or(Refusal::new(401))?;
    let address = DeviceAddress { number: upload.number.to_owned(), device: phone.free_device() };
    let lid = phone.lid(address.device);
    let (platform, business) = (phone.behaviour.platform.clone(), phone.behaviour.business_name.clone());
    phone.devices.insert(address.device, device);
    if phone.request.as_ref().is_some_and(|request| request.connection == connection_id) {
        phone.request = None;
    }
    model.burn_refs(connection_id);
    let iq = world.stanza_id();
    let (done, answered) = oneshot::channel();
    if let Some(unpaired) = model.unpaired(connection_id) {
        unpaired.passkey = None;
        unpaired.pending = Some(PendingLink {
            iq: iq.clone(),
            address: address.clone(),
            details,
            account_signature,
            account_key,
            key_index: upload.key_index,
            done: Some(done),
        });
    }
    drop(model);

    use Forgery as F;
    let unless = |forgery, node: Node| (upload.forgery != Some(forgery)).then_some(node);
    let mut device = Node::new("device").attr("jid", address.jid());
    if upload.forgery != Some(F::NoLid) {
        device = device.attr("lid", lid);
    }
    let children = [
        unless(F::NoDevice, device),
        unless(F::NoPlatform, Node::new("platform").attr("name", platform)),
        unless(F::NoIdentity, Node::new("device-identity").bytes(upload.container)),
        business.map(|name| Node::new("biz").attr("name", name)),
        upload.client_props.map(|props| Node::new("client-props").bytes(props)),
    ];
    connection.send(
        Node::new("iq")
            .attr("from", Jid::server())
            .attr("type", "set")
            .attr("xmlns", "md")
            .attr("id", iq)
            .attr("t", unix_seconds())
            .child(Node::new("pair-success").children(children.into_iter().flatten())),
    );
    Ok((address, answered))
}

/// Details, account key and account signature out of a container.
fn parts(container: &[u8]) -> Option<(Vec<u8>, PublicKey, Vec<u8>)> {
    let container = AdvSignedDeviceIdentityHmac::decode(container).ok()?;
    let signed = AdvSignedDeviceIdentity::decode(container.details?.as_slice()).ok()?;
    Some((signed.details?, PublicKey::from_slice(&signed.account_signature_key?)?, signed.account_signature?))
}

/// A companion answers an iq of ours. Only the answer to pair-success is of interest.
pub(super) fn answered(world: &World, connection: &Arc<Connection>, node: NodeRef<'_>) {
    let mut model = world.model.lock();
    let Some(unpaired) = model.unpaired(connection.id) else { return };
    let Some(pending) = unpaired.pending.take_if(|pending| node.is("id", &pending.iq)) else { return };
    let identity = unpaired.identity;
    let PendingLink { address, details, account_signature, account_key, key_index, done, .. } = pending;
    let outcome = if node.is("type", "error") {
        let error = node.child("error");
        let text = |key| error.and_then(|error| error.str(key)).unwrap_or_default().into_owned();
        Err((text("code"), text("text")))
    } else {
        match signed_identity(node, &details, &account_signature, &account_key, key_index, &identity) {
            Some(blob) => {
                if let Some(device) = model.device_mut(&address) {
                    device.signed_identity = Some(blob);
                }
                devices::added(world, &mut model, &address);
                Ok(())
            }
            None => Err(("sign".to_owned(), "pair-device-sign is wrong".to_owned())),
        }
    };
    match &outcome {
        Ok(()) => {
            world.log.note(Some(connection.id), format!("linked as {}", address.jid()));
            connection.send(answer::stream_error(Some("515"), None, None));
            connection.end(End::Polite);
        }
        Err((code, text)) => {
            world.log.note(Some(connection.id), format!("pair-success was refused: {code} {text}"));
            if let Some(phone) = model.phones.get_mut(&address.number) {
                phone.devices.remove(&address.device);
            }
            if code == "sign" {
                connection.end(End::Polite);
            }
        }
    }
    drop(model);
    if let Some(done) = done {
        // The phone may have lost patience.
        let _ = done.send(outcome);
    }
    world.changed.notify_waiters();
}

/// The device identity in pair-device-sign, if it is right.
fn signed_identity(
    node: NodeRef<'_>,
    details: &[u8],
    account_signature: &[u8],
    account_key: &PublicKey,
    key_index: u32,
    identity: &PublicKey,
) -> Option<Vec<u8>> {
    let child = node.child("pair-device-sign")?.child("device-identity")?;
    let reply = child.bytes()?;
    let said = u32::try_from(child.u64("key-index")?).ok()?;
    let same_account =
        AdvSignedDeviceIdentity::decode(reply).ok()?.account_signature.as_deref() == Some(account_signature);
    (same_account && said == key_index && reply_is_right(reply, key_index, details, identity, account_key))
        .then(|| reply.to_vec())
}

/// The connection of a fresh companion has ended.
pub(super) fn abandoned(model: &mut Model, id: u64, unpaired: Unpaired) {
    model.burn_refs(id);
    if let Some((number, _)) = &unpaired.code
        && let Some(phone) = model.phones.get_mut(number)
    {
        phone.request.take_if(|request| request.connection == id);
    }
    if let Some(pending) = &unpaired.pending {
        forget(model, &pending.address);
    }
}

/// Takes back a device that was never signed.
fn forget(model: &mut Model, address: &DeviceAddress) {
    if let Some(phone) = model.phones.get_mut(&address.number)
        && phone.devices.get(&address.device).is_some_and(|device| device.signed_identity.is_none())
    {
        phone.devices.remove(&address.device);
    }
}

/// The phone does not wait any longer for the companion's answer.
pub(crate) fn give_up(world: &World, address: &DeviceAddress) {
    let mut model = world.model.lock();
    forget(&mut model, address);
    for entry in model.connections.values_mut() {
        if let Stage::Unpaired(unpaired) = &mut entry.stage {
            unpaired.pending.take_if(|pending| pending.address == *address);
        }
    }
}

/// Returns whether a companion is in the middle of being linked, so that its connection must not be closed for age.
pub(super) fn is_busy(model: &mut Model, id: u64) -> bool {
    let Some(unpaired) = model.unpaired(id) else { return false };
    if unpaired.pending.is_some() || unpaired.passkey.is_some() {
        return true;
    }
    let Some((number, _)) = unpaired.code.clone() else { return false };
    model
        .phones
        .get(&number)
        .and_then(|phone| phone.request.as_ref())
        .is_some_and(|request| request.connection == id)
}

/// A message of the server to a fresh companion out of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Nudge {
    /// `companion_reg_refresh`: make a new secret and show the QR again.
    RegRefresh,
    /// The same in its other spelling.
    RotateQr,
    /// `companion_reg_refresh` without a child.
    EmptyRefresh,
    /// `link_code_companion_reg` without a child.
    EmptyLinkCode,
    /// A primary_hello for a ref that nobody has.
    ForeignRef,
    /// The phone that scanned cannot link companions.
    Downgrade,
    /// A new list of refs.
    PairDevice,
}

/// Says it; false if there is no such fresh companion.
pub(crate) fn nudge(world: &World, connection: u64, what: Nudge) -> bool {
    let mut model = world.model.lock();
    if model.unpaired(connection).is_none() {
        return false;
    }
    let refresh = |child: Option<&'static str>| {
        let node = answer::notification(world.stanza_id(), "companion_reg_refresh", unix_seconds());
        match child {
            Some(tag) => node.child(Node::new(tag)),
            None => node,
        }
    };
    let link_code = || answer::notification(world.stanza_id(), "link_code_companion_reg", unix_seconds());
    let node = match what {
        Nudge::RegRefresh => refresh(Some("companion_reg_refresh")),
        Nudge::RotateQr => refresh(Some("pair-device-rotate-qr")),
        Nudge::EmptyRefresh => refresh(None),
        Nudge::EmptyLinkCode => link_code(),
        Nudge::ForeignRef => link_code().child(
            Node::new("link_code_companion_reg")
                .attr("stage", "primary_hello")
                .child(Node::new("link_code_pairing_ref").text("2@of-somebody-else"))
                .child(Node::new("link_code_pairing_wrapped_primary_ephemeral_pub").bytes([7; 80]))
                .child(Node::new("primary_identity_pub").bytes([9; 32])),
        ),
        Nudge::Downgrade => {
            let node = Node::new("ib").attr("from", Jid::server()).child(Node::new("downgrade_webclient"));
            link_code::notify(&mut model, connection, node);
            return true;
        }
        Nudge::PairDevice => {
            let node = super::register::fresh_refs(world, &mut model, connection);
            link_code::notify(&mut model, connection, node);
            return true;
        }
    };
    link_code::notify(&mut model, connection, node);
    true
}
