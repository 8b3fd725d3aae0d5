//! The protocols that libwa speaks, as values: what a call is handed goes in, what follows from it comes out.
//!
//! Nothing here reads a clock, opens a socket or a file, starts a thread or a task, or draws randomness but what is handed in.
//! The package has no dependency that could, but for [`crypto::OsRandom`], which callers hand in.
//!
//! | room | subject |
//! |---|---|
//! | [`messaging`] | addresses, contents and stanzas of messages |
//! | [`media`] | encrypted files |
//! | [`pairing`] | phone code, QR, passkey, signed device identity |
//! | [`signal`] | end-to-end encryption: X3DH, double ratchet, sender keys, device identities |
//! | [`noise`] | handshake, certificate chain, transport cipher, frames |
//! | [`stanza`] | the binary node codec, tokens, JIDs, builders |
//! | [`crypto`] | primitives that the rooms above share, and the source of randomness they are handed |
//! | [`proto`] | protobuf messages, made at build time |

#![forbid(unsafe_code)]

pub mod crypto;
pub mod media;
pub mod messaging;
pub mod noise;
pub mod pairing;
pub mod proto;
pub mod signal;
pub mod stanza;
