//! The actions of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An error answer to an iq.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    /// The text that belongs to the code, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// Seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) backoff: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(code: u16) -> Self {
        Self { code, text: None, backoff: None }
    }

    /// The text given, or the one the server uses with this code.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or(match self.code {
            400 => "bad-request",
            401 => "not-authorized",
            403 => "forbidden",
            404 => "item-not-found",
            405 => "not-allowed",
            406 => "not-acceptable",
            409 => "conflict",
            410 => "gone",
            419 => "resource-limit",
            423 => "locked",
            429 => "rate-overlimit",
            452 => "feature-not-available",
            500 => "internal-server-error",
            501 => "feature-not-implemented",
            503 => "service-unavailable",
            530 => "partial-server-error",
            _ => "error",
        })
    }
}

/// The ways in which the certificate chain of the handshake can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CertificateFault {
    /// Both certificates ended a year ago.
    Expired,
    /// Both certificates begin in a year.
    NotYetValid,
    /// Signed by a root nobody knows.
    OtherRoot,
    /// The leaf certifies a key that is not the server's.
    WrongLeafKey,
    /// No leaf.
    MissingLeaf,
    /// No intermediate.
    MissingIntermediate,
    /// A leaf without details.
    MissingDetails,
    /// A leaf without signature.
    MissingSignature,
    /// One bit of the leaf's signature is flipped.
    BadLeafSignature,
    /// One bit of the intermediate's signature is flipped.
    BadIntermediateSignature,
    /// The leaf names another issuer.
    WrongLeafIssuer,
    /// The intermediate names another root.
    WrongIntermediateIssuer,
    /// Bytes that are no protobuf.
    Garbage,
    /// Nothing at all.
    Empty,
}

/// The ways in which pair-success can be wrong. Signatures and MACs not named are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forgery {
    /// One bit of the HMAC is flipped.
    WrongMac,
    /// One bit of the account signature is flipped; the HMAC is right.
    WrongSignature,
    /// Signed for another companion's identity key.
    OtherIdentity,
    /// No `lid` attribute.
    NoLid,
    /// No `platform` child.
    NoPlatform,
    /// No `device` child.
    NoDevice,
    /// No `device-identity` child.
    NoIdentity,
    /// A device identity of more than 500 bytes that verifies.
    Oversize,
    /// The container is cut in the middle.
    Truncated,
    /// Key index 0, which belongs to the phone.
    KeyIndexZero,
    /// The account key is a point of low order.
    LowOrderKey,
    /// A hosted account, rightly authenticated.
    Hosted,
    /// The hosted flag without the hosted MAC.
    HostedFlag,
}

/// An action of a rule. In JSON: `"drop"`, `{"delay":500}`, `{"error":{"code":429}}` and so on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// The stanza is lost; at a point, nothing happens.
    Drop,
    /// So many milliseconds later.
    Delay(u64),
    /// Twice.
    Duplicate,
    /// The same ciphertext twice.
    Replay,
    /// One bit of the ciphertext is flipped.
    Garble,
    /// The ciphertext lacks its last byte.
    Truncate,
    /// In pieces of so many bytes, each a message of its own.
    Split(usize),
    /// In one message with the next frame.
    Coalesce,
    /// After the next frame.
    Reorder,
    /// zlib-compressed.
    Compress,
    /// Closed before, with a close frame.
    Close,
    /// Closed after, with a close frame.
    CloseAfter,
    /// The socket is dropped before, without a close frame.
    Cut,
    /// The socket is dropped after.
    CutAfter,
    /// Closed so many milliseconds later, whatever happens meanwhile.
    CloseIn(u64),
    /// The connection stays open, and nothing is ever sent on it again.
    Silence,
    /// Answered with an error.
    Error(Refusal),
    /// `failure` with these attributes, then closed.
    Failure(BTreeMap<String, String>),
    /// `stream:error` with these attributes and this child, then closed.
    StreamError {
        /// The code attribute.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The type of a conflict child.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict: Option<String>,
        /// Another child, by tag.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        child: Option<String>,
    },
    /// Sends that stanza before.
    Send(Value),
    /// Sends that stanza after.
    SendAfter(Value),
    /// Sends that stanza in its place.
    Replace(Value),
    /// Sends that plaintext in its place, base64.
    Plaintext(String),
    /// Sends that frame body in its place, base64, not encrypted.
    Frame(String),
    /// At `server_hello`: another certificate chain.
    Certificate(CertificateFault),
    /// At `client_hello`: an IK attempt is answered by XXfallback.
    RefuseIk,
    /// At `pair_success`: made wrong.
    Forge(Forgery),
    /// At `upgrade` and `media`: an HTTP status in place of the WebSocket, or of the file.
    Http(u16),
    /// At `media`: the connection ends after so many bytes of the file.
    CutAt(usize),
    /// At `media`: nothing comes after so many bytes of the file, and the connection stays open.
    HangAt(usize),
    /// At `media`: one bit of that byte of the file is flipped.
    FlipAt(usize),
    /// At `media`: each piece of the file comes so many milliseconds later.
    Slow(u64),
}
