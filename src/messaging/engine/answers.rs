//! What the server answers to the questions of [`asks`](super::asks).

use super::asks::{Ask, Unanswered};
use super::open::needs_primary;
use super::receive::users;
use super::{Cx, Engine, Output, Tag};
use crate::messaging::address::{Address, User};
use crate::messaging::desk::{DeviceList, GroupRecord, ListedDevice, Missing, Shelf, Wants};
use crate::messaging::stanzas::bundles::{self, DeviceBundle};
use crate::messaging::stanzas::devices::{self, Outcome, QueryFailed, UserDevices};
use crate::messaging::stanzas::groups::{Group, Member, NoGroup, Rank};
use crate::messaging::stanzas::{AddressingMode, group_requests, key_index, restrictions};
use crate::signal::{Own, RawBundle, SessionRecord, SignalError};
use crate::stanza::NodeRef;

/// The code for somebody who is not on WhatsApp.
const NO_ACCOUNT: u32 = 404;

/// What it means that the server gives no device lists for now.
fn refused(failed: QueryFailed) -> Unanswered {
    Unanswered::refused(failed.code).with_backoff(failed.backoff)
}

/// What it means that a whole query is refused.
fn refusal(ask: &Ask, code: u32) -> Unanswered {
    let is_answer = match ask {
        Ask::Devices(_) => false,
        Ask::Bundle(_) => matches!(code, 404 | 406),
        Ask::Group(_) => matches!(code, 401 | 403 | 404),
        Ask::TimeLock => true,
    };
    Unanswered { is_answer, ..Unanswered::refused(code) }
}

impl Engine {
    /// The answer to a query: the stanza, or the code of the error (0 if there was none, or no answer came).
    pub(crate) fn reply(
        &mut self,
        tag: Tag,
        answer: Result<NodeRef<'_>, u32>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Missing> {
        if self.managed.has(tag) {
            return self.manage_answered(tag, answer, cx);
        }
        let asks = self.asks.of(tag);
        let all = |failed: Unanswered| asks.iter().map(|ask| (ask.clone(), failed)).collect();
        let unanswered: Vec<(Ask, Unanswered)> = match (asks.first(), answer) {
            (None, _) => return Ok(()),
            (Some(ask), Err(code)) => all(refusal(ask, code)),
            (Some(Ask::Devices(_)), Ok(node)) => match devices::answers(node) {
                Ok(answers) => {
                    let error = devices::query_error(node).map(refused);
                    self.lists_came(&asks, &answers.collect::<Vec<_>>(), error, cx)?
                }
                Err(failed) => all(refused(failed)),
            },
            (Some(Ask::Bundle(_)), Ok(node)) => self.bundles_came(&asks, node, cx)?,
            (Some(ask @ Ask::Group(_)), Ok(node)) => match group_requests::group(&node) {
                Ok(group) => {
                    self.group_came(&group, cx)?;
                    Vec::new()
                }
                Err(NoGroup::Refused { code, .. }) => all(refusal(ask, code)),
                Err(NoGroup::Malformed) => all(Unanswered::refused(0)),
            },
            (Some(Ask::TimeLock), Ok(node)) => {
                self.time_lock(restrictions::time_lock_answer(&node), cx);
                Vec::new()
            }
        };
        self.asks.done(tag, &unanswered, cx.now);
        Ok(())
    }

    fn lists_came(
        &mut self,
        asks: &[Ask],
        answers: &[UserDevices<'_>],
        error: Option<Unanswered>,
        cx: &mut Cx<'_>,
    ) -> Result<Vec<(Ask, Unanswered)>, Missing> {
        let pairs: Vec<_> = answers.iter().filter_map(|answer| users(answer.pair.as_ref()?)).collect();
        let mut wants = Wants::default();
        for (pn, lid) in &pairs {
            wants.name(&self.desk, pn);
            wants.name(&self.desk, lid);
        }
        let whose: Vec<_> = answers.iter().filter_map(|answer| User::of(&answer.user)).collect();
        whose.iter().for_each(|user| wants.name(&self.desk, user));
        wants.met()?;
        for (pn, lid) in &pairs {
            self.desk.learn(pn, lid);
        }
        let asked = asks.iter().filter_map(|ask| match ask {
            Ask::Devices(user) => Some(user.clone()),
            _ => None,
        });
        // Of whom nothing is said, nothing has changed, if the server was told what we have.
        let answered = |user: &User| {
            let names = [Some(user.clone()), self.desk.other_name(user)];
            names.iter().flatten().any(|name| whose.contains(name))
        };
        let left_out: Vec<User> = asked.filter(|user| !answered(user)).collect();
        let mut wants = Wants::default();
        left_out.iter().for_each(|user| wants.record(&self.desk, Shelf::Devices, user.key()));
        for user in &whose {
            for name in [Some(user.clone()), self.desk.other_name(user)].into_iter().flatten() {
                wants.record(&self.desk, Shelf::Devices, name.key());
            }
            wants.keys(&self.desk, &user.device(0));
        }
        wants.met()?;
        // Whom the server leaves out although it was not told of a list has no account, unless it says that it will not tell.
        let left = error.unwrap_or(Unanswered::no(NO_ACCOUNT));
        let mut failed: Vec<_> = asks.iter().map(|ask| (ask.clone(), left)).collect();
        for answer in answers {
            let Some(user) = User::of(&answer.user) else { continue };
            let code = match &answer.outcome {
                Outcome::List(list) => {
                    self.list_came(&user, list, cx);
                    None
                }
                Outcome::Unchanged => {
                    let names = [Some(user.clone()), self.desk.other_name(&user)];
                    let mut known = false;
                    for name in names.iter().flatten() {
                        known |= self.touch_list(name, cx.unix_ms);
                    }
                    (!known).then_some(left)
                }
                Outcome::Failed(code @ NO_ACCOUNT) => Some(Unanswered::no(*code)),
                Outcome::Failed(code) => Some(Unanswered::refused(*code)),
            };
            let names = [Some(user.clone()), self.desk.other_name(&user)];
            failed.retain_mut(|(ask, found)| {
                let is_it =
                    matches!(ask, Ask::Devices(asked) if names.iter().flatten().any(|name| name == asked));
                if let Some(code) = code.filter(|_| is_it) {
                    *found = code;
                }
                !is_it || code.is_some()
            });
        }
        for user in left_out {
            let was_told = self.desk.devices.get(&user.key()).is_some_and(|list| !list.hash.is_empty());
            if was_told && self.touch_list(&user, cx.unix_ms) {
                failed.retain(|(ask, _)| !matches!(ask, Ask::Devices(asked) if *asked == user));
            }
        }
        Ok(failed)
    }

    /// The list of a user's devices, as it stands now. It holds for both of the user's names.
    fn list_came(&mut self, user: &User, list: &devices::DeviceList<'_>, cx: &Cx<'_>) {
        let primary = self.desk.unite(&user.device(0));
        let account_key = self.pinned(primary.address(), cx).map(|key| key.key());
        let judged = key_index::judge(&list.devices, &list.key_indexes, account_key.as_ref());
        if let Some(fault) = judged.fault {
            self.out.push(Output::Log(format!("a list of devices was cut down to the phone: {fault}")));
        }
        let (raw_id, signed_s) = judged.list.as_ref().map_or((0, 0), |list| (list.raw_id, list.timestamp));
        let held = self.desk.devices.get(&user.key());
        if held.is_some_and(|held| signed_s != 0 && signed_s < held.signed_s) {
            self.out
                .push(Output::Log("a list of devices is older than the one at hand and was left".to_owned()));
            self.touch_list(user, cx.unix_ms);
            return;
        }
        if held.is_some_and(|held| held.raw_id != 0 && raw_id != 0 && held.raw_id != raw_id) {
            self.began_anew(user);
        }
        let device = |device: &devices::Device| ListedDevice { id: device.id, key_index: device.key_index };
        let record = DeviceList {
            devices: judged.devices.iter().map(device).collect(),
            hash: if judged.fault.is_none() { list.hash.unwrap_or_default().into() } else { "".into() },
            signed_s,
            raw_id,
            fetched_ms: cx.unix_ms,
        };
        if let Some(name) = self.desk.other_name(user) {
            // A hash is made of addresses: that of one name says nothing about the other.
            let held = self.desk.devices.get(&name.key()).filter(|held| held.devices == record.devices);
            let hash = held.map(|held| held.hash.clone()).unwrap_or_default();
            self.desk.devices.put(&name.key(), DeviceList { hash, ..record.clone() });
        }
        self.desk.devices.put(&user.key(), record);
    }

    /// The list that we have is true at this time. False if we have none.
    fn touch_list(&mut self, user: &User, unix_ms: i64) -> bool {
        let list = self.desk.devices.change(&user.key());
        list.is_some_and(|list| {
            list.fetched_ms = unix_ms;
            true
        })
    }

    fn bundles_came(
        &mut self,
        asks: &[Ask],
        node: NodeRef<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Vec<(Ask, Unanswered)>, Missing> {
        let mut answers: Vec<_> =
            bundles::answers(node).filter_map(|(jid, answer)| Some((Address::of(&jid)?, answer))).collect();
        // The phones first: their identities vouch for those of the companions.
        answers.sort_by_key(|(device, _)| !device.is_primary());
        let mut wants = Wants::default();
        answers.iter().for_each(|(device, _)| wants.name(&self.desk, &device.user));
        wants.met()?;
        let mut wants = Wants::default();
        for (device, _) in &answers {
            wants.keys(&self.desk, device);
            wants.keys(&self.desk, &device.user.device(0));
        }
        wants.met()?;
        let mut failed: Vec<_> = asks.iter().map(|ask| (ask.clone(), Unanswered::no(404))).collect();
        for (device, answer) in &answers {
            let code = match answer {
                Ok(bundle) => match self.open_session_with(device, bundle, cx) {
                    Ok(()) => None,
                    Err(error) => {
                        self.out.push(Output::Log(format!("keys of a device were refused: {error}")));
                        if needs_primary(&error) {
                            self.asks.ask(Ask::Bundle(device.user.device(0)), cx.now);
                        }
                        Some(Unanswered::no(0))
                    }
                },
                Err(none) => Some(Unanswered::no(none.code)),
            };
            failed.retain_mut(|(ask, found)| {
                let is_it = matches!(ask, Ask::Bundle(asked) if asked == device);
                if let Some(code) = code.filter(|_| is_it) {
                    *found = code;
                }
                !is_it || code.is_some()
            });
        }
        Ok(failed)
    }

    /// Begins a session with a device. Its keys and those of its primary are at hand.
    pub(super) fn open_session_with(
        &mut self,
        device: &Address,
        bundle: &DeviceBundle<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), SignalError> {
        let keys = &bundle.keys;
        let raw = RawBundle {
            registration: keys.registration,
            key_type: keys.key_type,
            identity: keys.identity,
            signed_id: keys.signed_id,
            signed_value: keys.signed_value,
            signed_signature: keys.signed_signature,
            one_time: keys.one_time,
        };
        let checked = raw.check()?;
        let identity = *checked.identity();
        self.desk.unite(&device.user.device(0));
        let resolved = self.desk.unite(device);
        let verdict = self.judge(&identity, bundle.device_identity, resolved.address(), cx)?;
        let own = Own { identity: &cx.device.identity, registration_id: cx.device.registration_id };
        let key = resolved.key();
        if self.desk.sessions.get(&key).is_none() {
            self.desk.sessions.put(&key, SessionRecord::default());
        }
        if let Some(session) = self.desk.sessions.change(&key) {
            session.open(&checked, own, &identity, cx.rng)?;
        }
        self.pin(&resolved, &identity, verdict);
        Ok(())
    }

    pub(super) fn group_came(&mut self, group: &Group, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let pairs: Vec<_> = group.pairs().filter_map(users).collect();
        let mut wants = Wants::default();
        for (pn, lid) in &pairs {
            wants.name(&self.desk, pn);
            wants.name(&self.desk, lid);
        }
        wants.met()?;
        for (pn, lid) in &pairs {
            self.desk.learn(pn, lid);
        }
        let is_admin = |who: &&Member| who.rank != Rank::Member;
        let record = GroupRecord {
            by_lid: group.addressing_mode == AddressingMode::Lid,
            members: group.members.iter().filter_map(|who| User::of(&who.jid)).collect(),
            admins: group.members.iter().filter(is_admin).filter_map(|who| User::of(&who.jid)).collect(),
            expiration: group.expiration,
            fetched_ms: cx.unix_ms,
        };
        self.desk.groups.put(group.jid.to_string().as_bytes(), record);
        Ok(())
    }
}
