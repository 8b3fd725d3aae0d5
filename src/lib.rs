//! libwa links a program to WhatsApp as a companion device. What ships is a C library; this page is the map of the
//! house for those who work on it.
//!
//! Calls go down only, and no layer knows the one above it:
//!
//! | room | what it is |
//! |---|---|
//! | [`ffi`] | the C ABI, one file per C object; the only place with `unsafe`; no logic |
//! | [`client`] | one session = one actor task: it owns the connection, the flows and the session's part of the store |
//! | [`api`] | the vocabulary shared with the host: status codes, configuration keys, events, methods |
//! | [`messaging`] | messages, receipts, groups, devices; values in, values out |
//! | [`pairing`] | phone code, QR, passkey, signed device identity; values in, values out |
//! | [`net`] | WebSocket, TLS, proxies: bytes to and from the server |
//! | [`store`] | the storage trait, SQLite and memory; the typed records kept in it |
//! | [`signal`] | end-to-end encryption: X3DH, double ratchet, sender keys, device identities; values in, values out |
//! | [`noise`] | handshake, certificate chain, transport cipher, frames; no I/O |
//! | [`stanza`] | the binary node codec, tokens, JIDs, builders; no I/O |
//! | [`crypto`] | primitives that the rooms above share, and the source of randomness they are handed |
//! | [`proto`] | protobuf messages, made at build time |
//! | `standard` | keeps what the library opens off the host's descriptors 0, 1 and 2 |
//! | `threads` | starts every thread of the library, with all signals blocked; pools for jobs |
//!
//! `messaging`, `pairing`, `signal`, `noise` and `stanza` read no clock, open no socket and draw no randomness but what is
//! handed in, so two ends can be run against each other in memory. `client` is the driver that gives them all three.
//!
//! `library` is a package of its own: `libwa.so` and `libwa.a`, which export `ffi` and nothing else.
//!
//! Start reading at `client/session` (the actor) for how things fit, at `pairing/mod.rs` for the main flow, and at
//! `ffi/mod.rs` for the rules of the boundary.

#[forbid(unsafe_code)]
pub mod api;
#[forbid(unsafe_code)]
pub mod client;
#[forbid(unsafe_code)]
pub mod crypto;
#[allow(unsafe_code, reason = "the C boundary: pointers come from the host")]
pub mod ffi;
#[forbid(unsafe_code)]
pub mod messaging;
#[forbid(unsafe_code)]
pub mod net;
#[forbid(unsafe_code)]
pub mod noise;
#[forbid(unsafe_code)]
pub mod pairing;
#[forbid(unsafe_code)]
pub mod proto;
#[forbid(unsafe_code)]
pub mod signal;
#[forbid(unsafe_code)]
mod standard;
#[forbid(unsafe_code)]
pub mod stanza;
#[forbid(unsafe_code)]
pub mod store;
#[forbid(unsafe_code)]
mod threads;
