//! Devices that a message to a person did not go to, because the list of them was out of date. The server says so with the hash
//! of its own list in the acknowledgement; the lists are asked for anew, and whoever is missing gets the message under the
//! same id.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::fanout::Progress;
use super::{Engine, EngineContext, Output};
use crate::messaging::address::{Address, User};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable};
use crate::messaging::stanzas::phash::phash;
use crate::stanza::{Jid, Text};

/// How many messages may wait for lists.
const MOST: usize = 256;
/// Of how many people the last hash is remembered that a fresh list did not explain.
const MOST_SETTLED: usize = 4096;

/// To whom a message to a person went.
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
    /// Whether these are the devices that the server means. Clients differ in whether the sending device is one of them.
    fn is(&self, hash: &str, this: &Jid) -> bool {
        let mut jids: Vec<Jid> = self.listed.iter().map(Address::jid).collect();
        if phash(&jids).as_deref() == Some(hash) {
            return true;
        }
        jids.push(self.own.device(this.device).jid());
        phash(&jids).as_deref() == Some(hash)
    }
}

impl Engine {
    /// Notes what it takes for [`Engine::compare_devices`].
    pub(super) fn want_lists(&self, fanout: &Fanout, wants: &mut RecordRequirements) {
        for user in [&fanout.user, &fanout.own] {
            wants.record(&self.cache, RecordTable::Devices, user.key());
        }
    }

    /// The server has taken a message to a person, and says for which devices by its own list.
    pub(super) fn compare_devices(&mut self, id: &Text, fanout: Fanout, hash: &str) {
        let is_settled = self.missed.settled.get(&fanout.user).is_some_and(|settled| **settled == *hash);
        if is_settled || fanout.is(hash, &self.own.pn) || self.missed.waiting.len() >= MOST {
            return;
        }
        self.devices_are_stale(&fanout.user);
        self.devices_are_stale(&fanout.own);
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
    pub(super) fn complete_missed(&mut self, cx: &mut EngineContext<'_>) -> Result<(), MissingRecords> {
        if !self.sends.is_online() || self.missed.is_empty() {
            return Ok(());
        }
        for _ in 0..self.missed.waiting.len() {
            let Some(message) = self.missed.waiting.pop_front() else { break };
            match self.devices_of_both(&message, cx) {
                Err(missing) => {
                    self.missed.waiting.push_front(message);
                    return Err(missing);
                }
                Ok(Progress::Waiting) => self.missed.waiting.push_back(message),
                Ok(Progress::Failed(why)) => {
                    self.out
                        .push(Output::Log(format!("a message may lack devices that are not known: {why}")));
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
        self.send_asks(cx);
        Ok(())
    }

    fn settle(&mut self, user: User, hash: Text) {
        if self.missed.settled.len() >= MOST_SETTLED {
            self.missed.settled.clear();
        }
        self.missed.settled.insert(user, hash);
    }

    /// All devices of both sides, without this one.
    fn devices_of_both(
        &mut self,
        message: &MissedMessage,
        cx: &EngineContext<'_>,
    ) -> Result<Progress<Vec<Address>>, MissingRecords> {
        let theirs = self.devices_of(&message.user, cx)?;
        Ok(match (theirs, self.devices_of(&message.own, cx)?) {
            (Progress::Done(mut all), Progress::Done(ours)) => {
                all.extend(ours.into_iter().filter(|device| !self.own.is_device(&device.jid())));
                Progress::Done(all)
            }
            (Progress::Failed(why), _) | (_, Progress::Failed(why)) => Progress::Failed(why),
            _ => Progress::Waiting,
        })
    }
}
