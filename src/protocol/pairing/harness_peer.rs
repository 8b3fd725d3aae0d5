//! The scripted other side of the [`harness`](super::harness): a server that relays, and a phone.

use std::collections::VecDeque;

use super::account::{DeviceGrant, reply_is_right};
use super::code_crypto::PhoneHalf;
use super::harness::{PHONE, derive_once};
use super::passkey_crypto::{PasskeySession, PrimaryExchange};
use super::qr::QrLink;
use super::{PairingCode, platform};
use crate::crypto::{KeyPair, PublicKey, Random, Secret};
use crate::stanza::{Jid, Node, Stanza, build};

pub(super) const OPTIONS: &str = r#"{"challenge":"AAAA","timeout":600000,"rpId":"whatsapp.com"}"#;
pub(super) const ASSERTION: &str = r#"{"id":"AQID","rawId":"AQID","type":"public-key","response":{
    "clientDataJSON":"e30","authenticatorData":"AAAA","signature":"MEUC","userHandle":null}}"#;

pub(super) struct Peer {
    noise: PublicKey,
    identity: PublicKey,
    pub(super) account: KeyPair,
    refs_made: u32,
    /// The waiting companion, as the phone knows it: its reference, and its wrapped key.
    hello: Option<(String, [u8; 80])>,
    /// Its answers, each to be finished by the companion.
    halves: VecDeque<PhoneHalf>,
    /// Finishes that came, and how many the phone will not act on.
    pub(super) finishes: u32,
    pub(super) ignored_finishes: u32,
    /// The secret that the companion has stored.
    pub(super) stored_adv: Option<Secret<32>>,
    /// The key index given out last.
    key_index: u32,
    grant: Option<DeviceGrant>,
    /// Set if a good reply to pair-success came.
    pub(super) signed: bool,
    pub(super) closes: bool,
    /// The phone says to its user that the code was wrong.
    pub(super) wrong_codes: u32,
    /// Deviations from the usual behaviour.
    pub(super) refs: usize,
    pub(super) hello_error: Option<(u16, &'static str, Option<u32>)>,
    pub(super) hello_silent: bool,
    pub(super) hello_without_ref: bool,
    pub(super) finish_error: Option<(u16, &'static str)>,
    pub(super) never_uploads: bool,
    pub(super) container_change: Option<fn(Vec<u8>) -> Vec<u8>>,
    pub(super) without_515: bool,
    pub(super) passkey: Option<Passkey>,
    pub(super) passkey_error: Option<(&'static str, u16)>,
    pub(super) last_success: Option<Node>,
    pub(super) last_error: Option<(String, String)>,
}

/// The account demands its passkey.
#[derive(Default)]
pub(super) struct Passkey {
    /// Set if the challenge comes with the demand.
    with_options: bool,
    /// The text that the phone shows for comparison.
    pub(super) shown: Option<String>,
    pub(super) proof: bool,
    exchange: Option<PrimaryExchange>,
    session: Option<PasskeySession>,
}

impl Passkey {
    pub(super) fn new(with_options: bool) -> Self {
        Self { with_options, ..Self::default() }
    }
}

impl Peer {
    pub(super) fn new(noise: PublicKey, identity: PublicKey, account: KeyPair) -> Self {
        Self {
            noise,
            identity,
            account,
            refs_made: 0,
            hello: None,
            halves: VecDeque::new(),
            finishes: 0,
            ignored_finishes: 0,
            stored_adv: None,
            key_index: 6,
            grant: None,
            signed: false,
            closes: false,
            wrong_codes: 0,
            refs: 6,
            hello_error: None,
            hello_silent: false,
            hello_without_ref: false,
            finish_error: None,
            never_uploads: false,
            container_change: None,
            without_515: false,
            passkey: None,
            passkey_error: None,
            last_success: None,
            last_error: None,
        }
    }

    /// Stops doing anything out of the ordinary.
    pub(super) fn behave(&mut self) {
        *self = Self {
            refs_made: self.refs_made,
            key_index: self.key_index,
            ..Self::new(self.noise, self.identity, self.account.clone())
        };
    }

    pub(super) fn close(&mut self) {
        self.hello = None;
        self.halves.clear();
    }

    /// Returns the stanzas for a new registration connection.
    pub(super) fn greet(&mut self) -> Vec<Node> {
        self.close();
        if self.refs == 0 { Vec::new() } else { vec![self.pair_device(self.refs)] }
    }

    pub(super) fn pair_device(&mut self, count: usize) -> Node {
        let refs = (0..count).map(|_| Node::new("ref").text(self.next_ref())).collect::<Vec<_>>();
        from_server("set").attr("id", "pair-device").child(Node::new("pair-device").children(refs))
    }

    fn next_ref(&mut self) -> String {
        self.refs_made += 1;
        format!("2@ref,{}", self.refs_made)
    }

    /// Handles a stanza of the companion. Returns the answers, each with whether it is the iq's answer.
    pub(super) fn receive(&mut self, node: &Node, rng: &mut dyn Random) -> Vec<(bool, Node)> {
        let stanza = Stanza::from_node(node).unwrap();
        let root = stanza.root();
        if root.tag() != "iq" {
            return Vec::new();
        }
        let id = root.str("id").unwrap().into_owned();
        let result = |node: Node| vec![(true, build::result(Jid::server(), id.clone()).child(node))];
        let plain = || vec![(true, build::result(Jid::server(), id.clone()))];
        let error =
            |code, text: &'static str| vec![(true, build::error(Jid::server(), id.clone(), code, text))];

        if root.is("type", "error") {
            let error = root.child("error").unwrap();
            let field = |key| error.str(key).unwrap().into_owned();
            self.last_error = Some((field("code"), field("text")));
            return Vec::new();
        }
        if let Some(reg) = root.child("link_code_companion_reg") {
            assert!(reg.jid("jid").unwrap() == Jid::user(PHONE));
            let bytes = |tag| reg.child(tag).unwrap().bytes().unwrap().to_vec();
            if reg.is("stage", "companion_hello") {
                let display = String::from_utf8(bytes("companion_platform_display")).unwrap();
                assert!(platform::display_is_accepted(&display));
                assert_eq!(bytes("companion_server_auth_key_pub"), self.noise.0);
                if let Some((code, text, backoff)) = self.hello_error {
                    let node = Node::new("error").attr("code", code).attr("text", text);
                    let node = node.attr_opt("backoff", backoff);
                    let iq = Node::new("iq").attr("type", "error").attr("id", id.clone());
                    return vec![(true, iq.child(node))];
                }
                if self.hello_silent {
                    return Vec::new();
                }
                let reference = self.next_ref();
                let wrapped = bytes("link_code_pairing_wrapped_companion_ephemeral_pub");
                self.hello = Some((reference.clone(), wrapped.try_into().unwrap()));
                let answer = Node::new("link_code_companion_reg").attr("stage", "companion_hello");
                return result(if self.hello_without_ref {
                    answer
                } else {
                    answer.child(Node::new("link_code_pairing_ref").text(reference))
                });
            }
            assert!(reg.is("stage", "companion_finish"));
            if let Some((code, text)) = self.finish_error {
                return error(code, text);
            }
            let mut answers = plain();
            let bundle: [u8; 156] = bytes("link_code_pairing_wrapped_key_bundle").try_into().unwrap();
            let half = self.halves.pop_front().expect("a finish answers a hello");
            self.finishes += 1;
            match half.open(&bundle, &self.identity, &self.account) {
                Ok(adv) => {
                    assert_eq!(self.stored_adv.as_ref(), Some(&adv), "stored before it is sent");
                    if self.ignored_finishes > 0 {
                        self.ignored_finishes -= 1;
                        return answers;
                    }
                    answers.extend(self.upload(&adv, rng).into_iter().map(|node| (false, node)));
                }
                Err(_) => self.wrong_codes += 1,
            }
            return answers;
        }
        if let Some(sign) = root.child("pair-device-sign") {
            let identity = sign.child("device-identity").unwrap();
            let index = u32::try_from(identity.u64("key-index").unwrap()).unwrap();
            let details = self.grant.take().unwrap().details();
            let (key, account) = (&self.identity, &self.account.public());
            self.signed = reply_is_right(identity.bytes().unwrap(), index, &details, key, account);
            assert!(self.signed);
            if self.without_515 {
                return Vec::new();
            }
            self.closes = true;
            return vec![(false, Node::new("stream:error").attr("code", "515"))];
        }
        self.passkey_step(&stanza, &id, rng)
    }

    fn passkey_step(&mut self, stanza: &Stanza, id: &str, rng: &mut dyn Random) -> Vec<(bool, Node)> {
        let root = stanza.root();
        let Some(step) = root.children().next() else { return Vec::new() }; // an answer to pair-device
        if let Some((tag, code)) = self.passkey_error
            && tag == step.tag()
        {
            return vec![(true, build::error(Jid::server(), id.to_owned(), code, "nope"))];
        }
        let answer = build::result(Jid::server(), id.to_owned());
        let passkey = self.passkey.as_mut().expect("nobody asked for a passkey");
        match step.tag() {
            "passkey_request_options" => {
                vec![(true, answer.child(Node::new("passkey_request_options").text(OPTIONS)))]
            }
            "ref" => vec![(true, answer.child(Node::new("ref").text("2@passkey")))],
            "passkey_prologue" => {
                assert_eq!(step.child("credential_id").unwrap().bytes().unwrap(), [1, 2, 3]);
                assert_eq!(step.child("webauthn_assertion").unwrap().text().unwrap(), ASSERTION);
                passkey.proof = step.child("pairing_handoff_proof").is_some();
                let prologue = step.child("prologue_payload").unwrap().bytes().unwrap();
                let exchange = PrimaryExchange::new(prologue, rng).unwrap();
                let part = Node::new("primary_ephemeral_identity").bytes(exchange.part().encode());
                passkey.exchange = Some(exchange);
                vec![(true, answer), (false, notification("crsc_continuation").child(part))]
            }
            "companion_nonce" => {
                let nonce: [u8; 32] = step.bytes().unwrap().try_into().unwrap();
                let session = passkey.exchange.take().unwrap().meet(&nonce).unwrap();
                passkey.shown = Some(session.verification_code().display());
                passkey.session = Some(session);
                vec![(true, answer)]
            }
            "encrypted_pairing_request" => {
                let keys = passkey.session.take().unwrap().open(step.bytes().unwrap()).unwrap();
                assert_eq!((keys.noise, keys.identity), (self.noise, self.identity));
                self.passkey = None;
                let mut answers = vec![(true, answer)];
                answers.extend(self.upload(&keys.adv_secret, rng).into_iter().map(|node| (false, node)));
                answers
            }
            other => panic!("nobody sends {other}"),
        }
    }

    /// The user types: the phone answers the newest hello.
    pub(super) fn type_code(&mut self, typed: &str, rng: &mut dyn Random) -> Option<Node> {
        let (reference, wrapped) = self.hello.clone()?;
        let code = PairingCode::parse(typed).unwrap().reveal();
        let half = PhoneHalf::answer_with(&|salt| derive_once(&code, salt), &wrapped, rng).unwrap();
        let node = primary_hello(reference.as_bytes(), half.wrapped(), &self.account.public());
        self.halves.push_back(half);
        Some(node)
    }

    /// The reference of the code that is out.
    pub(super) fn reference(&self) -> Vec<u8> {
        self.hello.as_ref().expect("a code is out").0.clone().into_bytes()
    }

    /// The user scans a QR.
    pub(super) fn scan(&mut self, text: &str, rng: &mut dyn Random) -> Vec<Node> {
        let link = QrLink::parse(text).unwrap();
        assert_eq!((link.noise, link.identity), (self.noise, self.identity));
        assert!(link.reference.starts_with("2@ref,"));
        self.upload(&link.adv_secret, rng)
    }

    /// The phone signs; or the account demands its passkey first.
    fn upload(&mut self, adv: &Secret<32>, rng: &mut dyn Random) -> Vec<Node> {
        if let Some(passkey) = &self.passkey {
            let options = Node::new("passkey_request_options").text(OPTIONS);
            let demand = notification("passkey_prologue_request");
            let empty = notification("link_code_companion_reg");
            return vec![empty, demand.children(passkey.with_options.then_some(options))];
        }
        if self.never_uploads {
            return Vec::new();
        }
        self.key_index += 1;
        let grant = DeviceGrant::new(99, 1_790_000_000, self.key_index);
        let mut container = grant.sign(&self.account, &self.identity, adv, rng);
        if let Some(change) = self.container_change {
            container = change(container);
        }
        self.grant = Some(grant);
        let node = pair_success(container);
        self.last_success = Some(node.clone());
        vec![node]
    }
}

fn from_server(kind: &'static str) -> Node {
    Node::new("iq").attr("from", Jid::server()).attr("type", kind).attr("xmlns", "md")
}

pub(super) fn notification(kind: &'static str) -> Node {
    Node::new("notification").attr("from", Jid::server()).attr("id", "n1").attr("type", kind)
}

pub(super) fn primary_hello(reference: &[u8], wrapped: &[u8; 80], identity: &PublicKey) -> Node {
    let reg = Node::new("link_code_companion_reg")
        .attr("stage", "primary_hello")
        .child(Node::new("link_code_pairing_ref").bytes(reference))
        .child(Node::new("link_code_pairing_wrapped_primary_ephemeral_pub").bytes(*wrapped))
        .child(Node::new("primary_identity_pub").bytes(identity.0));
    notification("link_code_companion_reg").child(reg)
}

pub(super) fn refresh_code(reference: &[u8], manual: bool) -> Node {
    let reg = Node::new("link_code_companion_reg")
        .attr("stage", "refresh_code")
        .attr("force_manual_refresh", if manual { "true" } else { "false" })
        .child(Node::new("link_code_pairing_ref").bytes(reference));
    notification("link_code_companion_reg").child(reg)
}

pub(super) fn pair_success(container: Vec<u8>) -> Node {
    let device = Node::new("device")
        .attr("jid", Jid::user(PHONE).with_device(3))
        .attr("lid", Jid::lid("987654321").with_device(3));
    let success = Node::new("pair-success")
        .child(device)
        .child(Node::new("platform").attr("name", "android"))
        .child(Node::new("biz").attr("name", "Acme"))
        .child(Node::new("client-props").bytes([0x08, 0x01]))
        .child(Node::new("device-identity").bytes(container));
    from_server("set").attr("id", "pair-success").attr("t", "1790000001").child(success)
}
