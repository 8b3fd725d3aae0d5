//! Questions to the server that sending depends on: device lists, groups, keys. Each is asked once, however many messages wait
//! for it, and many go into one query.

use std::collections::{HashMap, HashSet};

use super::EngineCore;
use super::query_budget::QueryBudget;
use crate::messaging::address::{Address, User};
use crate::messaging::engine::{EngineContext, Millis, Output, Tag};
use crate::messaging::record_cache::RecordCache;
use crate::messaging::stanzas::bundles::{self, BundleReason};
use crate::messaging::stanzas::devices::{self, HeldList, QueryContext, UserQuery};
use crate::messaging::stanzas::{group_requests, restrictions};
use crate::stanza::{Jid, Node};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::messaging::engine) enum Query {
    /// The devices of a user.
    Devices(User),
    /// The keys with which a session with a device begins, under the name that it has on the wire.
    Bundle(Address),
    /// The members of a group.
    Group(Jid),
    /// The time-lock: if the account may write to people who do not know it.
    TimeLock,
}

impl Query {
    fn user(&self) -> Option<Jid> {
        match self {
            Self::Devices(user) => Some(user.jid()),
            _ => None,
        }
    }

    fn device(&self) -> Option<Jid> {
        match self {
            Self::Bundle(device) => Some(device.jid()),
            _ => None,
        }
    }
}

/// The state of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::messaging::engine) enum QueryState {
    /// The answer will come; or the question failed and is put again before long.
    Open,
    /// There is no answer for now.
    Failed(QueryFailure),
}

/// The reason why a query has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::messaging::engine) struct QueryFailure {
    /// The code of the server; 0 if it gave none, or did not answer at all.
    pub(in crate::messaging::engine) code: u32,
    /// Milliseconds until the question may be put again.
    pub(in crate::messaging::engine) wait: Millis,
    /// The server answered the question: with no.
    pub(in crate::messaging::engine) is_answer: bool,
}

/// The failure of a query that found no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::messaging::engine) struct Unanswered {
    /// The code of the server; 0 if it gave none, or did not answer at all.
    pub(in crate::messaging::engine) code: u32,
    /// The server answered the question: with no. Otherwise it refused to answer for now.
    pub(in crate::messaging::engine) is_answer: bool,
    /// The seconds for which the server wants to be left alone; 0 if it does not say.
    pub(in crate::messaging::engine) backoff_s: u64,
}

impl Unanswered {
    /// The server's no, by its code.
    pub(in crate::messaging::engine) fn no(code: u32) -> Self {
        Self { code, is_answer: true, backoff_s: 0 }
    }

    /// A refusal to answer, or silence.
    pub(in crate::messaging::engine) fn refused(code: u32) -> Self {
        Self { code, is_answer: false, backoff_s: 0 }
    }

    /// The same with the pause that the server asks for.
    pub(in crate::messaging::engine) fn with_backoff(self, seconds: Option<u64>) -> Self {
        Self { backoff_s: seconds.unwrap_or(0), ..self }
    }
}

/// The time until a query is retried that the server answered with no, or refused too often.
const FAILURE_HOLDS: Millis = 30_000;
/// The number of refusals of a query, after which its waiters get the failure.
const MOST_TIMES: u32 = 4;
/// The pause before a refused question is put again; doubled each time.
const PAUSE: Millis = 1_000;
/// The same if the server asks for fewer questions.
const RATE_PAUSE: Millis = 5_000;
/// The longest pause that the server may ask for.
const LONGEST_BACKOFF: Millis = 600_000;
/// The number of users or devices in one query.
const MOST_IN_ONE: usize = 200;
/// The number of failures that are remembered.
const MOST_FAILURES: usize = 4096;

/// The questions that are open, and those that failed.
#[derive(Default)]
pub(in crate::messaging::engine) struct Queries {
    last_tag: u64,
    /// Asked, by tag.
    asked: HashMap<Tag, Vec<Query>>,
    /// To be asked.
    wanted: Vec<Query>,
    /// Both.
    open: HashSet<Query>,
    failed: HashMap<Query, FailedQuery>,
    /// The limits of those that other people cause: about groups, and about people.
    pub(in crate::messaging::engine) group_budget: QueryBudget,
    pub(in crate::messaging::engine) people_budget: QueryBudget,
}

/// The outcome of a query that other people cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::messaging::engine) enum Admission {
    /// It is under way.
    Open,
    /// It has to wait until [`QueryBudget::next`].
    Later,
    /// It is not sent: it failed, or was answered, a moment ago.
    Refused,
}

/// A question that failed.
struct FailedQuery {
    last: Unanswered,
    /// The number of failures in a row.
    times: u32,
    /// When it may be put again.
    until: Millis,
    /// Set if a request waits for that.
    is_awaited: bool,
}

impl FailedQuery {
    /// Returns whether the waiters are told that there is no answer.
    fn is_final(&self) -> bool {
        self.last.is_answer || self.times >= MOST_TIMES
    }
}

impl Queries {
    /// Queries, unless that is under way or has failed lately.
    pub(in crate::messaging::engine) fn ask(&mut self, ask: Query, now: Millis) -> QueryState {
        if let Some(failed) = self.failed.get_mut(&ask) {
            let is_final = failed.is_final();
            if failed.until > now {
                failed.is_awaited |= !is_final;
                let wait = failed.until - now;
                let Unanswered { code, is_answer, .. } = failed.last;
                return if is_final {
                    QueryState::Failed(QueryFailure { code, wait, is_answer })
                } else {
                    QueryState::Open
                };
            }
            failed.is_awaited = false;
            if is_final {
                self.failed.remove(&ask);
            }
        }
        if self.open.insert(ask.clone()) {
            self.wanted.push(ask);
        }
        QueryState::Open
    }

    /// Queries a group for the sake of what another person sent, within the limit of such queries.
    pub(in crate::messaging::engine) fn ask_group_for_others(
        &mut self,
        group: &Jid,
        now: Millis,
    ) -> Admission {
        let ask = Query::Group(group.clone());
        if self.is_open(&ask) {
            return Admission::Open;
        }
        let has_failed = self.failed.get(&ask).is_some_and(|failed| failed.until > now);
        if has_failed || self.group_budget.is_recent(&ask, now) {
            return Admission::Refused;
        }
        if !self.group_budget.take(now) {
            return Admission::Later;
        }
        self.group_budget.note(&ask, now);
        self.ask(ask, now);
        Admission::Open
    }

    /// Returns the time of the next retry that a request waits for.
    pub(in crate::messaging::engine) fn deadline(&self) -> Option<Millis> {
        self.failed.values().filter(|failed| failed.is_awaited).map(|failed| failed.until).min()
    }

    /// Time has passed: whoever still waits for an answer asks again.
    pub(in crate::messaging::engine) fn time_passed(&mut self, now: Millis) {
        for failed in self.failed.values_mut().filter(|failed| failed.until <= now) {
            failed.is_awaited = false;
        }
    }

    /// Returns whether the answer to a query will still come.
    pub(in crate::messaging::engine) fn is_open(&self, ask: &Query) -> bool {
        self.open.contains(ask)
    }

    /// Forgets that a question failed: its reason may not hold any more, and the next use asks again.
    pub(in crate::messaging::engine) fn forgive(&mut self, ask: &Query) {
        self.failed.remove(ask);
    }

    /// Queries once more, although that may have failed lately.
    pub(in crate::messaging::engine) fn ask_anew(&mut self, ask: Query, now: Millis) {
        self.failed.remove(&ask);
        self.ask(ask, now);
    }

    /// Returns whether keys are asked for with the next query.
    pub(in crate::messaging::engine) fn is_about_to_ask_for_keys(&self) -> bool {
        self.wanted.iter().any(|query| matches!(query, Query::Bundle(_)))
    }

    /// Returns whether the query failed lately.
    pub(in crate::messaging::engine) fn has_failed(&self, ask: &Query) -> bool {
        self.failed.contains_key(ask)
    }

    /// The questions of a query.
    pub(in crate::messaging::engine) fn of(&self, tag: Tag) -> Vec<Query> {
        self.asked.get(&tag).cloned().unwrap_or_default()
    }

    /// A query is over. Those of its questions that found no answer have failed.
    pub(in crate::messaging::engine) fn done(
        &mut self,
        tag: Tag,
        unanswered: &[(Query, Unanswered)],
        now: Millis,
    ) {
        let asked = self.asked.remove(&tag).unwrap_or_default();
        for ask in &asked {
            self.open.remove(ask);
        }
        if self.failed.len() > MOST_FAILURES {
            self.failed.clear();
        }
        for ask in asked {
            let Some((_, last)) = unanswered.iter().find(|(failed, _)| *failed == ask) else {
                self.failed.remove(&ask);
                continue;
            };
            let times = self.failed.get(&ask).map_or(0, |failed| failed.times) + 1;
            let pause = if matches!(last.code, 419 | 429) { RATE_PAUSE } else { PAUSE };
            let failed = FailedQuery { last: *last, times, until: 0, is_awaited: false };
            let wait = if failed.is_final() { FAILURE_HOLDS } else { pause << (times - 1).min(8) };
            let wait = wait.max(last.backoff_s.saturating_mul(1000).min(LONGEST_BACKOFF));
            self.failed.insert(ask, FailedQuery { until: now.saturating_add(wait), ..failed });
        }
    }

    /// The connection is gone, and with it every answer. Queries that are still wanted are sent anew.
    pub(in crate::messaging::engine) fn forget(&mut self) {
        self.asked.clear();
        self.wanted.clear();
        self.open.clear();
        self.failed.clear();
    }

    /// Returns what goes into one query each. Those that failed lately are kept apart, so that they take no other with them, unless
    /// the server asks for fewer queries.
    fn chunks(&self, wanted: &[Query]) -> Vec<Vec<Query>> {
        /// The largest number of queries that those which failed are spread over.
        const MOST_APART: usize = 16;
        let is_limited = |code| matches!(code, 419 | 429);
        let failed_alone =
            |query: &Query| self.failed.get(query).is_some_and(|failed| !is_limited(failed.last.code));
        let (failed, fresh): (Vec<_>, Vec<_>) = wanted.iter().cloned().partition(failed_alone);
        let apart = failed.chunks(failed.len().div_ceil(MOST_APART).max(1));
        apart.chain(fresh.chunks(MOST_IN_ONE)).map(<[Query]>::to_vec).collect()
    }

    /// A tag for a query whose answer changes nothing.
    pub(in crate::messaging::engine) fn nobody(&mut self) -> Tag {
        self.last_tag += 1;
        Tag(self.last_tag)
    }

    fn next_tag(&mut self, asks: Vec<Query>) -> Tag {
        self.last_tag += 1;
        let tag = Tag(self.last_tag);
        self.asked.insert(tag, asks);
        tag
    }
}

impl EngineCore {
    /// Sends the queries for everything that is wanted.
    pub(in crate::messaging::engine) fn send_asks(&mut self, cx: &mut EngineContext<'_>) {
        let wanted = std::mem::take(&mut self.queries.wanted);
        if wanted.is_empty() {
            return;
        }
        let (mut users, mut keys) = (Vec::new(), Vec::new());
        for ask in wanted {
            match ask {
                Query::Devices(_) => users.push(ask),
                Query::Bundle(_) => keys.push(ask),
                Query::Group(ref group) => {
                    let node = group_requests::metadata(group);
                    self.query(node, vec![ask]);
                }
                Query::TimeLock => self.query(restrictions::fetch_time_lock(), vec![ask]),
            }
        }
        // The phones before the companions: their identities vouch for them.
        keys.sort_by_key(|ask| matches!(ask, Query::Bundle(device) if !device.is_primary()));
        for some in self.queries.chunks(&users) {
            let jids: Vec<Jid> = some.iter().filter_map(Query::user).collect();
            let users = jids.iter().map(|user| UserQuery { user, held: held(&self.cache, user) });
            self.query(devices::query(users, QueryContext::Message, cx.ids.next()), some);
        }
        for some in self.queries.chunks(&keys) {
            let jids: Vec<Jid> = some.iter().filter_map(Query::device).collect();
            self.query(bundles::fetch(&jids, BundleReason::NewSession), some);
        }
    }

    fn query(&mut self, node: Node, asks: Vec<Query>) {
        let tag = self.queries.next_tag(asks);
        self.out.push(Output::Query { tag, node });
    }
}

/// Returns the description of a cached list that the server is sent: if it is still true, the list need not be sent.
fn held<'a>(cache: &'a RecordCache, user: &Jid) -> Option<HeldList<'a>> {
    let list = cache.devices.get(&User::of(user)?.key()).filter(|list| !list.hash.is_empty())?;
    let timestamp = Some(list.signed_s).filter(|at| *at != 0);
    Some(HeldList { hash: &list.hash, timestamp, expected_timestamp: None })
}
