//! Choosing a backend by URL.

use super::memory::MemoryBackend;
use super::seal::{SealKey, SealOpener};
use super::sqlite::SqliteBackend;
use super::{Backend, StoreError};
use once_cell::sync::Lazy;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::{Arc, Weak};

/// A backend that is open, and its seal.
type SealedBackend = (Weak<dyn Backend>, Arc<SealOpener>);

/// The seals of the backends that are open: a backend that is opened twice has one seal. Held for look-ups only.
static SEALS: Lazy<Mutex<Vec<SealedBackend>>> = Lazy::new(Mutex::default);

/// Opens a store: `memory:` (a new, private one each time) or `sqlite:PATH` (one per file and process, shared by all that
/// open it). With a key it is [sealed](super::seal); a store in memory has nothing to hide, and is not.
pub async fn open(url: &str, key: Option<&SealKey>) -> Result<Arc<dyn Backend>, StoreError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryBackend::new()));
    }
    match url.strip_prefix("sqlite:") {
        // `sqlite://host/…` would be another thing; a path may still begin with many slashes.
        Some(path) if path.starts_with("//") && !path.starts_with("///") => Err(StoreError::Url),
        Some("") | None => Err(StoreError::Url),
        Some(path) => {
            let backend: Arc<dyn Backend> = SqliteBackend::open(Path::new(path)).await?;
            seal_of(&backend).open(backend, key).await
        }
    }
}

/// Returns what is known of the seal of a backend.
fn seal_of(backend: &Arc<dyn Backend>) -> Arc<SealOpener> {
    let mut seals = SEALS.lock();
    seals.retain(|(of, _)| of.strong_count() > 0);
    let same = |of: &Weak<dyn Backend>| of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, backend));
    if let Some((_, seal)) = seals.iter().find(|(of, _)| same(of)) {
        return Arc::clone(seal);
    }
    let seal = Arc::new(SealOpener::default());
    seals.push((Arc::downgrade(backend), Arc::clone(&seal)));
    seal
}
