//! The newest version of WhatsApp Web that was learned: [`WebVersionRecord`].

use super::codec;
use crate::store::{Batch, Session, Space, StoreError};

/// The newest version of WhatsApp Web that any session of the store has learned, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebVersionRecord {
    /// Its three numbers.
    pub version: [u32; 3],
    /// When it was learned, Unix milliseconds.
    pub learned_ms: i64,
}

impl WebVersionRecord {
    /// Reads the store's record. One that cannot be read is as none: it can be learned again.
    ///
    /// # Errors
    /// As the store's operations.
    pub async fn load(session: &Session) -> Result<Option<Self>, StoreError> {
        let stored = session.get(Space::WebVersion, &[]).await?;
        Ok(stored.and_then(|value| {
            let wire: WebVersionWire = codec::decode(Space::WebVersion, &value).ok()?;
            Some(Self { version: wire.version.try_into().ok()?, learned_ms: wire.learned_ms })
        }))
    }

    /// Adds the writing of this record to a batch.
    pub fn put(&self, batch: &mut Batch) {
        let wire = WebVersionWire { version: self.version.to_vec(), learned_ms: self.learned_ms };
        batch.put(Space::WebVersion, Vec::new(), codec::encode(&wire));
    }
}

#[derive(Clone, PartialEq, prost::Message)]
struct WebVersionWire {
    #[prost(uint32, repeated, tag = "1")]
    version: Vec<u32>,
    #[prost(int64, tag = "2")]
    learned_ms: i64,
}
