//! The stanzas of pairing: what we send, and reading what comes.
//!
//! Reading is lenient where servers differ and strict where it matters: fields are found by name, text may come as bytes or
//! as a token, and a stanza that lacks something is still recognised, so that it is acknowledged. The effect of a stanza on the
//! state is decided elsewhere.
//!
//! Main type: [`PairingStanza`].

use super::code_crypto::{BUNDLE_LENGTH, WRAPPED_KEY_LENGTH};
use super::output::IqFailure;
use super::phone_number::PhoneNumber;
use crate::crypto::PublicKey;
use crate::stanza::{Jid, Node, NodeRef, build};

const REG: &str = "link_code_companion_reg";

/// A stanza that concerns pairing.
pub(super) enum PairingStanza {
    /// References for QRs; the sign that the connection is ready for a code, too.
    PairDevice { id: String, refs: Vec<String> },
    /// The phone has linked us.
    PairSuccess(Box<PairSuccess>),
    /// The phone answered a code.
    PrimaryHello(Box<PrimaryHello>),
    /// The server retired a code.
    RefreshCode { reference: Vec<u8>, force_manual: bool },
    /// The server wants another secret in the QR.
    RegRefresh,
    /// The account demands its passkey.
    PasskeyRequest { options: Option<String> },
    /// The phone's part of the passkey exchange.
    Continuation { identity: Option<Vec<u8>> },
    /// The phone that scanned the QR is too old.
    Downgrade,
    /// A login that is none: some servers send it before pairing.
    Success,
    /// The restart after pairing.
    Restart,
    /// A notification of pairing that lacks something or is of an unknown kind; happens in production.
    Incomplete,
}

/// The server's message that the phone has linked us.
pub(super) struct PairSuccess {
    pub(super) id: String,
    pub(super) jid: Option<Jid>,
    pub(super) lid: Option<Jid>,
    pub(super) platform: Option<String>,
    pub(super) business_name: Option<String>,
    pub(super) container: Option<Vec<u8>>,
    pub(super) client_props: Option<Vec<u8>>,
    pub(super) time: Option<u64>,
}

/// The phone's message when a code was typed.
pub(super) struct PrimaryHello {
    pub(super) reference: Vec<u8>,
    pub(super) wrapped: [u8; WRAPPED_KEY_LENGTH],
    pub(super) identity: PublicKey,
}

/// Reads a stanza. `None` if it is none of pairing, or does not come from the server itself.
pub(super) fn read(node: &NodeRef<'_>) -> Option<PairingStanza> {
    match node.tag() {
        "iq" if is_from_server(node) && node.is("type", "set") => read_iq(node),
        "notification" if is_from_server(node) => read_notification(node),
        "ib" => node.child("downgrade_webclient").map(|_| PairingStanza::Downgrade),
        "success" => Some(PairingStanza::Success),
        "stream:error" => node.is("code", "515").then_some(PairingStanza::Restart),
        _ => None,
    }
}

fn is_from_server(node: &NodeRef<'_>) -> bool {
    node.jid("from").is_some_and(|from| from.is_server())
}

fn read_iq(node: &NodeRef<'_>) -> Option<PairingStanza> {
    let id = node.str("id")?.into_owned();
    if let Some(offer) = node.child("pair-device") {
        let texts = offer.children_named("ref").filter_map(|child| child.text());
        let refs =
            texts.filter(|text| !text.is_empty()).map(|text| text.into_owned()).take(MAX_REFS).collect();
        return Some(PairingStanza::PairDevice { id, refs });
    }
    let success = node.child("pair-success")?;
    let device = success.child("device");
    let bytes = |tag| success.child(tag).and_then(|child| child.bytes()).map(<[u8]>::to_vec);
    let name = |tag| success.child(tag).and_then(|child| child.str("name")).map(|name| name.into_owned());
    Some(PairingStanza::PairSuccess(Box::new(PairSuccess {
        id,
        jid: device.and_then(|device| device.jid("jid")),
        lid: device.and_then(|device| device.jid("lid")),
        platform: name("platform"),
        business_name: name("biz"),
        container: bytes("device-identity"),
        client_props: bytes("client-props"),
        time: node.u64("t"),
    })))
}

/// Most references that are kept of one offer; six are usual.
const MAX_REFS: usize = 64;

fn read_notification(node: &NodeRef<'_>) -> Option<PairingStanza> {
    let kind = node.str("type")?;
    Some(match &*kind {
        REG => read_link_code(node).unwrap_or(PairingStanza::Incomplete),
        "companion_reg_refresh" => {
            let known = ["companion_reg_refresh", "pair-device-rotate-qr"];
            if known.iter().any(|tag| node.child(tag).is_some()) {
                PairingStanza::RegRefresh
            } else {
                PairingStanza::Incomplete
            }
        }
        "passkey_prologue_request" => {
            let options = node.child("passkey_request_options").and_then(|child| child.text());
            PairingStanza::PasskeyRequest {
                options: options.map(|text| text.into_owned()).filter(|text| !text.is_empty()),
            }
        }
        "crsc_continuation" => {
            let identity = node.child("primary_ephemeral_identity").and_then(|child| child.bytes());
            PairingStanza::Continuation { identity: identity.map(<[u8]>::to_vec) }
        }
        _ => return None,
    })
}

fn read_link_code(node: &NodeRef<'_>) -> Option<PairingStanza> {
    let wrapper = node.child(REG)?;
    let bytes = |tag| wrapper.child(tag).and_then(|child| child.bytes());
    let reference = bytes("link_code_pairing_ref")?.to_vec();
    let stage = wrapper.str("stage")?;
    match &*stage {
        "primary_hello" => Some(PairingStanza::PrimaryHello(Box::new(PrimaryHello {
            reference,
            wrapped: bytes("link_code_pairing_wrapped_primary_ephemeral_pub")?.try_into().ok()?,
            identity: PublicKey::from_slice(bytes("primary_identity_pub")?)?,
        }))),
        "refresh_code" => Some(PairingStanza::RefreshCode {
            reference,
            force_manual: wrapper.is("force_manual_refresh", "true"),
        }),
        _ => None,
    }
}

/// An iq's error, or the iq itself if it is a result.
pub(super) fn result_of<'a>(reply: NodeRef<'a>) -> Result<NodeRef<'a>, IqFailure> {
    if !reply.is("type", "error") {
        return Ok(reply);
    }
    let error = reply.child("error");
    let number = |key| error.and_then(|error| error.u64(key));
    let text = error.and_then(|error| error.str("text")).map(|text| text.into_owned()).unwrap_or_default();
    Err(IqFailure::Error {
        code: number("code").and_then(|code| u32::try_from(code).ok()).unwrap_or(0),
        text,
        backoff: number("backoff"),
    })
}

/// The reference in the answer to [`companion_hello`]; its exact bytes.
pub(super) fn hello_reference(reply: &NodeRef<'_>) -> Option<Vec<u8>> {
    let reference = reply.child(REG)?.child("link_code_pairing_ref")?.bytes()?;
    (!reference.is_empty()).then(|| reference.to_vec())
}

/// The fields of a request for a code.
pub(super) struct Hello<'a> {
    pub(super) phone: &'a PhoneNumber,
    pub(super) wrapped: &'a [u8; WRAPPED_KEY_LENGTH],
    pub(super) noise: &'a PublicKey,
    pub(super) client_type: char,
    pub(super) display: String,
    pub(super) show_push: bool,
}

/// Asks the server for a code.
pub(super) fn companion_hello(hello: &Hello<'_>) -> Node {
    build::set("md").child(
        Node::new(REG)
            .attr("jid", hello.phone.jid())
            .attr("stage", "companion_hello")
            .attr("should_show_push_notification", if hello.show_push { "true" } else { "false" })
            .child(Node::new("link_code_pairing_wrapped_companion_ephemeral_pub").bytes(*hello.wrapped))
            .child(Node::new("companion_server_auth_key_pub").bytes(hello.noise.0))
            .child(Node::new("companion_platform_id").text(hello.client_type))
            .child(Node::new("companion_platform_display").text(hello.display.as_str()))
            .child(Node::new("link_code_pairing_nonce").bytes([0])),
    )
}

/// Answers the phone.
pub(super) fn companion_finish(
    phone: &PhoneNumber,
    bundle: &[u8; BUNDLE_LENGTH],
    identity: &PublicKey,
    reference: &[u8],
) -> Node {
    build::set("md").child(
        Node::new(REG)
            .attr("jid", phone.jid())
            .attr("stage", "companion_finish")
            .child(Node::new("link_code_pairing_wrapped_key_bundle").bytes(*bundle))
            .child(Node::new("companion_identity_public").bytes(identity.0))
            .child(Node::new("link_code_pairing_ref").bytes(reference)),
    )
}

/// Answers `pair-success` with our signed identity.
pub(super) fn pair_device_sign(id: &str, identity: &[u8], key_index: u32) -> Node {
    let identity = Node::new("device-identity").attr("key-index", key_index.to_string()).bytes(identity);
    build::result(Jid::server(), id.to_owned()).child(Node::new("pair-device-sign").child(identity))
}

/// Refuses `pair-success`.
pub(super) fn refusal(id: &str, (code, text): (u32, &'static str)) -> Node {
    let error = Node::new("error").attr("code", code.to_string()).attr("text", text);
    Node::new("iq").attr("to", Jid::server()).attr("type", "error").attr("id", id.to_owned()).child(error)
}

/// Asks for the passkey challenge that did not come with the request.
pub(super) fn get_passkey_options() -> Node {
    build::get("md").child(Node::new("passkey_request_options"))
}

/// Asks for the reference of a passkey exchange.
pub(super) fn get_ref() -> Node {
    build::get("md").child(Node::new("ref"))
}

/// The text of one child of an answer.
pub(super) fn child_text(reply: &NodeRef<'_>, tag: &str) -> Option<String> {
    let text = reply.child(tag)?.text()?.into_owned();
    (!text.is_empty()).then_some(text)
}

/// Opens a passkey exchange.
pub(super) fn passkey_prologue(
    credential_id: &[u8],
    assertion: &str,
    prologue: &[u8],
    proof: Option<[u8; 32]>,
) -> Node {
    build::set("md").child(
        Node::new("passkey_prologue")
            .child(Node::new("credential_id").bytes(credential_id))
            .child(Node::new("webauthn_assertion").text(assertion))
            .child(Node::new("prologue_payload").bytes(prologue))
            .children(proof.map(|proof| Node::new("pairing_handoff_proof").bytes(proof))),
    )
}

/// Opens our commitment.
pub(super) fn companion_nonce(nonce: &[u8; 32]) -> Node {
    build::set("md").child(Node::new("companion_nonce").bytes(*nonce))
}

/// Sends our keys, sealed.
pub(super) fn encrypted_pairing_request(sealed: Vec<u8>) -> Node {
    build::set("md").child(Node::new("encrypted_pairing_request").bytes(sealed))
}
