//! Reads what the messaging engine lacks from the store, for as many stanzas at once as are at hand.
//!
//! A reading takes two changes of threads, whether it is for one record or for a hundred. So when the first message of somebody
//! comes, who is not at hand, those behind it are looked at too: all that they are going to take is read together, and then they
//! are dealt with one after the other without waiting, and settled by one commit.

use std::collections::{HashSet, VecDeque};

use super::super::transport::TransportEvent;
use super::state::LoopEvent;
use super::{Session, SessionError};
use crate::messaging::record_cache::{MissingRecords, RecordKey};
use crate::stanza::Stanza;
use crate::store::{Space, Value};

/// How many stanzas are looked at together.
const MOST: usize = 128;
/// How large they may be together.
const MOST_BYTES: usize = 1 << 20;
/// What is read may show what else is needed: the keys of somebody whose other name was not known.
const ROUNDS: usize = 2;

/// What was taken from the connection and waits for its turn, oldest first.
pub(super) type Ahead = VecDeque<LoopEvent>;

impl Session {
    /// Something could not be handled at once. If it is a message for which records are missing, reads them, with those for
    /// messages that come after it, and tries again. Gives back what has to be handled in another way.
    pub(super) async fn handle_with_records(
        &mut self,
        happened: LoopEvent,
        ahead: &mut Ahead,
    ) -> Result<Option<LoopEvent>, SessionError> {
        let stanza = match happened {
            LoopEvent::Received(Ok(TransportEvent::Stanza(stanza))) if self.engine.is_some() => stanza,
            other => return Ok(Some(other)),
        };
        let done = matches!(stanza.root().tag(), "message" | "status") && {
            self.look_ahead(&stanza, ahead).await?;
            self.message_quickly(stanza.root())
        };
        Ok((!done).then_some(LoopEvent::Received(Ok(TransportEvent::Stanza(stanza)))))
    }

    async fn look_ahead(&mut self, first: &Stanza, ahead: &mut Ahead) -> Result<(), SessionError> {
        if ahead.is_empty() {
            let mut bytes = first.size();
            while ahead.len() < MOST && bytes < MOST_BYTES {
                let Some(happened) = self.next_received() else { break };
                let stanza = stanza(&happened);
                bytes = bytes.saturating_add(stanza.map_or(0, Stanza::size));
                // What else may come can change more than records.
                let is_last = stanza.is_none_or(|stanza| {
                    !matches!(stanza.root().tag(), "message" | "status" | "receipt" | "ack")
                });
                ahead.push_back(happened);
                if is_last {
                    break;
                }
            }
        }
        for _ in 0..ROUNDS {
            let (Some(engine), Some(device)) = (&self.engine, &self.device) else { return Ok(()) };
            let stanzas = std::iter::once(first).chain(ahead.iter().filter_map(stanza));
            let wants = engine.foresee(stanzas.map(Stanza::root), device);
            if wants.is_empty() {
                return Ok(());
            }
            self.load(MissingRecords(wants)).await?;
        }
        Ok(())
    }

    /// Brings records from the store to the engine.
    pub(super) async fn load(&mut self, MissingRecords(wants): MissingRecords) -> Result<(), SessionError> {
        let mut seen = HashSet::new();
        let mut records: Vec<(RecordKey, Vec<Option<Value>>)> = Vec::with_capacity(wants.len());
        records.extend(
            wants.into_iter().filter(|want| seen.insert(want.clone())).map(|want| (want, Vec::new())),
        );
        for part in 0.. {
            let mut spaces: Vec<(Space, Vec<usize>, Vec<Vec<u8>>)> = Vec::new();
            for (index, (want, parts)) in records.iter().enumerate() {
                let Some(space) = want.shelf.spaces().get(part) else { continue };
                // A record without its first part was never stored.
                if parts.first().is_some_and(Option::is_none) {
                    continue;
                }
                let key = want.key.clone();
                match spaces.iter_mut().find(|(known, ..)| known == space) {
                    Some((_, indices, keys)) => {
                        indices.push(index);
                        keys.push(key);
                    }
                    None => spaces.push((*space, vec![index], vec![key])),
                }
            }
            if spaces.is_empty() {
                break;
            }
            // All of it is asked for before any of it is waited for.
            let ask = |(space, indices, keys)| (indices, self.store.get_many(space, keys));
            let readings: Vec<(Vec<usize>, _)> = spaces.into_iter().map(ask).collect();
            for (indices, reading) in readings {
                for (index, value) in indices.into_iter().zip(reading.await?) {
                    if let Some((_, parts)) = records.get_mut(index) {
                        parts.push(value);
                    }
                }
            }
        }
        let Some(engine) = &mut self.engine else { return Ok(()) };
        for (want, parts) in records {
            engine.cache.loaded(want, &parts)?;
        }
        Ok(())
    }
}

fn stanza(happened: &LoopEvent) -> Option<&Stanza> {
    match happened {
        LoopEvent::Received(Ok(TransportEvent::Stanza(stanza))) => Some(stanza),
        _ => None,
    }
}
