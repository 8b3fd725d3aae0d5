//! Choosing a backend by URL.

use super::memory::MemoryBackend;
use super::sqlite::SqliteBackend;
use super::{Backend, StoreError};
use std::path::Path;
use std::sync::Arc;

/// Opens a store: `memory:` (a new, private one each time) or `sqlite:PATH` (one per file and process, shared by all that
/// open it).
pub async fn open(url: &str) -> Result<Arc<dyn Backend>, StoreError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryBackend::new()));
    }
    match url.strip_prefix("sqlite:") {
        // `sqlite://host/…` would be another thing; a path may still begin with many slashes.
        Some(path) if path.starts_with("//") && !path.starts_with("///") => Err(StoreError::Url),
        Some("") | None => Err(StoreError::Url),
        Some(path) => Ok(SqliteBackend::open(Path::new(path)).await?),
    }
}
