//! Loads the records that handlers lack.
//!
//! A read takes two changes of threads, whether it is for one record or for a hundred. So when a message lacks records, the
//! messages queued behind it are looked at too: what all of them are going to need is read together, and then they are handled
//! one after the other without waiting, and committed together.

use std::collections::{HashSet, VecDeque};

use futures_util::FutureExt;

use crate::client::session::SessionError;
use crate::client::session::core::SessionCore;
use crate::client::session::state::LoopEvent;
use crate::client::transport::TransportEvent;
use crate::messaging::record_cache::{MissingRecords, RecordKey};
use crate::stanza::Stanza;
use crate::store::{Space, Value};

/// The greatest number of stanzas in one prefetch.
const MOST: usize = 128;
/// Their greatest size together.
const MOST_BYTES: usize = 1 << 20;

/// Events that were taken from the connection and wait for their turn, oldest first.
pub(in crate::client::session) type Ahead = VecDeque<LoopEvent>;

impl SessionCore {
    /// Makes what a handler lacks: the engine if there is none, and the records. If it handles a message, those for the messages
    /// behind it are loaded too.
    pub(in crate::client::session) async fn supply(
        &mut self,
        MissingRecords(mut missing): MissingRecords,
        event: &LoopEvent,
        ahead: &mut Ahead,
    ) -> Result<(), SessionError> {
        self.prepare_engine().await?;
        if let Some(first) = stanza(event).filter(|stanza| is_message(stanza)) {
            self.look_ahead(first.size(), ahead);
            if let (Some(engine), Some(device)) = (&self.messaging.engine, &self.device) {
                let stanzas = std::iter::once(first).chain(ahead.iter().filter_map(stanza));
                missing.extend(engine.foresee(stanzas.map(Stanza::root), device));
            }
        }
        self.load(MissingRecords(missing)).await
    }

    /// Takes the messages that are queued behind one of this size, unless some are taken already.
    fn look_ahead(&mut self, mut bytes: usize, ahead: &mut Ahead) {
        if !ahead.is_empty() {
            return;
        }
        while ahead.len() < MOST && bytes < MOST_BYTES {
            let Some(event) = self.next_received() else { break };
            let stanza = stanza(&event);
            bytes = bytes.saturating_add(stanza.map_or(0, Stanza::size));
            // Other stanzas can change more than records.
            let is_last = stanza.is_none_or(|stanza| !is_message(stanza) && !is_about_messages(stanza));
            ahead.push_back(event);
            if is_last {
                break;
            }
        }
    }

    /// Returns what the connection has brought already.
    pub(in crate::client::session) fn next_received(&mut self) -> Option<LoopEvent> {
        let received = self.phase.online()?.link.receive().now_or_never()?;
        Some(LoopEvent::Received(received))
    }

    /// Brings records from the store to the engine.
    pub(in crate::client::session) async fn load(
        &mut self,
        MissingRecords(wants): MissingRecords,
    ) -> Result<(), SessionError> {
        let mut seen = HashSet::new();
        let mut records: Vec<(RecordKey, Vec<Option<Value>>)> = Vec::with_capacity(wants.len());
        records.extend(
            wants.into_iter().filter(|want| seen.insert(want.clone())).map(|want| (want, Vec::new())),
        );
        for part in 0.. {
            let mut spaces: Vec<(Space, Vec<usize>, Vec<Vec<u8>>)> = Vec::new();
            for (index, (want, parts)) in records.iter().enumerate() {
                let Some(space) = want.table.spaces().get(part) else { continue };
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
        let Some(engine) = &mut self.messaging.engine else { return Ok(()) };
        for (want, parts) in records {
            engine.core.cache.loaded(want, &parts)?;
        }
        Ok(())
    }
}

fn is_message(stanza: &Stanza) -> bool {
    matches!(stanza.root().tag(), "message" | "status")
}

fn is_about_messages(stanza: &Stanza) -> bool {
    matches!(stanza.root().tag(), "receipt" | "ack")
}

fn stanza(event: &LoopEvent) -> Option<&Stanza> {
    match event {
        LoopEvent::Received(Ok(TransportEvent::Stanza(stanza))) => Some(stanza),
        _ => None,
    }
}
