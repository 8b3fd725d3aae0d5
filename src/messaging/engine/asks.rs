//! Questions to the server that sending depends on: device lists, groups, keys. Each is asked once, however many messages wait
//! for it, and many go into one query.

use std::collections::{HashMap, HashSet};

use super::{Cx, Engine, Millis, Output, Tag};
use crate::messaging::address::{Address, User};
use crate::messaging::desk::Desk;
use crate::messaging::stanzas::bundles::{self, BundleReason};
use crate::messaging::stanzas::devices::{self, HeldList, QueryContext, UserQuery};
use crate::messaging::stanzas::{group_requests, restrictions};
use crate::stanza::{Jid, Node};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Ask {
    /// Which devices a user has.
    Devices(User),
    /// The keys with which a session with a device begins, under the name that it has on the wire.
    Bundle(Address),
    /// Who is in a group.
    Group(Jid),
    /// Whether the account may write to people who do not know it.
    TimeLock,
}

impl Ask {
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

/// How it stands with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskState {
    /// The answer will come.
    Open,
    /// It came lately, and was of no use; by the code of the server, 0 if it gave none.
    Failed(u32),
}

/// How long a question that failed is not asked again.
const FAILURE_HOLDS: Millis = 30_000;
/// How many users or devices go into one query.
const MOST_IN_ONE: usize = 200;
/// How many failures are remembered.
const MOST_FAILURES: usize = 4096;

/// The questions that are open, and those that failed.
#[derive(Default)]
pub(super) struct Asks {
    last_tag: u64,
    /// Asked, by tag.
    asked: HashMap<Tag, Vec<Ask>>,
    /// To be asked.
    wanted: Vec<Ask>,
    /// Both.
    open: HashSet<Ask>,
    failed: HashMap<Ask, (u32, Millis)>,
}

impl Asks {
    /// Asks, unless that is under way or has failed lately.
    pub(super) fn ask(&mut self, ask: Ask, now: Millis) -> AskState {
        if let Some((code, until)) = self.failed.get(&ask) {
            if *until > now {
                return AskState::Failed(*code);
            }
            self.failed.remove(&ask);
        }
        if self.open.insert(ask.clone()) {
            self.wanted.push(ask);
        }
        AskState::Open
    }

    /// Whether the answer to a question will still come.
    pub(super) fn is_open(&self, ask: &Ask) -> bool {
        self.open.contains(ask)
    }

    /// Asks once more, although that may have failed lately.
    pub(super) fn ask_anew(&mut self, ask: Ask, now: Millis) {
        self.failed.remove(&ask);
        self.ask(ask, now);
    }

    /// Whether it came lately, and was of no use.
    pub(super) fn has_failed(&self, ask: &Ask) -> bool {
        self.failed.contains_key(ask)
    }

    /// The questions of a query.
    pub(super) fn of(&self, tag: Tag) -> Vec<Ask> {
        self.asked.get(&tag).cloned().unwrap_or_default()
    }

    /// A query is over. Those of its questions that found no answer have failed.
    pub(super) fn done(&mut self, tag: Tag, unanswered: &[(Ask, u32)], now: Millis) {
        for ask in self.asked.remove(&tag).unwrap_or_default() {
            self.open.remove(&ask);
        }
        if self.failed.len() > MOST_FAILURES {
            self.failed.clear();
        }
        for (ask, code) in unanswered {
            self.failed.insert(ask.clone(), (*code, now.saturating_add(FAILURE_HOLDS)));
        }
    }

    /// The connection is gone, and with it every answer. What is still wanted is asked anew.
    pub(super) fn forget(&mut self) {
        self.asked.clear();
        self.wanted.clear();
        self.open.clear();
        self.failed.clear();
    }

    /// A tag for a query whose answer changes nothing.
    pub(super) fn nobody(&mut self) -> Tag {
        self.last_tag += 1;
        Tag(self.last_tag)
    }

    fn next_tag(&mut self, asks: Vec<Ask>) -> Tag {
        self.last_tag += 1;
        let tag = Tag(self.last_tag);
        self.asked.insert(tag, asks);
        tag
    }
}

impl Engine {
    /// Sends the queries for everything that is wanted.
    pub(super) fn send_asks(&mut self, cx: &mut Cx<'_>) {
        let wanted = std::mem::take(&mut self.asks.wanted);
        if wanted.is_empty() {
            return;
        }
        let (mut users, mut keys) = (Vec::new(), Vec::new());
        for ask in wanted {
            match ask {
                Ask::Devices(_) => users.push(ask),
                Ask::Bundle(_) => keys.push(ask),
                Ask::Group(ref group) => {
                    let node = group_requests::metadata(group);
                    self.query(node, vec![ask]);
                }
                Ask::TimeLock => self.query(restrictions::fetch_time_lock(), vec![ask]),
            }
        }
        // The phones before the companions: their identities vouch for them.
        keys.sort_by_key(|ask| matches!(ask, Ask::Bundle(device) if !device.is_primary()));
        for some in users.chunks(MOST_IN_ONE) {
            let jids: Vec<Jid> = some.iter().filter_map(Ask::user).collect();
            let users = jids.iter().map(|user| UserQuery { user, held: held(&self.desk, user) });
            self.query(devices::query(users, QueryContext::Message, cx.ids.next()), some.to_vec());
        }
        for some in keys.chunks(MOST_IN_ONE) {
            let jids: Vec<Jid> = some.iter().filter_map(Ask::device).collect();
            self.query(bundles::fetch(&jids, BundleReason::NewSession), some.to_vec());
        }
    }

    fn query(&mut self, node: Node, asks: Vec<Ask>) {
        let tag = self.asks.next_tag(asks);
        self.out.push(Output::Query { tag, node });
    }
}

/// What the server is told of a list that we have: if it is still true, it need not be sent.
fn held<'a>(desk: &'a Desk, user: &Jid) -> Option<HeldList<'a>> {
    let list = desk.devices.get(&User::of(user)?.key()).filter(|list| !list.hash.is_empty())?;
    let timestamp = Some(list.signed_s).filter(|at| *at != 0);
    Some(HeldList { hash: &list.hash, timestamp, expected_timestamp: None })
}
