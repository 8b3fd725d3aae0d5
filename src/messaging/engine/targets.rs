//! The devices that a message goes to, and a session with each of them.

use super::asks::{Ask, AskState};
use super::{Cx, Engine};
use crate::messaging::address::{Address, Kind, User};
use crate::messaging::desk::{Missing, Resolved, Shelf, Wants};
use crate::messaging::stanzas::incoming::EncKind;
use crate::messaging::stanzas::outgoing::Ciphertext;
use crate::signal::{self, Own, pad};
use crate::stanza::Jid;
use zeroize::Zeroizing;

/// A device that a message goes to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// As it is addressed on the wire: all of one message are by phone number, or all by LID.
    pub(super) wire: Address,
    /// Where its keys are.
    pub(super) keys: Resolved,
}

impl Target {
    pub(super) fn jid(&self) -> Jid {
        self.wire.jid()
    }
}

/// How long a device list is relied on. A change is announced; this is for the announcement that was missed.
const LIST_HOLDS_MS: i64 = 24 * 3_600_000;
/// How many messages may be encrypted for one device ahead of what the store says, so that not each of them writes a session.
const AHEAD: u32 = 32;

impl Engine {
    /// Our own account under the same kind of name as those whom we write to.
    pub(super) fn own_user(&self, kind: Kind) -> Option<User> {
        match (kind, &self.own.lid) {
            (Kind::Lid, Some(lid)) => User::of(lid),
            _ => User::of(&self.own.pn),
        }
    }

    /// The devices of a user; `None` while the server is asked for them.
    pub(super) fn devices_of(&mut self, user: &User, cx: &Cx<'_>) -> Result<Option<Vec<Address>>, Missing> {
        let mut wants = Wants::default();
        wants.record(&self.desk, Shelf::Devices, user.key());
        wants.met()?;
        let list = self.desk.devices.get(&user.key());
        let age = list.map(|list| cx.unix_ms.saturating_sub(list.fetched_ms));
        let fresh = age.is_some_and(|age| (-LIST_HOLDS_MS..LIST_HOLDS_MS).contains(&age));
        let addresses =
            |ids: &mut dyn Iterator<Item = u16>| -> Vec<_> { ids.map(|id| user.device(id)).collect() };
        let known = list.map(|list| addresses(&mut list.devices.iter().map(|device| device.id)));
        if fresh {
            return Ok(known);
        }
        match self.asks.ask(Ask::Devices(user.clone()), cx.now) {
            AskState::Open => Ok(None),
            // The phone is there, whatever else may be.
            AskState::Failed(_) => Ok(Some(known.unwrap_or_else(|| vec![user.device(0)]))),
        }
    }

    /// Those of the devices with which there is a session; `None` while the server is asked for keys. A device whose keys
    /// cannot be had is left out.
    pub(super) fn with_sessions(
        &mut self,
        devices: &[Address],
        cx: &Cx<'_>,
    ) -> Result<Option<Vec<Target>>, Missing> {
        let mut wants = Wants::default();
        devices.iter().for_each(|device| wants.name(&self.desk, &device.user));
        wants.met()?;
        let mut wants = Wants::default();
        devices.iter().for_each(|device| wants.keys(&self.desk, device));
        wants.met()?;
        let (mut ready, mut complete) = (Vec::with_capacity(devices.len()), true);
        for wire in devices {
            let keys = self.desk.unite(wire);
            let pin = self.desk.pins.get(&keys.key());
            let session = self.desk.sessions.get(&keys.key());
            let usable =
                session.zip(pin).is_some_and(|(session, pin)| !pin.superseded && session.can_send(&pin.key));
            if usable {
                ready.push(Target { wire: wire.clone(), keys });
            } else if self.asks.ask(Ask::Bundle(wire.clone()), cx.now) == AskState::Open {
                complete = false;
            }
        }
        Ok(complete.then_some(ready))
    }

    /// Encrypts for one device. `None` if its session cannot be used after all. Says whether it may leave at once, because
    /// what is on disk accounts for its key.
    pub(super) fn encrypt_for(
        &mut self,
        target: &Resolved,
        plaintext: &[u8],
        cx: &mut Cx<'_>,
    ) -> Option<(Ciphertext, bool)> {
        let key = target.key();
        let pin = self.desk.pins.get(&key)?.key;
        let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
        let mut padded = Zeroizing::new(Vec::with_capacity(plaintext.len() + 16));
        padded.extend_from_slice(plaintext);
        pad(&mut padded, cx.rng);
        let session = self.desk.sessions.use_quietly(&key)?;
        let sealed = session.encrypt(&padded, own, &pin, cx.rng).ok()?;
        // In good time, so that a steady sender never has to wait for a commit.
        if !sealed.is_covered || session.leased() < AHEAD / 2 {
            self.desk.sessions.change(&key)?.lease(AHEAD);
        }
        let kind = match sealed.kind {
            signal::Kind::Pkmsg => EncKind::Prekey,
            signal::Kind::Msg => EncKind::Session,
        };
        Some((Ciphertext { kind, bytes: sealed.bytes }, sealed.is_covered))
    }

    /// A user has begun anew: even if the devices have the numbers they had, they are others.
    pub(super) fn devices_are_void(&mut self, user: &User) {
        self.devices_are_stale(user);
        if let Some(list) = self.desk.devices.change(&user.key()) {
            list.hash = "".into();
        }
    }

    /// The list of a user's devices is not to be relied on.
    pub(super) fn devices_are_stale(&mut self, user: &User) {
        if let Some(list) = self.desk.devices.change(&user.key()) {
            list.fetched_ms = i64::MIN / 2;
        }
    }
}
