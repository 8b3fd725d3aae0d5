//! Choosing a backend by URL.

use super::memory::MemoryBackend;
use super::seal::SealKey;
use super::sqlite::SqliteBackend;
use super::{Backend, StoreError};
use std::path::Path;
use std::sync::Arc;

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
            let backend = SqliteBackend::open(Path::new(path)).await?;
            backend.door.open(backend.clone(), key).await
        }
    }
}
