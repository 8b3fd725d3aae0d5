//! The client's side of the handshake: XX, IK with a server whose key is known, and XXfallback if that is refused.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::symmetric::{IK, Symmetric, XX, XX_FALLBACK};
use super::{HEADER, NoiseError, RootKey, Transport, verify_chain};
use crate::crypto::gcm::TAG_LENGTH;
use crate::crypto::{KeyPair, PublicKey, Random};
use crate::proto::Message;
use crate::proto::handshake::{ClientFinish, ClientHello, HandshakeMessage, ServerHello};

/// Length of an encrypted static key.
pub(super) const SEALED_KEY: usize = 32 + TAG_LENGTH;

/// A server that has shown certificates which passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedServer {
    /// The static key that they vouch for.
    pub key: PublicKey,
    /// The time in which they are valid, Unix seconds.
    pub validity: RangeInclusive<u64>,
}

/// The end of a handshake, as the client sees it.
#[derive(Debug)]
pub struct Completed {
    /// The content of the client's last frame (`ClientFinish`); none after IK, which has no third message.
    pub finish: Option<Vec<u8>>,
    /// The established connection.
    pub transport: Transport,
    /// The server, if it showed its certificates; after IK it has only proven that it holds the key that the client knew.
    pub verified: Option<VerifiedServer>,
}

/// [`Completed`] before the keys of the connection are derived.
pub(super) struct Finished {
    pub(super) finish: Option<Vec<u8>>,
    pub(super) symmetric: Symmetric,
    pub(super) verified: Option<VerifiedServer>,
}

/// A handshake in which the client has spoken and waits for the server's answer.
///
/// The pattern is XX of the Noise specification with two departures: the empty content of the first message is not mixed
/// into the hash, and the messages are protobuf fields. So a stock Noise library does not understand it.
///
/// The client's own key and payload leave only after the server's certificates have passed every check: in this handshake, or in
/// the earlier one from which the server's key is known ([`resume`](Self::resume)).
pub struct ClientHandshake {
    symmetric: Symmetric,
    static_key: Arc<KeyPair>,
    ephemeral: KeyPair,
    /// The first message was that of IK.
    resumes: bool,
}

impl ClientHandshake {
    /// Starts a handshake with the device's Noise key. Gives the content of the first frame (`ClientHello`), in front of
    /// which [`prologue()`](super::prologue()) goes. Draws 32 random bytes.
    #[must_use]
    pub fn new(static_key: Arc<KeyPair>, rng: &mut dyn Random) -> (Self, Vec<u8>) {
        let ephemeral = KeyPair::generate(rng);
        let symmetric = hello_state(XX, &ephemeral);
        let hello = client_hello(&ephemeral, None, None);
        (Self { symmetric, static_key, ephemeral, resumes: false }, hello)
    }

    /// Starts a handshake of pattern IK with a server whose key was verified before: the first message carries the client's key
    /// and `payload`, for that server alone to read, and the answer ends the handshake. A server that has another key by now, or
    /// does not want this, goes on as in XX; the payload is then sent again. Draws 32 random bytes.
    ///
    /// An attacker who records the first message cannot read it, but can send it again. The replay logs nobody in: to go on
    /// takes the client's keys.
    ///
    /// # Errors
    /// The server's key is of low order.
    pub fn resume(
        static_key: Arc<KeyPair>,
        server: &PublicKey,
        payload: &[u8],
        rng: &mut dyn Random,
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let ephemeral = KeyPair::generate(rng);
        let mut symmetric = Symmetric::new(IK, &HEADER);
        symmetric.mix_hash(server.as_bytes());
        symmetric.mix_hash(ephemeral.public().as_bytes());
        symmetric.mix_key(&ephemeral.agree(server)?);
        let sealed_static = symmetric.encrypt_and_hash(static_key.public().as_bytes());
        symmetric.mix_key(&static_key.agree(server)?);
        let sealed_payload = symmetric.encrypt_and_hash(payload);
        let hello = client_hello(&ephemeral, Some(sealed_static), Some(sealed_payload));
        Ok((Self { symmetric, static_key, ephemeral, resumes: true }, hello))
    }

    /// Takes the content of the server's first frame (`ServerHello`). If the server is the one that `root` vouches for, or the
    /// one whose key is known, gives the established connection, and what is still to be sent. `payload` is the client's payload,
    /// `now_unix` is in seconds; certificates may be out of date by `tolerance_s`.
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
    ) -> Result<Completed, NoiseError> {
        let Finished { finish, symmetric, verified } =
            self.complete(body, root, now_unix, tolerance_s, payload)?;
        Ok(Completed { finish, transport: symmetric.into_client_transport(), verified })
    }

    pub(super) fn complete(
        mut self,
        body: &[u8],
        root: &RootKey,
        now_unix: i64,
        tolerance_s: u32,
        payload: &[u8],
    ) -> Result<Finished, NoiseError> {
        let hello = ServerHelloFields::parse(body)?;
        if self.resumes {
            let Some(sealed_static) = hello.sealed_static else {
                let symmetric = self.resumed(&hello.ephemeral, &hello.sealed_chain)?;
                return Ok(Finished { finish: None, symmetric, verified: None });
            };
            // The server shows its key: it could not read the attempt, or did not want to. Nothing of it counts any more.
            self.symmetric = hello_state(XX_FALLBACK, &self.ephemeral);
            let hello = ServerHelloFields { sealed_static: Some(sealed_static), ..hello };
            return self.finish(hello, root, now_unix, tolerance_s, payload);
        }
        self.finish(hello, root, now_unix, tolerance_s, payload)
    }

    /// The rest of IK. The chain is there for the transcript only: the key in it was verified before.
    fn resumed(self, server_ephemeral: &PublicKey, sealed_chain: &[u8]) -> Result<Symmetric, NoiseError> {
        let Self { mut symmetric, static_key, ephemeral, .. } = self;
        symmetric.mix_hash(server_ephemeral.as_bytes());
        symmetric.mix_key(&ephemeral.agree(server_ephemeral)?);
        symmetric.mix_key(&static_key.agree(server_ephemeral)?);
        symmetric.decrypt_and_hash(sealed_chain, "ServerHello.payload")?;
        Ok(symmetric)
    }

    /// The rest of XX and of XXfallback.
    fn finish(
        self,
        hello: ServerHelloFields,
        root: &RootKey,
        now_unix: i64,
        tolerance_s: u32,
        payload: &[u8],
    ) -> Result<Finished, NoiseError> {
        let Self { mut symmetric, static_key, ephemeral, .. } = self;
        let sealed_static = sealed_key_field(hello.sealed_static, "ServerHello.static")?;
        symmetric.mix_hash(hello.ephemeral.as_bytes());
        symmetric.mix_key(&ephemeral.agree(&hello.ephemeral)?);
        let server_static = symmetric.decrypt_and_hash(&sealed_static, "ServerHello.static")?;
        let key = PublicKey::from_slice(&server_static)
            .ok_or(NoiseError::FieldLength { field: "ServerHello.static", length: server_static.len() })?;
        symmetric.mix_key(&ephemeral.agree(&key)?);
        let chain = symmetric.decrypt_and_hash(&hello.sealed_chain, "ServerHello.payload")?;
        let validity = verify_chain(&chain, &key, root, now_unix, tolerance_s)?;

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
        let verified = Some(VerifiedServer { key, validity });
        Ok(Finished { finish: Some(finish.encode_to_vec()), symmetric, verified })
    }
}

/// The state after a first message that holds nothing but the ephemeral key.
fn hello_state(pattern: &[u8], ephemeral: &KeyPair) -> Symmetric {
    let mut symmetric = Symmetric::new(pattern, &HEADER);
    symmetric.mix_hash(ephemeral.public().as_bytes());
    symmetric
}

fn client_hello(
    ephemeral: &KeyPair,
    sealed_static: Option<Vec<u8>>,
    sealed_payload: Option<Vec<u8>>,
) -> Vec<u8> {
    let hello = ClientHello {
        ephemeral: Some(ephemeral.public().0.to_vec()),
        r#static: sealed_static,
        payload: sealed_payload,
    };
    HandshakeMessage { client_hello: Some(hello), ..Default::default() }.encode_to_vec()
}

impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake").finish_non_exhaustive()
    }
}

/// The server's answer, lengths checked before any key is touched.
struct ServerHelloFields {
    ephemeral: PublicKey,
    /// Not there in an answer that accepts IK.
    sealed_static: Option<Vec<u8>>,
    sealed_chain: Vec<u8>,
}

impl ServerHelloFields {
    fn parse(body: &[u8]) -> Result<Self, NoiseError> {
        let message = HandshakeMessage::decode(body).map_err(|_| NoiseError::Malformed)?;
        let ServerHello { ephemeral, r#static, payload } =
            message.server_hello.ok_or(NoiseError::UnexpectedMessage("ServerHello"))?;
        Ok(Self {
            ephemeral: key_field(ephemeral, "ServerHello.ephemeral")?,
            sealed_static: r#static,
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
