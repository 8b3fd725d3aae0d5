//! The C ABI: one file for each C object, and below them the few tools with which all of them cross the boundary.
//!
//! This is the only place with `unsafe`, and it has no logic: it checks what came from C, calls the safe interface of
//! [`crate::client`], and hands out what came back. The comments of its functions and types are the text of `include/wa.h`, so they
//! speak to a C programmer.
//!
//! Rules of the boundary, and where they are kept:
//! - nothing but integers and pointers crosses it, and no callback does;
//! - a handle is a number dressed as a pointer, looked up in a table and never followed (`handle`);
//! - every pointer that C gives is checked for NULL, every text for length and UTF-8 (`convert`);
//! - no unwinding leaves a function, and no panic prints (`guard`);
//! - in a forked child every function answers before it takes a lock (`fork`).
//!
//! The tools run under Miri: `cargo +nightly miri test --lib -- ffi::handle ffi::convert ffi::guard`, with
//! `MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-permissive-provenance"`, since `parking_lot` keeps pointers in integers.
//!
//! Each `extern` function is written out, because the header is made from the source, and macros are invisible there.

#![expect(non_camel_case_types, reason = "the types carry the names that C programmers see")]
#![expect(
    clippy::missing_safety_doc,
    reason = "the comments are the C header's, which states the contract in C's terms"
)]

mod client;
mod config;
mod constants;
mod convert;
mod error;
mod event;
mod event_fields;
mod fork;
mod guard;
mod handle;
mod message_fields;
mod messages;
mod pairing;
mod qr;
mod queue;
mod reference;
#[cfg(target_os = "linux")]
mod sqlite_memory;
mod status;
mod version;

pub use client::*;
pub use config::*;
pub use constants::*;
pub use error::*;
pub use event::*;
pub use event_fields::*;
pub use message_fields::*;
pub use messages::*;
pub use pairing::*;
pub use queue::*;
pub use reference::*;
pub use status::*;
pub use version::*;
