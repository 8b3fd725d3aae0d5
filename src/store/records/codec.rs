//! The outer form of every record.

use crate::store::{Space, StoreError, Value};
use prost::Message;

/// The only format there is so far.
const FORMAT: u8 = 1;

/// Encodes a record's message.
pub(crate) fn encode(message: &impl Message) -> Value {
    let mut bytes = Vec::with_capacity(1 + message.encoded_len());
    bytes.push(FORMAT);
    // The vector grows as needed and was made large enough, so that no copy of a secret is left behind by growing.
    message.encode_raw(&mut bytes);
    Value::new(bytes)
}

/// Decodes a record's message.
pub(crate) fn decode<M: Message + Default>(space: Space, value: &[u8]) -> Result<M, StoreError> {
    match value.split_first() {
        Some((&FORMAT, message)) => M::decode(message).map_err(|_| error(space, "it is damaged")),
        Some(_) => Err(error(space, "a newer version of this library wrote it")),
        None => Err(error(space, "it is empty")),
    }
}

/// An unreadable record.
pub(crate) fn error(space: Space, what: &'static str) -> StoreError {
    StoreError::Record { space, what }
}
