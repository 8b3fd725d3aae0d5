//! The account's history, which its phone hands over in parts: fetched, read, and taken part after part.
//!
//! The notice of a part stays in the store until the part was taken, so that a part that was begun by an earlier run is taken from
//! its beginning; taking one twice changes nothing. One part is worked on at a time, and the session stores what was read so far
//! before it reads on: however long a part is, it costs the memory of a few hundred of its items.

use std::path::PathBuf;

use tempfile::SpooledTempFile;

use super::media_hosts::MediaHosts;
use crate::api::{Config, LogLevel};
use crate::client::backoff::Backoff;
use crate::client::clock::Millis;
use crate::client::media::{FetchError, HistoryFault, HistorySource, HistoryStep, RemoteFile, download};
use crate::client::session::SessionError;
use crate::client::session::command::Command;
use crate::client::session::core::SessionCore;
use crate::client::session::core::messaging_driver::own;
use crate::client::session::state::Waiter;
use crate::client::settings::millis;
use crate::crypto::random_array;
use crate::media::FileKind;
use crate::messaging::history::{HistoryItem, HistoryNotice, HistoryPlace};
use crate::messaging::stanzas::media_conn::{self, MediaConn};
use crate::messaging::stanzas::media_retry;
use crate::store::Space;

/// The number of notices that are looked at to find the next part.
const PAGE: usize = 32;
/// The number of times that the phone is asked for parts again, for each client.
const MOST_ASKED: u32 = 16;

/// The history of a session.
pub(in crate::client::session) struct History {
    /// The part that is worked on.
    part: Option<Box<Part>>,
    hosts: MediaHosts,
    /// When the next attempt is due, after one that failed.
    again_at: Option<Millis>,
    /// The waits between attempts that fail one after the other.
    backoff: Backoff,
    /// The number of parts that the phone was asked for again.
    asked: u32,
}

/// A part of the history.
struct Part {
    /// The key of its notice in the store: the id of the message that it came in.
    id: Vec<u8>,
    notice: HistoryNotice,
    /// The number of items that were taken.
    items: usize,
}

impl Part {
    /// The file that the part is in, and its handle; `None` if the notice has the part.
    fn file(&self) -> Option<(RemoteFile, Option<String>)> {
        let HistoryPlace::File { path, media_key, hashes, handle } = &self.notice.place else { return None };
        let (path, media_key) = (path.clone(), media_key.clone());
        Some((RemoteFile { kind: FileKind::History, path, media_key, hashes: *hashes }, handle.clone()))
    }
}

impl History {
    /// Nothing is under way. The waits between attempts are those between connections.
    pub(in crate::client::session) fn new(config: &Config) -> Self {
        Self {
            part: None,
            hosts: MediaHosts::default(),
            again_at: None,
            backoff: Backoff::new(millis(config.reconnect_base()), millis(config.reconnect_max())),
            asked: 0,
        }
    }

    /// Returns when there is something to do.
    pub(in crate::client::session) fn deadline(&self, core: &SessionCore) -> Option<Millis> {
        if !core.is_ready() || self.part.is_some() {
            return None;
        }
        self.again_at.or_else(|| core.messaging.history_due.then_some(0))
    }

    /// Begins with the next part, if one is due.
    pub(in crate::client::session) async fn time_passed(
        &mut self,
        core: &mut SessionCore,
    ) -> Result<(), SessionError> {
        if self.deadline(core).is_none_or(|at| at > core.now()) {
            return Ok(());
        }
        (self.again_at, core.messaging.history_due) = (None, false);
        // Notices that came lately are in the unit of work.
        core.commit().await?;
        let rows = core.store.scan(Space::HistoryNotice, None, PAGE).await?;
        let parts = rows.into_iter().map(|(id, row)| (HistoryNotice::read(&row), id));
        let next = parts.min_by_key(|(notice, _)| (notice.kind, notice.chunk));
        let Some((notice, id)) = next else { return Ok(()) };
        core.messaging.history_due = true;
        let part = self.part.insert(Box::new(Part { id, notice, items: 0 }));
        match &part.notice.place {
            HistoryPlace::Inline(packed) => read_on(core, HistorySource::inline(packed.clone())),
            HistoryPlace::File { .. } => self.fetch(core),
            HistoryPlace::Nowhere => self.done(core),
        }
        Ok(())
    }

    /// Fetches the file of the part, once the media servers are known.
    fn fetch(&mut self, core: &mut SessionCore) {
        let Some((file, _)) = self.part.as_ref().and_then(|part| part.file()) else { return };
        let Some(conn) = self.hosts.at(core.now()) else {
            if !core.query(media_conn::fetch(), Waiter::MediaConn, core.settings.iq_timeout) {
                self.failed(core, "there is no connection");
            }
            return;
        };
        let (via, hosts, directory) = (core.settings.endpoint.clone(), conn.hosts.clone(), aside(core));
        core.spawn_job(async move { Command::HistoryFetched(download(via, hosts, file, directory).await) });
    }

    /// Handles the server's answer with the media servers; `None` if it gave none.
    pub(in crate::client::session) fn hosts_came(&mut self, core: &mut SessionCore, conn: Option<MediaConn>) {
        match conn {
            Some(conn) => {
                self.hosts.learn(conn, core.now());
                self.fetch(core);
            }
            None => self.failed(core, "the server named no media servers"),
        }
    }

    /// Handles the end of the download.
    pub(in crate::client::session) fn fetched(
        &mut self,
        core: &mut SessionCore,
        fetched: Result<SpooledTempFile, FetchError>,
    ) {
        let Some((file, _)) = self.part.as_ref().and_then(|part| part.file()) else { return };
        match fetched.and_then(|fetched| Ok(HistorySource::file(fetched, &file)?)) {
            Ok(source) => read_on(core, source),
            Err(error) if error.is_final() => self.lost(core, &error.to_string()),
            Err(error) => {
                self.hosts.forget();
                self.failed(core, &error.to_string());
            }
        }
    }

    /// Handles some of the items of the part.
    pub(in crate::client::session) async fn read(
        &mut self,
        core: &mut SessionCore,
        step: HistoryStep,
    ) -> Result<(), SessionError> {
        let Some(part) = &mut self.part else { return Ok(()) };
        part.items += step.items.len();
        if let Err(stop) = store(core, &step.items).await {
            // The notice is still in the store: the next login begins with the part again.
            self.part = None;
            return Err(stop);
        }
        match step.rest {
            Ok(Some(source)) => read_on(core, source),
            Ok(None) => self.done(core),
            Err(HistoryFault::Io(error)) => self.failed(core, &error.to_string()),
            Err(fault) => self.lost(core, &fault.to_string()),
        }
        Ok(())
    }

    /// The part was taken. Its file is of no use to anybody any more.
    fn done(&mut self, core: &mut SessionCore) {
        let Some(part) = self.part.take() else { return };
        self.backoff.reset();
        core.work.batch().delete(Space::HistoryNotice, part.id.clone());
        core.log(LogLevel::Info, "history", || {
            format!("a part of the history was taken, {} items: {:?}", part.items, part.notice)
        });
        let (Some((file, handle)), Some(conn)) = (part.file(), self.hosts.at(core.now())) else { return };
        let nonce = core.account.as_ref().map(|account| account.companion_nonce.clone()).unwrap_or_default();
        let Some(host) = conn.hosts.first().cloned().filter(|_| handle.is_none() || !nonce.is_empty()) else {
            return;
        };
        let (via, auth) = (core.settings.endpoint.clone(), conn.auth.clone());
        core.spawn_job(async move {
            let handle = handle.as_deref().map(|handle| (handle, nonce.as_str()));
            Command::JobDone(match file.delete(&via, &host, &auth, handle).await {
                Ok(status) => format!("deleting a file of the history: status {status}"),
                Err(error) => format!("deleting a file of the history: {error}"),
            })
        });
    }

    /// The part cannot be had for now.
    fn failed(&mut self, core: &mut SessionCore, why: &str) {
        self.part = None;
        let wait = self.backoff.next(&mut core.rng);
        self.again_at = Some(core.now().saturating_add(wait));
        core.log(LogLevel::Warn, "history", || {
            format!("a part of the history could not be fetched, next attempt in {wait} ms: {why}")
        });
    }

    /// The part cannot be had or read at all: the phone is asked to put it up again, under another notice.
    fn lost(&mut self, core: &mut SessionCore, why: &str) {
        let Some(part) = self.part.take() else { return };
        core.work.batch().delete(Space::HistoryNotice, part.id.clone());
        let own = core.account.as_deref().and_then(own);
        let id = String::from_utf8(part.id.clone()).ok();
        self.asked = self.asked.saturating_add(1);
        let asks = if let (Some((file, _)), Some(own), Some(id)) = (part.file(), own, id)
            && self.asked <= MOST_ASKED
        {
            let iv = random_array(&mut core.rng);
            core.work.send(media_retry::history_lost(&own.pn, &id, &file.media_key, iv));
            "the phone is asked for it again"
        } else {
            "it is left out"
        };
        core.log(LogLevel::Warn, "history", || format!("a part of the history is lost, {asks}: {why}"));
    }
}

/// Stores some of the items.
async fn store(core: &mut SessionCore, items: &[HistoryItem]) -> Result<(), SessionError> {
    core.engine_transition(|engine, cx| engine.history(items, cx)).await?;
    core.commit().await
}

/// Reads the next items on a thread that may wait for a disk.
fn read_on(core: &SessionCore, source: Box<HistorySource>) {
    core.spawn_blocking_job(move || Command::HistoryRead(source.step()));
}

/// The directory in which a long file is kept aside: beside the store, which has room, or the system's for a store in memory.
fn aside(core: &SessionCore) -> PathBuf {
    let path = core.settings.config.store_url().strip_prefix("sqlite:").map(PathBuf::from);
    let parent = path.and_then(|path| path.parent().map(PathBuf::from));
    match parent {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent,
        None => std::env::temp_dir(),
    }
}
