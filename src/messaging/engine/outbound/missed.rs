//! Devices that a message to a person did not go to, because the list of them was out of date. The server says so with the hash
//! of its own list in the acknowledgement; the lists are asked for anew, and whoever is missing gets the message under the
//! same id.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::Outbound;
use crate::messaging::address::{Address, User};
use crate::messaging::engine::EngineContext;
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::core::sessions::Progress;
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::phash::phash;
use crate::stanza::{Jid, Text};

/// The number of messages that may wait for lists.
const MOST: usize = 256;
/// Of how many people the last hash is remembered that a fresh list did not explain.
const MOST_SETTLED: usize = 4096;

/// The recipients of a message to a person.
pub(super) struct Fanout {
    /// The person, as addressed on the wire.
    pub(super) user: User,
    /// Our own account under the same kind of name.
    pub(super) own: User,
    /// The devices of both, as they were known, without this one.
    pub(super) listed: Vec<Address>,
    /// Those that the message went to.
    pub(super) reached: BTreeSet<Address>,
    /// The token that was shown; empty if there was none.
    pub(super) shown: Vec<u8>,
}

/// A message of which the server knows devices that it did not go to.
struct MissedMessage {
    id: Text,
    user: User,
    own: User,
    reached: BTreeSet<Address>,
    hash: Text,
}

/// The messages that are to be completed.
#[derive(Default)]
pub(super) struct Missed {
    waiting: VecDeque<MissedMessage>,
    /// Hashes that a fresh list did not explain. They lead to no further question.
    settled: HashMap<User, Text>,
}

impl Missed {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Fanout {
    /// Returns whether these are the devices that the server means. Clients differ in whether the sending device is one of them.
    fn is(&self, hash: &str, this: &Jid) -> bool {
        let mut jids: Vec<Jid> = self.listed.iter().map(Address::jid).collect();
        if phash(&jids).as_deref() == Some(hash) {
            return true;
        }
        jids.push(self.own.device(this.device).jid());
        phash(&jids).as_deref() == Some(hash)
    }
}

impl Outbound {
    /// Compares the devices that a message went to with the server's own list, of which it gave the hash.
    pub(super) fn compare_devices(&mut self, core: &mut EngineCore, id: &Text, fanout: Fanout, hash: &str) {
        let is_settled = self.missed.settled.get(&fanout.user).is_some_and(|settled| **settled == *hash);
        if is_settled || fanout.is(hash, &core.own.pn) || self.missed.waiting.len() >= MOST {
            return;
        }
        core.devices_are_stale(&fanout.user);
        core.devices_are_stale(&fanout.own);
        let Fanout { user, own, reached, .. } = fanout;
        self.missed.waiting.push_back(MissedMessage {
            id: id.clone(),
            user,
            own,
            reached,
            hash: hash.into(),
        });
    }

    /// Has the messages sent to the devices that they did not go to, as soon as these are known.
    pub(in crate::messaging::engine) fn complete_missed(
        &mut self,
        core: &mut EngineCore,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        if !core.online || self.missed.is_empty() {
            return Ok(());
        }
        for _ in 0..self.missed.waiting.len() {
            let Some(message) = self.missed.waiting.pop_front() else { break };
            match devices_of_both(core, &message, cx) {
                Err(missing) => {
                    self.missed.waiting.push_front(message);
                    return Err(missing);
                }
                Ok(Progress::Waiting) => self.missed.waiting.push_back(message),
                Ok(Progress::Failed(why)) => {
                    core.log(format!("a message may lack devices that are not known: {why}"));
                }
                Ok(Progress::Done(devices)) => {
                    let missing: Vec<_> =
                        devices.into_iter().filter(|device| !message.reached.contains(device)).collect();
                    if missing.is_empty() {
                        self.settle(message.user, message.hash);
                    }
                    for device in missing {
                        self.send_copy(&message.id, device);
                    }
                }
            }
        }
        core.send_asks(cx);
        Ok(())
    }

    fn settle(&mut self, user: User, hash: Text) {
        if self.missed.settled.len() >= MOST_SETTLED {
            self.missed.settled.clear();
        }
        self.missed.settled.insert(user, hash);
    }
}

/// Notes what it takes for [`Outbound::compare_devices`].
pub(super) fn want_lists(core: &EngineCore, fanout: &Fanout, wants: &mut RecordRequirements) {
    for user in [&fanout.user, &fanout.own] {
        wants.record(&core.cache, RecordTable::Devices, user.key());
    }
}

/// Returns all devices of both sides, without this one.
fn devices_of_both(
    core: &mut EngineCore,
    message: &MissedMessage,
    cx: &EngineContext<'_>,
) -> Result<Progress<Vec<Address>>, MissingRecords> {
    let theirs = core.devices_of(&message.user, cx)?;
    Ok(match (theirs, core.devices_of(&message.own, cx)?) {
        (Progress::Done(mut all), Progress::Done(ours)) => {
            all.extend(ours.into_iter().filter(|device| !core.own.is_device(&device.jid())));
            Progress::Done(all)
        }
        (Progress::Failed(why), _) | (_, Progress::Failed(why)) => Progress::Failed(why),
        _ => Progress::Waiting,
    })
}
