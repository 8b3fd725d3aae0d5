//! Events to the host.

use std::borrow::Cow;

use super::super::clock::{Millis, unix_ms};
use super::{Session, Stop};
use crate::api::{
    Body, Connection, ConnectionState, Error, Event, Log, LogLevel, PairingMethod, PairingProgress,
    PairingStage, Restricted, Status,
};
use crate::store::{Batch, Space, StoreError};

/// How many stored events are read at once.
const PAGE: usize = 64;

impl Session {
    /// The connection's state, once for each change.
    pub(super) fn tell_connection(
        &mut self,
        state: ConnectionState,
        reason: Option<&'static str>,
        error: Option<&Error>,
        retry_in: Option<Millis>,
    ) {
        self.shared.set_state(state);
        self.sink.push(
            0,
            Connection {
                state,
                reason: reason.map(Cow::Borrowed),
                status: error.map_or(Status::OK, |error| error.status),
                text: error.map(|error| Cow::Owned(error.text.clone())),
                retry_in_ms: retry_in.map(|wait| u32::try_from(wait).unwrap_or(u32::MAX)),
                attempt: self.attempt,
            },
        );
    }

    /// Tells a restriction; it stays in the store until it is acknowledged.
    pub(super) async fn tell_restricted(&mut self, restricted: Restricted) -> Result<(), Stop> {
        self.tell_durably(vec![restricted.into()], Batch::new()).await
    }

    /// Stores durable events together with what `batch` does, then hands them to the host.
    pub(super) async fn tell_durably(&mut self, bodies: Vec<Body>, mut batch: Batch) -> Result<(), Stop> {
        let mut events = Vec::with_capacity(bodies.len());
        for body in bodies {
            let event = Event::new(0, unix_ms(), body);
            let key = self.next_event_key;
            self.next_event_key += 1;
            batch.put(Space::Event, key.to_be_bytes(), event.to_stored());
            events.push((key, event));
        }
        self.store.commit(batch).await?;
        for (key, event) in events {
            let id = self.sink.push_event(event);
            self.unacknowledged.push((id, key));
        }
        Ok(())
    }

    /// A step on the way of a pairing.
    pub(super) fn tell_progress(&mut self, request: u64, stage: PairingStage, method: PairingMethod) {
        self.sink.push(request, PairingProgress { stage, method, user_text: stage.user_text().into() });
    }

    /// The same for the steps after the link, which belong to the request that made it.
    pub(super) fn tell_first(&mut self, stage: PairingStage) {
        if let Some((request, method)) = self.linked_by {
            self.tell_progress(request, stage, method);
        }
    }

    /// Hands out again what an earlier run did not acknowledge, before anything new.
    pub(super) async fn redeliver(&mut self) -> Result<(), Stop> {
        let mut stored = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.store.scan(Space::Event, after.as_deref(), PAGE).await?;
            after = page.last().map(|(key, _)| key.clone());
            let full = page.len() == PAGE;
            stored.extend(page);
            if !full {
                break;
            }
        }
        // A backend promises no order.
        stored.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, value) in stored {
            let damaged = |what| StoreError::Record { space: Space::Event, what };
            let key = <[u8; 8]>::try_from(key.as_slice()).map_err(|_| damaged("a key has the wrong size"))?;
            let key = u64::from_be_bytes(key);
            let event =
                Event::from_stored(&value).ok_or_else(|| damaged("it is damaged or of a newer version"))?;
            self.next_event_key = key + 1;
            let id = self.sink.push_event(event);
            self.unacknowledged.push((id, key));
        }
        Ok(())
    }

    /// The host has dealt with a durable event.
    pub(super) async fn acknowledge(&mut self, event: u64) -> Result<(), Stop> {
        if let Some(index) = self.unacknowledged.iter().position(|(id, _)| *id == event) {
            let (_, key) = self.unacknowledged.swap_remove(index);
            let mut batch = Batch::new();
            batch.delete(Space::Event, key.to_be_bytes());
            self.store.commit(batch).await?;
        }
        Ok(())
    }

    /// A line of the log, if the host wants lines of that level.
    pub(super) fn log(&self, level: LogLevel, target: &'static str, text: impl FnOnce() -> String) {
        if self.settings.log_level.is_some_and(|wanted| level as u8 <= wanted as u8) {
            self.sink.push(0, Log { level, target: Cow::Borrowed(target), text: text() });
        }
    }
}
