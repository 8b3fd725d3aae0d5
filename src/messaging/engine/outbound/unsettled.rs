//! Messages whose last changes are not on the disk yet, and what becomes of them if these cannot be stored.
//!
//! The store is authoritative then: a message that is in its outbox goes out, one that is not never does, unless it has left
//! already. So the requests for the first stay open, and are attached to it again in the next engine.

use super::Outbound;
use super::outbox::OutboxEntry;
use crate::messaging::content::Outgoing;
use crate::messaging::engine::core::EngineCore;
use crate::messaging::engine::{AcceptedMessage, EngineContext, SendFailure};
use crate::messaging::record_cache::{MissingRecords, RecordRequirements, RecordTable, SentRecord};
use crate::stanza::Text;

/// Messages that have changed since the last commit.
#[derive(Default)]
pub(super) struct Unsettled {
    /// The numbers of those that were handed in.
    pub(super) entered: Vec<u64>,
    /// Those that left the outbox.
    ended: Vec<EndedSend>,
}

/// A message that left the outbox.
struct EndedSend {
    id: Text,
    requests: Vec<u64>,
    /// The store has it in its outbox.
    is_stored: bool,
    /// The reason why it was given up; `None` if the server has taken it.
    failure: Option<SendFailure>,
}

/// A message that outlives its engine.
pub(crate) struct KeptSend {
    pub(crate) id: Text,
    /// The requests for it that are not answered.
    pub(crate) requests: Vec<u64>,
    pub(crate) standing: Standing,
}

/// The standing of a message that outlives its engine.
pub(crate) enum Standing {
    /// It waits in the store.
    Stored,
    /// The store does not have it, and it has left: the server may have taken it.
    Left(SentRecord),
    /// The server has taken it, and the store does not know that.
    Taken(SentRecord),
    /// It was given up, and waits in the store all the same.
    GivenUp(SendFailure),
}

impl KeptSend {
    /// Returns whether it was given up, and only its removal from the store is left to be done.
    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self.standing, Standing::GivenUp(_))
    }
}

impl Unsettled {
    /// Notes that a message left the outbox.
    pub(super) fn end(&mut self, sending: &OutboxEntry, failure: Option<SendFailure>) {
        self.ended.push(EndedSend {
            id: sending.id.clone(),
            requests: sending.requests.clone(),
            is_stored: sending.is_stored,
            failure,
        });
    }
}

impl Outbound {
    /// Notes that all changes so far are on the disk.
    pub(in crate::messaging::engine) fn stored(&mut self) {
        let unsettled = std::mem::take(&mut self.unsettled);
        for number in unsettled.entered {
            if let Some(sending) = self.sends.all.get_mut(&number) {
                sending.is_stored = true;
            }
        }
    }

    /// Returns the messages that outlive the engine, whose last changes could not be stored. `left`: the ids of those that left
    /// before they were stored.
    pub(in crate::messaging::engine) fn kept(&self, core: &EngineCore, left: &[Text]) -> Vec<KeptSend> {
        let record = |id: &Text| core.cache.outbox.get(id.as_bytes()).cloned();
        let ended = self.unsettled.ended.iter().filter_map(|ended| {
            let (requests, standing) = match &ended.failure {
                // The answer holds, whatever the store knows of it.
                None => (Vec::new(), Standing::Taken(record(&ended.id)?)),
                Some(failure) if ended.is_stored => {
                    (ended.requests.clone(), Standing::GivenUp(failure.clone()))
                }
                Some(_) => return None,
            };
            Some(KeptSend { id: ended.id.clone(), requests, standing })
        });
        let waiting = self.sends.all.values().filter_map(|sending| {
            let standing = match sending {
                OutboxEntry { is_stored: true, .. } => Standing::Stored,
                // One that is not stored in spite of that was kept like this before.
                _ if sending.resumed || left.contains(&sending.id) => Standing::Left(record(&sending.id)?),
                _ => return None,
            };
            Some(KeptSend { id: sending.id.clone(), requests: sending.requests.clone(), standing })
        });
        ended.chain(waiting).collect()
    }

    /// Goes on with messages that outlived an earlier engine. Returns the requests whose message is not there any more.
    pub(in crate::messaging::engine) fn go_on_with(
        &mut self,
        core: &mut EngineCore,
        kept: &[KeptSend],
        cx: &EngineContext<'_>,
    ) -> Result<Vec<u64>, MissingRecords> {
        let mut wants = RecordRequirements::default();
        kept.iter().for_each(|kept| wants.record(&core.cache, RecordTable::Outbox, kept.id.as_bytes()));
        wants.met()?;
        Ok(kept.iter().flat_map(|kept| self.go_on_with_one(core, kept, cx)).collect())
    }

    fn go_on_with_one(&mut self, core: &mut EngineCore, kept: &KeptSend, cx: &EngineContext<'_>) -> Vec<u64> {
        let known = self.sends.by_id.get(&kept.id).copied();
        if let Some(sending) = known.and_then(|number| self.sends.all.get_mut(&number)) {
            sending.requests.extend(&kept.requests);
        }
        match (&kept.standing, known) {
            (Standing::Taken(sent), _) => {
                drop(known.and_then(|number| self.sends.remove(number)));
                put_again(core, &kept.id, sent);
                self.retention.sent(kept.id.clone(), cx.unix_ms, &mut core.cache);
                let (id, requests) = (kept.id.clone(), Vec::new());
                self.unsettled.ended.push(EndedSend { id, requests, is_stored: true, failure: None });
            }
            (Standing::GivenUp(failure), Some(number)) => self.give_up(core, number, failure),
            (_, Some(_)) => {}
            (Standing::Left(sent), None) => return self.enter_again(core, kept, sent),
            (Standing::Stored | Standing::GivenUp(_), None) => return answer_taken(core, kept),
        }
        Vec::new()
    }

    /// Enters a message once more that has left and is not in the store. It goes out again, under its id.
    fn enter_again(&mut self, core: &mut EngineCore, kept: &KeptSend, sent: &SentRecord) -> Vec<u64> {
        // It was read before.
        let Ok(content) = Outgoing::of_any_size(&sent.message) else { return kept.requests.clone() };
        let number = self.sends.resume(kept.id.clone(), sent.chat.clone(), content, sent.number);
        self.unsettled.entered.push(number);
        if let Some(sending) = self.sends.all.get_mut(&number) {
            (sending.is_stored, sending.requests) = (false, kept.requests.clone());
        }
        put_again(core, &kept.id, sent);
        Vec::new()
    }
}

/// Puts the record of a message back that could not be stored, and the message's secret.
fn put_again(core: &mut EngineCore, id: &Text, sent: &SentRecord) {
    if let Ok(content) = Outgoing::of_any_size(&sent.message) {
        core.keep_own_secret(id, &sent.chat, &content, sent.created_ms);
    }
    core.cache.outbox.put(id.as_bytes(), sent.clone());
}

/// Answers the requests for a message that the server has taken. Returns them if it is not in the store.
fn answer_taken(core: &mut EngineCore, kept: &KeptSend) -> Vec<u64> {
    let sent = core.cache.outbox.get(kept.id.as_bytes()).filter(|sent| sent.taken_ms != 0);
    let Some(sent) = sent else { return kept.requests.clone() };
    let (id, chat, timestamp_ms) = (kept.id.clone(), sent.chat.clone(), sent.taken_ms);
    let taken = AcceptedMessage { id, chat, timestamp_ms };
    for request in &kept.requests {
        core.answer(*request, Ok(taken.clone()));
    }
    Vec::new()
}
