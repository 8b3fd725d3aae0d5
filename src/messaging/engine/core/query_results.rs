//! The server's answers to the queries of [`queries`](super::queries).

use super::EngineCore;
use super::names::users;
use super::pins::needs_primary;
use super::queries::{Query, Unanswered};
use crate::messaging::address::{Address, User};
use crate::messaging::engine::{EngineContext, QueryError};
use crate::messaging::record_cache::{
    DeviceList, ListedDevice, MissingRecords, RecordRequirements, RecordTable,
};
use crate::messaging::stanzas::bundles;
use crate::messaging::stanzas::device_list_check;
use crate::messaging::stanzas::devices::{self, Outcome, QueryFailed, UserDevices};
use crate::stanza::NodeRef;

/// The code for a number that is not on WhatsApp.
const NO_ACCOUNT: u32 = 404;

/// Returns what it means that the server gives no device lists for now.
pub(in crate::messaging::engine) fn refused(failed: QueryFailed) -> Unanswered {
    Unanswered::refused(failed.code).with_backoff(failed.backoff)
}

/// Returns what it means that a whole query is refused. For keys it is an answer only if the query was for one device.
pub(in crate::messaging::engine) fn refusal(query: &Query, of: usize, error: QueryError) -> Unanswered {
    let code = error.code;
    let is_answer = match query {
        Query::Devices(_) => false,
        Query::Bundle(_) => of == 1 && matches!(code, 404 | 406),
        Query::Group(_) => matches!(code, 401 | 403 | 404),
        Query::TimeLock => true,
    };
    Unanswered { is_answer, ..Unanswered::refused(code).with_backoff(error.backoff_s) }
}

impl EngineCore {
    /// Keeps the device lists that the server gave. Returns the queries that found no answer.
    pub(in crate::messaging::engine) fn lists_came(
        &mut self,
        asks: &[Query],
        answers: &[UserDevices<'_>],
        error: Option<Unanswered>,
        cx: &mut EngineContext<'_>,
    ) -> Result<Vec<(Query, Unanswered)>, MissingRecords> {
        let pairs: Vec<_> = answers.iter().filter_map(|answer| users(answer.pair.as_ref()?)).collect();
        let mut wants = RecordRequirements::default();
        wants.pairs(&self.cache, &pairs);
        let whose: Vec<_> = answers.iter().filter_map(|answer| User::of(&answer.user)).collect();
        whose.iter().for_each(|user| wants.name(&self.cache, user));
        wants.met()?;
        self.cache.learn_all(&pairs);
        let asked = asks.iter().filter_map(|ask| match ask {
            Query::Devices(user) => Some(user.clone()),
            _ => None,
        });
        // Of whom nothing is said, nothing has changed, if the server was told what we have.
        let answered = |user: &User| {
            let names = [Some(user.clone()), self.cache.user_alias(user)];
            names.iter().flatten().any(|name| whose.contains(name))
        };
        let left_out: Vec<User> = asked.filter(|user| !answered(user)).collect();
        let mut wants = RecordRequirements::default();
        left_out.iter().for_each(|user| wants.record(&self.cache, RecordTable::Devices, user.key()));
        for user in &whose {
            for name in [Some(user.clone()), self.cache.user_alias(user)].into_iter().flatten() {
                wants.record(&self.cache, RecordTable::Devices, name.key());
            }
            wants.keys(&self.cache, &user.device(0));
        }
        wants.met()?;
        // A user missing from the answer, with no list in the query, has no account, unless the server says it will not tell.
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
                    let names = [Some(user.clone()), self.cache.user_alias(&user)];
                    let mut known = false;
                    for name in names.iter().flatten() {
                        known |= self.touch_list(name, cx.unix_ms);
                    }
                    (!known).then_some(left)
                }
                Outcome::Failed(code @ NO_ACCOUNT) => Some(Unanswered::no(*code)),
                Outcome::Failed(code) => Some(Unanswered::refused(*code)),
            };
            let names = [Some(user.clone()), self.cache.user_alias(&user)];
            failed.retain_mut(|(ask, found)| {
                let is_it =
                    matches!(ask, Query::Devices(asked) if names.iter().flatten().any(|name| name == asked));
                if let Some(code) = code.filter(|_| is_it) {
                    *found = code;
                }
                !is_it || code.is_some()
            });
        }
        for user in left_out {
            let was_told = self.cache.devices.get(&user.key()).is_some_and(|list| !list.hash.is_empty());
            if was_told && self.touch_list(&user, cx.unix_ms) {
                failed.retain(|(ask, _)| !matches!(ask, Query::Devices(asked) if *asked == user));
            }
        }
        Ok(failed)
    }

    /// The list of a user's devices, as it stands now. It holds for both of the user's names.
    fn list_came(&mut self, user: &User, list: &devices::DeviceList<'_>, cx: &EngineContext<'_>) {
        let primary = self.cache.merge_identity(&user.device(0));
        let account_key = self.pinned(primary.address(), cx).map(|key| key.key());
        let classified = device_list_check::classify(&list.devices, &list.key_indexes, account_key.as_ref());
        if let Some(fault) = classified.fault {
            self.log(format!("a list of devices was cut down to the phone: {fault}"));
        }
        let (raw_id, signed_s) =
            classified.list.as_ref().map_or((0, 0), |list| (list.raw_id, list.timestamp));
        let held = self.cache.devices.get(&user.key());
        if held.is_some_and(|held| signed_s != 0 && signed_s < held.signed_s) {
            self.log("a list of devices is older than the one at hand and was left");
            self.touch_list(user, cx.unix_ms);
            return;
        }
        if held.is_some_and(|held| held.raw_id != 0 && raw_id != 0 && held.raw_id != raw_id) {
            self.began_anew(user);
        }
        let device = |device: &devices::Device| ListedDevice { id: device.id, key_index: device.key_index };
        let record = DeviceList {
            devices: classified.devices.iter().map(device).collect(),
            hash: if classified.fault.is_none() { list.hash.unwrap_or_default().into() } else { "".into() },
            signed_s,
            raw_id,
            fetched_ms: cx.unix_ms,
        };
        if let Some(name) = self.cache.user_alias(user) {
            // A hash is made of addresses: that of one name says nothing about the other.
            let held = self.cache.devices.get(&name.key()).filter(|held| held.devices == record.devices);
            let hash = held.map(|held| held.hash.clone()).unwrap_or_default();
            self.cache.devices.put(&name.key(), DeviceList { hash, ..record.clone() });
        }
        self.cache.devices.put(&user.key(), record);
    }

    /// The list that we have is true at this time. False if we have none.
    fn touch_list(&mut self, user: &User, unix_ms: i64) -> bool {
        let list = self.cache.devices.change(&user.key());
        list.is_some_and(|list| {
            list.fetched_ms = unix_ms;
            true
        })
    }

    /// Begins sessions with the keys that the server gave. Returns the queries that found no answer.
    pub(in crate::messaging::engine) fn bundles_came(
        &mut self,
        asks: &[Query],
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<Vec<(Query, Unanswered)>, MissingRecords> {
        if node.child("list").is_none() {
            // It says nothing of any device.
            return Ok(asks.iter().map(|query| (query.clone(), Unanswered::refused(0))).collect());
        }
        let mut answers: Vec<_> =
            bundles::answers(node).filter_map(|(jid, answer)| Some((Address::of(&jid)?, answer))).collect();
        // The phones first: their identities vouch for those of the companions.
        answers.sort_by_key(|(device, _)| !device.is_primary());
        let mut wants = RecordRequirements::default();
        answers.iter().for_each(|(device, _)| wants.name(&self.cache, &device.user));
        wants.met()?;
        let mut wants = RecordRequirements::default();
        for (device, _) in &answers {
            wants.keys(&self.cache, device);
            wants.keys(&self.cache, &device.user.device(0));
        }
        wants.met()?;
        let mut failed: Vec<_> = asks.iter().map(|ask| (ask.clone(), Unanswered::no(404))).collect();
        for (device, answer) in &answers {
            let code = match answer {
                Ok(bundle) => match self.open_session_with(device, bundle, cx) {
                    Ok(()) => None,
                    Err(error) => {
                        self.log(format!("keys of a device were refused: {error}"));
                        if needs_primary(&error) {
                            self.queries.ask(Query::Bundle(device.user.device(0)), cx.now);
                        }
                        Some(Unanswered::no(0))
                    }
                },
                Err(none) => Some(Unanswered::no(none.code)),
            };
            failed.retain_mut(|(ask, found)| {
                let is_it = matches!(ask, Query::Bundle(asked) if asked == device);
                if let Some(code) = code.filter(|_| is_it) {
                    *found = code;
                }
                !is_it || code.is_some()
            });
        }
        Ok(failed)
    }
}
