//! The typed records kept in the store, the same for every backend, and the batches that change them.
//!
//! Each record is one format byte and a protobuf message of its own. A later version may add fields under the same format;
//! a format this version does not know is an error, never an empty record. Secret fields are zeroised, also in the encoded
//! form, and `Debug` leaves them out.
//!
//! The record of the limiter of pairing codes is the pairing room's own; it is kept under
//! [`Space::Limiter`](super::Space::Limiter), by phone number, and changed with [`Batch::require`](super::Batch::require).

mod account;
mod account_limits;
mod app_state_key;
pub(crate) mod codec;
mod device;
mod lifecycle_batches;
mod prekey;
mod web_version;

pub use account::AccountRecord;
pub use account_limits::{AccountLimits, ContactLock, keep_account_limits, restore_account_limits};
pub use app_state_key::AppStateKeyRecord;
pub use device::{DeviceRecord, ServerRecord, SignedPrekey};
pub use lifecycle_batches::{fresh, linked, load, restored, unlinked};
pub use prekey::{
    OneTimePrekey, PrekeyBatch, allocate_prekeys, allocate_retry_prekey, awaits_upload, forget_prekeys,
    load_unsent_prekeys, number_anew, number_beyond, prekeys_uploaded,
};

pub use web_version::WebVersionRecord;

#[cfg(test)]
mod records_tests;
