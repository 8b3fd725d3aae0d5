//! The parts that all features of the engine share: the records, the names of people, sessions with devices, and the queries.
//!
//! | file | subject |
//! |---|---|
//! | `names` | the names of people: phone number and LID, and which of them a chat uses |
//! | `contacts` | people: whether they know this account, their tokens, the timers of their chats |
//! | `device_lists` | the devices of people |
//! | `groups` | the records of groups |
//! | `membership` | what notices change in them |
//! | `pins` | the identities of devices |
//! | `sessions` | sessions with devices, and what is encrypted with them |
//! | `message_secrets` | the secrets of messages |
//! | `queries`, `query_results` | device lists, groups and keys that have to be asked for |
//! | `query_budget` | the limit of queries that other people cause |

pub(super) mod contacts;
pub(super) mod device_lists;
pub(super) mod groups;
pub(super) mod membership;
pub(super) mod message_secrets;
pub(super) mod names;
pub(super) mod pins;
pub(super) mod queries;
pub(super) mod query_budget;
pub(super) mod query_results;
pub(super) mod sessions;

use std::collections::{HashSet, VecDeque};

use zeroize::Zeroizing;

use self::queries::Queries;
use super::{AcceptedMessage, InboundMessage, Output, SendFailure, Settings};
use crate::crypto::Secret;
use crate::messaging::address::{Address, User};
use crate::messaging::content::Expiration;
use crate::messaging::record_cache::RecordCache;
use crate::messaging::stanzas::addressing::Own;
use crate::stanza::{Jid, Text};
use crate::store::Batch;

/// The part of the engine that its features share.
pub(crate) struct EngineCore {
    /// The records that were loaded.
    pub(crate) cache: RecordCache,
    pub(super) settings: Settings,
    pub(super) own: Own,
    /// Set while the session is logged in and may send.
    pub(super) online: bool,
    pub(super) queries: Queries,
    /// Steps that came out of earlier ones, oldest first.
    pub(super) follow_ups: VecDeque<FollowUp>,
    /// Some of the people whom this account has met, so that not each of their messages looks that up.
    met: HashSet<User>,
    /// Changes that need no record in the cache.
    pub(super) written: Batch,
    pub(super) out: Vec<Output>,
}

/// A step that follows from an earlier one and needs records of its own.
pub(super) enum FollowUp {
    /// A sender key came along with a message of another chat.
    SenderKey { group: Jid, sender: Address, message: Zeroizing<Vec<u8>> },
    /// A message about another one: a reaction, an edit, a vote and the like.
    Addon(Box<InboundMessage>),
    /// This person is part of a chat with this account.
    Met(User),
    /// Messages disappear in the chat with this person after some time.
    Timer(User, Expiration),
    /// The secret of a message.
    Secret { author: User, id: Text, secret: Secret<32>, unix_ms: i64 },
    /// A pair of names.
    Names { pn: User, lid: User },
}

impl EngineCore {
    pub(super) fn new(settings: Settings, own: Own) -> Self {
        let mut follow_ups = VecDeque::new();
        if let (Some(pn), Some(lid)) = (User::of(&own.pn), own.lid.as_ref().and_then(User::of)) {
            follow_ups.push_back(FollowUp::Names { pn, lid });
        }
        Self {
            cache: RecordCache::default(),
            settings,
            own,
            online: false,
            queries: Queries::default(),
            follow_ups,
            met: HashSet::new(),
            written: Batch::new(),
            out: Vec::new(),
        }
    }

    /// Adds a line to the log. It names no person and no content.
    pub(super) fn log(&mut self, line: impl Into<String>) {
        self.out.push(Output::Log(line.into()));
    }

    /// Answers a request of the host, if the message was not one of an earlier run.
    pub(super) fn answer(&mut self, request: u64, answer: Result<AcceptedMessage, SendFailure>) {
        if request != 0 {
            self.out.push(Output::Answer { request, answer });
        }
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.written.is_empty() || self.cache.has_changes()
    }
}
