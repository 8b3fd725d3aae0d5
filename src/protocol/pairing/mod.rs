//! Links a companion device to an account: by a code typed into the phone, by a QR, with the account's passkey.
//!
//! It is all values: no socket, no clock, no store, no randomness but what is handed in. A driver (the client's actor; in
//! tests, two ends in memory on a simulated clock) owns those and runs [`Pairing`], which is several small machines in one:
//! the QR and its rotation, the code and the phone's answers, the passkey exchange, the confirmation. They share one thing
//! that each wants to replace, the ADV secret, and only its owner may: a confirmation that was verified; else a code that
//! has begun to answer the phone, or a passkey exchange that has sealed its request; else the QR.
//!
//! It is not the life of a linked device: after [`Output::Linked`] and the [`Output::Reconnect`] that logs in, the value has
//! done its work and can be dropped.
//!
//! # The order of calls
//!
//! 1. [`Pairing::new`] for a device that is not linked. Times are [`Millis`] on any clock that only goes forward; every
//!    `now` must be at least the one before.
//! 2. [`Pairing::connected`] when a *registration* connection is open (handshake done), [`Pairing::disconnected`] when it is
//!    closed, whoever closed it.
//! 3. Every decoded stanza except the answers to one's own iqs goes to [`Pairing::handle_stanza`]; if it says false, the
//!    stanza is the driver's. If it says true it is dealt with, its acknowledgement included.
//! 4. The host's wishes: [`Pairing::request_code`], [`Pairing::request_qr`], [`Pairing::cancel`],
//!    [`Pairing::answer_passkey`], [`Pairing::confirm_passkey`]. Request ids are not 0 and not used twice. Requests are taken
//!    at any time, connected or not.
//! 5. After **every** call: execute [`Pairing::poll_output`] strictly in order until it gives none, then set one timer for
//!    [`Pairing::next_deadline`], on which [`Pairing::handle_timeout`] is called. The results of an output come back by
//!    another call, at any time and in any order; results that come too late are recognised and dropped:
//!
//! | output | comes back as |
//! |---|---|
//! | [`Output::Query`] | [`Pairing::handle_reply`] |
//! | [`Output::Derive`] | [`Pairing::derived`], after running the job away from the async threads |
//! | [`Output::Permit`] | [`Pairing::permitted`], after the [`limiter`]'s record was committed |
//! | [`Output::Save`] | [`Pairing::saved`] or [`Pairing::save_failed`] |
//! | [`Output::Reconnect`] | [`Pairing::connected`], if it is not a login; [`Pairing::unreachable`] if one gave up |
//! | [`Output::Linked`], [`Output::Event`], [`Output::Send`], [`Output::Disconnect`] | nothing |
//!
//!    A `Reconnect` that is no login changes nothing for a driver that is connecting already. After a connection was closed
//!    without a `Reconnect`, none is wanted: [`Pairing::wants_connection`] says so, too.
//! 6. [`Pairing::close`] when the client closes: what is open is answered.
//!
//! Every request gets exactly one final event ([`PairingEvent::is_final`]), whatever the server and the phone do.
//!
//! # Where things are
//!
//! The machines: `machine` (the whole), `code_machine`, `qr_machine`, `passkey_machine`, `pair_success`. Their cryptography,
//! both halves, which simulated phones use too: [`code`], [`identity`] and [`account`], [`passkey_crypto`], [`qr`]. Input rules:
//! [`phone_number`], [`platform`]. Outcomes of pairing: [`outcome`]. The limit of its beginnings: [`limiter`].

pub mod account;
pub mod code;
mod code_crypto;
mod code_machine;
pub mod config;
mod context;
mod held_requests;
pub mod identity;
pub mod limiter;
mod machine;
pub mod outcome;
pub mod output;
mod pair_success;
pub mod passkey_crypto;
mod passkey_machine;
pub mod phone_number;
pub mod platform;
pub mod qr;
mod qr_machine;
mod refusal;
mod stanzas;
mod timers;

#[cfg(any(test, fuzzing, feature = "testing"))]
pub mod random_walk;

#[cfg(test)]
mod confirmation_tests;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod harness_peer;
#[cfg(test)]
mod interruption_tests;
#[cfg(test)]
mod machine_tests;
#[cfg(test)]
mod outcome_tests;
#[cfg(test)]
mod passkey_flow_tests;
#[cfg(test)]
mod qr_tests;
#[cfg(test)]
mod test_vectors;

pub use code::{CodeError, PairingCode};
pub use config::{Millis, PairingConfig, PairingKeys, PasskeyPolicy};
pub use machine::Pairing;
pub use outcome::{OUTCOMES, Outcome, OutcomeKind, OutcomeRow, Retry, Stage};
pub use output::{
    Change, DeriveJob, DerivedKey, IqFailure, LinkedAccount, Method, Output, PairingEvent, PasskeyOptions,
    ReplyTag, SaveToken,
};
pub use passkey_machine::PasskeyRefusal;
pub use phone_number::{PhoneNumber, PhoneNumberError};
