//! How a companion device is linked to an account: by a code typed into the phone, by a QR, with the account's passkey.

pub mod account;
pub mod code;
pub mod config;
pub mod identity;
pub mod limiter;
pub mod outcome;
pub mod output;
pub mod passkey;
pub mod phone_number;
pub mod platform;
pub mod qr;
mod wrap;

#[cfg(test)]
mod test_vectors;

pub use code::{CodeError, PairingCode};
pub use config::{Millis, PairingConfig, PairingKeys, PasskeyPolicy};
pub use outcome::{Outcome, OutcomeKind, Retry, Stage};
pub use output::{
    Change, DeriveJob, DerivedKey, IqFailure, LinkedAccount, Method, Output, PairingEvent, PasskeyOptions,
    ReplyTag, SaveToken,
};
pub use phone_number::{PhoneNumber, PhoneNumberError};
