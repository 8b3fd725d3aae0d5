//! The outcome of a handler.

use super::SessionError;
use crate::client::disconnect_reason::DisconnectReason;
use crate::messaging::record_cache::MissingRecords;
use crate::store::StoreError;

/// The greatest number of loads of records for one event. A group of the largest size takes less than ten.
pub(super) const MOST_LOADS: usize = 64;

/// The outcome of a handler: `Ok` if its effects are in the unit of work.
pub(super) type Handled = Result<(), Unhandled>;

/// The reason why a handler has not done its work.
#[derive(Debug)]
pub(super) enum Unhandled {
    /// These records are missing, and nothing was changed; none are named if the messaging engine itself is missing.
    Needs(MissingRecords),
    /// The rest of it changes the connection or the link.
    Transition,
    /// It ends the connection.
    Stop(SessionError),
}

impl From<MissingRecords> for Unhandled {
    fn from(missing: MissingRecords) -> Self {
        Self::Needs(missing)
    }
}

impl From<DisconnectReason> for Unhandled {
    fn from(reason: DisconnectReason) -> Self {
        Self::Stop(SessionError::Ended(reason))
    }
}

/// Returns the error of a step that asks for records again and again: a fault of this library.
pub(super) fn never_complete() -> SessionError {
    SessionError::Store(StoreError::NeverComplete)
}
