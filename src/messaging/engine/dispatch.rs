//! The events that a driver hands in, and the feature that each is for.

use super::core::FollowUp;
use super::core::names::users;
use super::core::queries::{Query, Unanswered};
use super::core::query_results::{refusal, refused};
use super::{
    Engine, EngineContext, GroupRequest, OutboundMessage, Output, QueryError, Restrictions, Tag, history,
    inbound, notifications, receipts,
};
use crate::messaging::address::User;
use crate::messaging::history::HistoryItem;
use crate::messaging::record_cache::{MissingRecords, RecordKey};
use crate::messaging::stanzas::acks::MessageAck;
use crate::messaging::stanzas::addressing::Pair;
use crate::messaging::stanzas::groups::NoGroup;
use crate::messaging::stanzas::receipts::{IncomingReceipt, ReceiptKind};
use crate::messaging::stanzas::retry::IncomingRetry;
use crate::messaging::stanzas::{devices, group_requests, restrictions};
use crate::stanza::{NodeRef, build};
use crate::store::records::DeviceRecord;

impl Engine {
    /// Handles a `<message>`.
    pub(crate) fn message(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.inbound.message(&mut self.core, node, cx)
    }

    /// Takes what a part of the account's history says.
    pub(crate) fn history(
        &mut self,
        items: &[HistoryItem],
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        history::take(&mut self.core, items, cx)
    }

    /// Returns the records that stanzas are going to need, if they are messages. It is a guess, and no promise: a step that lacks a
    /// record says so itself.
    pub(crate) fn foresee<'n>(
        &self,
        stanzas: impl Iterator<Item = NodeRef<'n>>,
        device: &DeviceRecord,
    ) -> Vec<RecordKey> {
        inbound::foresee(&self.core, stanzas, device)
    }

    /// Handles a `<receipt>`. One that asks for a message again is acknowledged once the message went out.
    pub(crate) fn receipt(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let core = &mut self.core;
        if let Ok(receipt) = IncomingReceipt::read(node, &core.own) {
            if let Some(user) = User::of(&receipt.origin.sender) {
                core.learn_names(&receipt.origin, &user)?;
            }
            if receipt.kind != ReceiptKind::Retry {
                receipts::receive(core, &receipt, cx)?;
            } else if self.retry(node, cx)? {
                return Ok(());
            }
        }
        self.core.out.extend(build::ack(&node).map(Output::SendLazily));
        Ok(())
    }

    /// Handles a request for a message again. Returns whether the acknowledgement comes with the answer.
    fn retry(&mut self, node: NodeRef<'_>, cx: &mut EngineContext<'_>) -> Result<bool, MissingRecords> {
        let Ok(retry) = IncomingRetry::read(node, &self.core.own) else { return Ok(false) };
        if self.inbound.is_phone_request(&self.core, &retry) {
            self.inbound.phone_retry(&mut self.core, &retry, cx)?;
            return Ok(false);
        }
        self.outbound.retry(&mut self.core, node, &retry, cx)
    }

    /// Handles the server's `<ack>` for a message.
    pub(crate) fn ack(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let Some(ack) = MessageAck::read(node) else { return Ok(()) };
        if !self.outbound.ack(&mut self.core, &ack, cx)? {
            self.inbound.phone_ask_acknowledged(&mut self.core, &ack);
        }
        Ok(())
    }

    /// Handles a notification about a person: devices, identity or tokens. Its acknowledgement is the driver's.
    pub(crate) fn person_notice(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        notifications::person(&mut self.core, node, cx)
    }

    /// Handles a notification about a group.
    pub(crate) fn group_notice(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        notifications::group(&mut self.core, node, cx)
    }

    /// Handles a notification that may be about the lock for new chats.
    pub(crate) fn time_lock_notice(
        &mut self,
        node: NodeRef<'_>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        match restrictions::time_lock_notice(&node) {
            Some(lock) => self.outbound.time_lock(&mut self.core, Some(lock), cx),
            // It has changed, and is not said.
            None if restrictions::is_time_lock_notice(&node) => {
                self.core.queries.ask_anew(Query::TimeLock, cx.now);
            }
            None => {}
        }
        Ok(())
    }

    /// Handles the answer to a query: the stanza, or the error.
    pub(crate) fn reply(
        &mut self,
        tag: Tag,
        answer: Result<NodeRef<'_>, QueryError>,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        let core = &mut self.core;
        if self.groups.has(tag) {
            return self.groups.reply(core, tag, answer, cx);
        }
        let queries = core.queries.of(tag);
        let all = |failed: Unanswered| queries.iter().map(|query| (query.clone(), failed)).collect();
        let unanswered: Vec<(Query, Unanswered)> = match (queries.first(), answer) {
            (None, _) => return Ok(()),
            (Some(query), Err(error)) => all(refusal(query, queries.len(), error)),
            (Some(Query::Devices(_)), Ok(node)) => match devices::answers(node) {
                Ok(answers) => {
                    let error = devices::query_error(node).map(refused);
                    core.lists_came(&queries, &answers.collect::<Vec<_>>(), error, cx)?
                }
                Err(failed) => all(refused(failed)),
            },
            (Some(Query::Bundle(_)), Ok(node)) => core.bundles_came(&queries, node, cx)?,
            (Some(query @ Query::Group(_)), Ok(node)) => match group_requests::group(&node) {
                Ok(group) => {
                    core.group_came(&group, cx)?;
                    Vec::new()
                }
                Err(NoGroup::Refused { code, .. }) => {
                    all(refusal(query, queries.len(), QueryError::of(code)))
                }
                Err(NoGroup::Malformed) => all(Unanswered::refused(0)),
            },
            (Some(Query::TimeLock), Ok(node)) => {
                self.outbound.time_lock(core, restrictions::time_lock_answer(&node), cx);
                Vec::new()
            }
        };
        self.core.queries.done(tag, &unanswered, cx.now);
        Ok(())
    }

    /// Handles the host's wish to send a message.
    pub(crate) fn send(
        &mut self,
        request: u64,
        message: &OutboundMessage,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.outbound.send(&mut self.core, request, message, cx)
    }

    /// Handles the host's wish to make, see or change groups.
    pub(crate) fn group_request(
        &mut self,
        request: &GroupRequest,
        cx: &mut EngineContext<'_>,
    ) -> Result<(), MissingRecords> {
        self.groups.request(&mut self.core, request, cx)
    }

    /// Gives up a request of the host, if it is a message that has not gone out.
    pub(crate) fn cancel(&mut self, request: u64) {
        self.outbound.cancel(&mut self.core, request);
    }

    /// Returns what the host may know of first contacts.
    pub(crate) fn restrictions(&self, cx: &EngineContext<'_>) -> Restrictions {
        self.outbound.restrictions(&self.core, cx)
    }

    /// Begins to send: the session is logged in.
    pub(crate) fn online(&mut self) {
        self.core.online = true;
        self.outbound.online();
    }

    /// Stops sending: the connection is gone, and with it every answer.
    pub(crate) fn offline(&mut self) {
        self.core.online = false;
        self.core.queries.forget();
        self.outbound.offline();
        self.inbound.offline();
    }

    /// Sets whether the user counts as being there from now on.
    pub(crate) fn set_available(&mut self, available: bool) {
        self.core.settings.available = available;
    }

    /// Learns pairs of names, as the server says.
    pub(crate) fn names_came<'p>(&mut self, pairs: impl Iterator<Item = &'p Pair>) {
        let names = pairs.filter_map(users).map(|(pn, lid)| FollowUp::Names { pn, lid });
        self.core.follow_ups.extend(names);
    }

    /// Drops the keys for sending from the cache: those in the store were removed. Earlier changes are in a batch already.
    pub(crate) fn forget_sending_keys(&mut self) {
        self.core.cache.forget_sending_keys();
    }
}
