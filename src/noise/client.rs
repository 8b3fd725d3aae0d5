//! The client's side of the handshake, pattern XX.

use std::fmt;
use std::sync::Arc;

use super::symmetric::{Symmetric, XX};
use super::{HEADER, NoiseError, RootKey, Transport, verify_chain};
use crate::crypto::gcm::TAG_LENGTH;
use crate::crypto::{KeyPair, PublicKey, Random};
use crate::proto::Message;
use crate::proto::handshake::{ClientFinish, ClientHello, HandshakeMessage, ServerHello};

/// Length of an encrypted static key.
pub(super) const SEALED_KEY: usize = 32 + TAG_LENGTH;

/// A handshake in which the client has spoken and waits for the server's answer.
///
/// The pattern is XX of the Noise specification with two departures: the empty content of the first message is not mixed
/// into the hash, and the messages are protobuf fields. So a stock Noise library does not understand it.
///
/// The client's own key and payload leave only after the server's certificates have passed every check.
pub struct ClientHandshake {
    symmetric: Symmetric,
    static_key: Arc<KeyPair>,
    ephemeral: KeyPair,
}

impl ClientHandshake {
    /// Starts a handshake with the device's Noise key. Gives the content of the first frame (`ClientHello`), in front of
    /// which [`intro()`](super::intro()) goes. Draws 32 random bytes.
    #[must_use]
    pub fn new(static_key: Arc<KeyPair>, rng: &mut dyn Random) -> (Self, Vec<u8>) {
        let ephemeral = KeyPair::generate(rng);
        let mut symmetric = Symmetric::new(XX, &HEADER);
        symmetric.mix_hash(ephemeral.public().as_bytes());
        let hello = HandshakeMessage {
            client_hello: Some(ClientHello {
                ephemeral: Some(ephemeral.public().0.to_vec()),
                ..Default::default()
            }),
            ..Default::default()
        };
        (Self { symmetric, static_key, ephemeral }, hello.encode_to_vec())
    }

    /// Takes the content of the server's first frame (`ServerHello`). If the server is the one that `root` vouches for,
    /// gives the content of the client's last frame (`ClientFinish`), which carries `payload`, and the established
    /// connection. `now_unix` is in seconds; certificates may be out of date by `tolerance_s`.
    ///
    /// # Errors
    /// Anything that is not exactly right; close the connection then, without a word.
    pub fn handle_server_hello(
        self,
        body: &[u8],
        root: &RootKey,
        now_unix: i64,
        tolerance_s: u32,
        payload: &[u8],
    ) -> Result<(Vec<u8>, Transport), NoiseError> {
        let (finish, symmetric) = self.finish(body, root, now_unix, tolerance_s, payload)?;
        Ok((finish, symmetric.into_client_transport()))
    }

    pub(super) fn finish(
        self,
        body: &[u8],
        root: &RootKey,
        now_unix: i64,
        tolerance_s: u32,
        payload: &[u8],
    ) -> Result<(Vec<u8>, Symmetric), NoiseError> {
        let Self { mut symmetric, static_key, ephemeral } = self;
        let hello = ServerHelloFields::parse(body)?;

        symmetric.mix_hash(hello.ephemeral.as_bytes());
        symmetric.mix_key(&ephemeral.agree(&hello.ephemeral)?);
        let server_static = symmetric.decrypt_and_hash(&hello.sealed_static, "ServerHello.static")?;
        let server_static = PublicKey::from_slice(&server_static)
            .ok_or(NoiseError::FieldLength { field: "ServerHello.static", length: server_static.len() })?;
        symmetric.mix_key(&ephemeral.agree(&server_static)?);
        let chain = symmetric.decrypt_and_hash(&hello.sealed_chain, "ServerHello.payload")?;
        verify_chain(&chain, &server_static, root, now_unix, tolerance_s)?;

        let sealed_static = symmetric.encrypt_and_hash(static_key.public().as_bytes());
        symmetric.mix_key(&static_key.agree(&hello.ephemeral)?);
        let sealed_payload = symmetric.encrypt_and_hash(payload);
        let finish = HandshakeMessage {
            client_finish: Some(ClientFinish {
                r#static: Some(sealed_static),
                payload: Some(sealed_payload),
            }),
            ..Default::default()
        };
        Ok((finish.encode_to_vec(), symmetric))
    }

    /// As if an IK attempt with this ephemeral key had been refused. The product has no IK client.
    #[cfg(test)]
    pub(super) fn after_refused_ik(static_key: Arc<KeyPair>, ephemeral: KeyPair) -> Self {
        let mut symmetric = Symmetric::new(super::symmetric::XX_FALLBACK, &HEADER);
        symmetric.mix_hash(ephemeral.public().as_bytes());
        Self { symmetric, static_key, ephemeral }
    }
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake").finish_non_exhaustive()
    }
}

/// The server's answer, lengths checked before any key is touched.
struct ServerHelloFields {
    ephemeral: PublicKey,
    sealed_static: Vec<u8>,
    sealed_chain: Vec<u8>,
}

impl ServerHelloFields {
    fn parse(body: &[u8]) -> Result<Self, NoiseError> {
        let message = HandshakeMessage::decode(body).map_err(|_| NoiseError::Malformed)?;
        let ServerHello { ephemeral, r#static, payload } =
            message.server_hello.ok_or(NoiseError::UnexpectedMessage("ServerHello"))?;
        Ok(Self {
            ephemeral: key_field(ephemeral, "ServerHello.ephemeral")?,
            sealed_static: sealed_key_field(r#static, "ServerHello.static")?,
            sealed_chain: sealed_field(payload, "ServerHello.payload")?,
        })
    }
}

/// A public key in clear.
pub(super) fn key_field(value: Option<Vec<u8>>, field: &'static str) -> Result<PublicKey, NoiseError> {
    let value = value.unwrap_or_default();
    PublicKey::from_slice(&value).ok_or(NoiseError::FieldLength { field, length: value.len() })
}

/// An encrypted public key.
pub(super) fn sealed_key_field(value: Option<Vec<u8>>, field: &'static str) -> Result<Vec<u8>, NoiseError> {
    let value = value.unwrap_or_default();
    if value.len() == SEALED_KEY {
        Ok(value)
    } else {
        Err(NoiseError::FieldLength { field, length: value.len() })
    }
}

/// Anything encrypted: at least a tag.
pub(super) fn sealed_field(value: Option<Vec<u8>>, field: &'static str) -> Result<Vec<u8>, NoiseError> {
    let value = value.unwrap_or_default();
    if value.len() >= TAG_LENGTH {
        Ok(value)
    } else {
        Err(NoiseError::FieldLength { field, length: value.len() })
    }
}
