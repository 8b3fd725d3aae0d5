//! The server's side of the handshake: XX, IK, and XXfallback for an IK attempt that is refused. For the simulator and for
//! tests with both ends; the C library never reaches it.

use std::fmt;

use super::client::{key_field, sealed_field, sealed_key_field};
use super::symmetric::{IK, Symmetric, XX, XX_FALLBACK};
use super::{NoiseError, Transport};
use crate::crypto::{KeyPair, PublicKey, Random};
use crate::proto::Message;
use crate::proto::handshake::{ClientHello, HandshakeMessage, ServerHello};

/// The pattern of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// Neither side knew the other: three messages.
    Xx,
    /// The client knew the server's key and was right: two messages.
    Ik,
    /// The client thought it knew the server's key: the two go on as in XX.
    XxFallback,
}

/// The answer to a client that tries IK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IkPolicy {
    /// Accept it if its messages decrypt, fall back if not.
    #[default]
    Try,
    /// Fall back in any case.
    Refuse,
}

/// The result of a handshake: the client and the connection.
#[derive(Debug)]
pub struct Established {
    /// The client's static key, which it has proven to hold.
    pub client_static: PublicKey,
    /// The client payload, serialized.
    pub payload: Vec<u8>,
    /// The pattern of the handshake.
    pub pattern: Pattern,
    /// The established connection.
    pub transport: Transport,
}

/// The next step after the server's answer.
#[derive(Debug)]
pub enum ServerStep {
    /// The client has to send its last message.
    Finish(ServerHandshake),
    /// An accepted IK attempt: there is nothing more to come.
    Done(Established),
}

/// A handshake in which the server has answered and waits for the client's last message.
pub struct ServerHandshake {
    symmetric: Symmetric,
    ephemeral: KeyPair,
    pattern: Pattern,
}

impl ServerHandshake {
    /// Takes the content of the client's first frame and gives the content of the answer. `chain` is what
    /// [`issue_chain`](super::issue_chain) made, `header` the four bytes that the client sent. Draws 32 random bytes.
    ///
    /// # Errors
    /// Anything that is not exactly right; an IK attempt that does not decrypt is no error but falls back.
    pub fn accept(
        static_key: &KeyPair,
        chain: &[u8],
        client_hello: &[u8],
        header: [u8; 4],
        policy: IkPolicy,
        rng: &mut dyn Random,
    ) -> Result<(Vec<u8>, ServerStep), NoiseError> {
        let hello = ClientHelloFields::parse(client_hello)?;
        let ephemeral = KeyPair::generate(rng);
        let Some(attempt) = &hello.attempt else {
            return Self::answer(XX, Pattern::Xx, static_key, chain, &hello, header, ephemeral);
        };
        let opened = match policy {
            IkPolicy::Try => attempt.open(static_key, &hello.ephemeral, header)?,
            IkPolicy::Refuse => None,
        };
        match opened {
            Some(opened) => opened.accept(chain, &hello.ephemeral, &ephemeral),
            None => {
                Self::answer(XX_FALLBACK, Pattern::XxFallback, static_key, chain, &hello, header, ephemeral)
            }
        }
    }

    /// The answer of XX and of XXfallback, which differ in name only.
    fn answer(
        name: &[u8],
        pattern: Pattern,
        static_key: &KeyPair,
        chain: &[u8],
        hello: &ClientHelloFields,
        header: [u8; 4],
        ephemeral: KeyPair,
    ) -> Result<(Vec<u8>, ServerStep), NoiseError> {
        let mut symmetric = Symmetric::new(name, &header);
        symmetric.mix_hash(hello.ephemeral.as_bytes());
        symmetric.mix_hash(ephemeral.public().as_bytes());
        symmetric.mix_key(&ephemeral.agree(&hello.ephemeral)?);
        let sealed_static = symmetric.encrypt_and_hash(static_key.public().as_bytes());
        symmetric.mix_key(&static_key.agree(&hello.ephemeral)?);
        let sealed_chain = symmetric.encrypt_and_hash(chain);
        let body = server_hello(&ephemeral, Some(sealed_static), sealed_chain);
        Ok((body, ServerStep::Finish(Self { symmetric, ephemeral, pattern })))
    }

    /// Takes the content of the client's last frame.
    ///
    /// # Errors
    /// Anything that is not exactly right.
    pub fn finish(self, client_finish: &[u8]) -> Result<Established, NoiseError> {
        let Self { mut symmetric, ephemeral, pattern } = self;
        let message = HandshakeMessage::decode(client_finish).map_err(|_| NoiseError::Malformed)?;
        let finish = message.client_finish.ok_or(NoiseError::UnexpectedMessage("ClientFinish"))?;
        let sealed_static = sealed_key_field(finish.r#static, "ClientFinish.static")?;
        let sealed_payload = sealed_field(finish.payload, "ClientFinish.payload")?;

        let client_static = symmetric.decrypt_and_hash(&sealed_static, "ClientFinish.static")?;
        let client_static = key_field(Some(client_static), "ClientFinish.static")?;
        symmetric.mix_key(&ephemeral.agree(&client_static)?);
        let payload = symmetric.decrypt_and_hash(&sealed_payload, "ClientFinish.payload")?;
        Ok(Established { client_static, payload, pattern, transport: symmetric.into_server_transport() })
    }

    #[cfg(test)]
    pub(super) const fn symmetric(&self) -> &Symmetric {
        &self.symmetric
    }
}

impl fmt::Debug for ServerHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandshake").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

fn server_hello(ephemeral: &KeyPair, sealed_static: Option<Vec<u8>>, sealed_chain: Vec<u8>) -> Vec<u8> {
    let hello = ServerHello {
        ephemeral: Some(ephemeral.public().0.to_vec()),
        r#static: sealed_static,
        payload: Some(sealed_chain),
    };
    HandshakeMessage { server_hello: Some(hello), ..Default::default() }.encode_to_vec()
}

/// The client's first message. Static key and payload together make it an IK attempt.
struct ClientHelloFields {
    ephemeral: PublicKey,
    attempt: Option<HandshakeAttempt>,
}

struct HandshakeAttempt {
    sealed_static: Vec<u8>,
    sealed_payload: Vec<u8>,
}

impl ClientHelloFields {
    fn parse(body: &[u8]) -> Result<Self, NoiseError> {
        let message = HandshakeMessage::decode(body).map_err(|_| NoiseError::Malformed)?;
        let ClientHello { ephemeral, r#static, payload } =
            message.client_hello.ok_or(NoiseError::UnexpectedMessage("ClientHello"))?;
        let attempt = match (r#static, payload) {
            (Some(sealed_static), Some(sealed_payload)) => {
                Some(HandshakeAttempt { sealed_static, sealed_payload })
            }
            _ => None,
        };
        Ok(Self { ephemeral: key_field(ephemeral, "ClientHello.ephemeral")?, attempt })
    }
}

impl HandshakeAttempt {
    /// `None` if it does not decrypt, so that the two can fall back.
    fn open(
        &self,
        static_key: &KeyPair,
        client_ephemeral: &PublicKey,
        header: [u8; 4],
    ) -> Result<Option<OpenedAttempt>, NoiseError> {
        let mut symmetric = Symmetric::new(IK, &header);
        symmetric.mix_hash(static_key.public().as_bytes());
        symmetric.mix_hash(client_ephemeral.as_bytes());
        symmetric.mix_key(&static_key.agree(client_ephemeral)?);
        let Ok(client_static) = symmetric.decrypt_and_hash(&self.sealed_static, "ClientHello.static") else {
            return Ok(None);
        };
        let client_static = key_field(Some(client_static), "ClientHello.static")?;
        symmetric.mix_key(&static_key.agree(&client_static)?);
        let payload = symmetric.decrypt_and_hash(&self.sealed_payload, "ClientHello.payload");
        Ok(payload.ok().map(|payload| OpenedAttempt { symmetric, client_static, payload }))
    }
}

/// An IK attempt that decrypted.
struct OpenedAttempt {
    symmetric: Symmetric,
    client_static: PublicKey,
    payload: Vec<u8>,
}

impl OpenedAttempt {
    fn accept(
        self,
        chain: &[u8],
        client_ephemeral: &PublicKey,
        ephemeral: &KeyPair,
    ) -> Result<(Vec<u8>, ServerStep), NoiseError> {
        let Self { mut symmetric, client_static, payload } = self;
        symmetric.mix_hash(ephemeral.public().as_bytes());
        symmetric.mix_key(&ephemeral.agree(client_ephemeral)?);
        symmetric.mix_key(&ephemeral.agree(&client_static)?);
        let sealed_chain = symmetric.encrypt_and_hash(chain);
        let established = Established {
            client_static,
            payload,
            pattern: Pattern::Ik,
            transport: symmetric.into_server_transport(),
        };
        Ok((server_hello(ephemeral, None, sealed_chain), ServerStep::Done(established)))
    }
}
