//! Everything between the byte stream and the stanzas: frames, the Noise handshake, the server's certificates, and the
//! cipher of the established connection. Also the [`client_payload`] that the handshake carries.
//!
//! It is sans-I/O: bytes, time and randomness come in as values. In order of appearance on a connection:
//!
//! 1. [`prologue()`] once, in front of the first frame;
//! 2. [`ClientHandshake`] makes the first frame, takes the server's answer, checks it and makes the last frame;
//! 3. [`Transport`] (or its halves, [`Sealer`] and [`Opener`]) from then on;
//! 4. [`FrameReader`] and [`write_frame`] under all of it.
//!
//! It is not a general Noise library: one suite (X25519, AES-256-GCM, SHA-256), and the two places where the protocol
//! departs from the Noise specification are built in (see [`ClientHandshake`]). The server's side, [`ServerHandshake`], is
//! here for the simulator and the tests; nothing in the C library reaches it.
//!
//! The server's words are believed only after all checks of [`certificate`] against a pinned [`RootKey`]; the root can be
//! exchanged, the checks cannot be switched off.

pub mod certificate;
mod client;
pub mod client_payload;
mod frame;
mod prologue;
mod server;
mod symmetric;
mod transport;
mod utc;
mod verified_cache;

#[cfg(test)]
mod certificate_tests;
#[cfg(test)]
mod handshake_tests;
#[cfg(test)]
mod vector_tests;

pub use certificate::{CertificateError, RootKey, issue_chain, verify_chain};
pub use client::{ClientHandshake, Completed, VerifiedServer};
pub use frame::{FrameError, FrameReader, MAX_FRAME, MAX_HANDSHAKE_FRAME, write_frame};
pub use prologue::{HEADER, Prologue, PrologueReader, prologue};
pub use server::{Established, IkPolicy, Pattern, ServerHandshake, ServerStep};
pub use transport::{MAX_PLAINTEXT, Opener, Sealer, Transport};

use crate::crypto::LowOrder;

/// The reason why a handshake or an established connection cannot go on. Nothing of this is ever told to the other side: the
/// connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoiseError {
    /// A handshake frame is no protobuf message of the expected schema.
    #[error("a handshake message cannot be parsed")]
    Malformed,
    /// The frame parses but holds another message than the one whose turn it is.
    #[error("expected the handshake message {0}, got another one")]
    UnexpectedMessage(&'static str),
    /// A field is missing or has an impossible length.
    #[error("handshake field {field} has {length} bytes")]
    FieldLength {
        /// Message and field.
        field: &'static str,
        /// The length found; 0 also stands for a missing field.
        length: usize,
    },
    /// The other side's key would make a shared secret that everybody knows.
    #[error("the other side offered a key of low order")]
    LowOrderKey,
    /// A field does not decrypt: the other side does not hold the keys, or the bytes were changed on the way.
    #[error("handshake field {0} is not authentic")]
    NotAuthentic(&'static str),
    /// The server is not the one that the pinned root vouches for.
    #[error("the server's certificates are refused: {0}")]
    Certificate(#[from] CertificateError),
    /// A frame of the established connection does not decrypt: lost, repeated, reordered or changed.
    #[error("frame {0} is not authentic")]
    FrameNotAuthentic(u32),
    /// The plaintext does not fit into one frame.
    #[error("a plaintext of {0} bytes does not fit into a frame")]
    TooLong(usize),
    /// All 2³² nonces of this direction are used up.
    #[error("the frame counter is used up")]
    CounterExhausted,
    /// This direction failed before and is not to be used any more.
    #[error("the connection is broken by an earlier failure")]
    Broken,
}

impl From<LowOrder> for NoiseError {
    fn from(_: LowOrder) -> Self {
        Self::LowOrderKey
    }
}
