//! The jobs of a file's thread, and where their answers go.

use super::statements::Page;
use crate::store::{Batch, SessionKey, SessionName, Space, StoreError, Value};
#[cfg(test)]
use rusqlite::Connection;
use tokio::sync::oneshot;

/// The receiver of an answer.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Work for the thread.
pub(super) enum WorkerJob {
    Open {
        name: SessionName,
        reply: Reply<SessionKey>,
    },
    Close(SessionKey),
    Get {
        session: SessionKey,
        space: Space,
        key: Vec<u8>,
        reply: Reply<Option<Value>>,
    },
    GetMany {
        session: SessionKey,
        space: Space,
        keys: Vec<Vec<u8>>,
        reply: Reply<Vec<Option<Value>>>,
    },
    Scan {
        session: SessionKey,
        space: Space,
        after: Option<Vec<u8>>,
        limit: usize,
        reply: Reply<Page>,
    },
    Keys {
        session: SessionKey,
        space: Space,
        after: Option<Vec<u8>>,
        limit: usize,
        reply: Reply<Vec<Vec<u8>>>,
    },
    Commit {
        session: SessionKey,
        batch: Batch,
        reply: Reply<()>,
    },
    List {
        reply: Reply<Vec<SessionName>>,
    },
    Erase {
        name: SessionName,
        reply: Reply<bool>,
    },
    /// The log needs looking after.
    Tidy,
    #[cfg(test)]
    Inspect(Look),
}

/// A look at the connection, for tests.
#[cfg(test)]
type Look = Box<dyn FnOnce(&Connection, &super::commit_path::Counters) + Send>;
