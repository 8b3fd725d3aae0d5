//! A pairing driven by arbitrary bytes: any calls in any order, stanzas that are right, nearly right or nothing at all,
//! answers that come late, twice or never. Nothing may panic, no timer may fire for ever, and every request gets exactly
//! one final event. For the fuzzer, and in tests with random bytes.

use std::collections::{HashMap, HashSet};

use super::account::DeviceGrant;
use super::config::{Millis, PairingConfig, PairingKeys, PasskeyPolicy};
use super::output::{Change, DeriveJob, IqFailure, Output, PairingEvent, ReplyTag, SaveToken};
use super::passkey_crypto::PrimaryPart;
use super::{Outcome, OutcomeKind, Pairing, PairingCode, PhoneNumber};
use crate::crypto::{KeyPair, PublicKey, Random, Secret, sha256};
use crate::stanza::{Jid, Node, Stanza};

/// Random bytes that depend on nothing but the walk.
struct Counter(u64);

impl Random for Counter {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[&self.0.to_be_bytes()]);
            for (byte, drawn) in chunk.iter_mut().zip(block) {
                *byte = drawn;
            }
            self.0 += 1;
        }
    }
}

/// The bytes that decide; zeros when they have run out.
struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let length = usize::from(self.byte()).min(most).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let index = usize::from(self.byte()) % list.len().max(1);
        list.get(index)
    }
}

struct Walk<'a> {
    choices: Choices<'a>,
    pairing: Pairing,
    rng: Counter,
    now: Millis,
    account: KeyPair,
    identity: PublicKey,
    adv: Secret<32>,
    reference: Vec<u8>,
    queries: Vec<ReplyTag>,
    derivations: Vec<DeriveJob>,
    saves: Vec<SaveToken>,
    secrets: HashMap<SaveToken, Secret<32>>,
    permits: Vec<u64>,
    asked: u64,
    finished: HashSet<u64>,
}

/// Drives a pairing by these bytes.
pub fn walk(bytes: &[u8]) {
    let mut rng = Counter(u64::from(bytes.len() as u32));
    let mut choices = Choices(bytes);
    let flags = choices.byte();
    let config = PairingConfig {
        auto_refresh: flags & 1 != 0,
        qr_rounds: u32::from(flags >> 1 & 3),
        passkey: if flags & 8 != 0 { PasskeyPolicy::Refuse } else { PasskeyPolicy::Ask },
        code_ttl: if flags & 16 != 0 { 20_000 } else { 180_000 },
        ..PairingConfig::default()
    };
    let identity = KeyPair::generate(&mut rng);
    let adv = Secret::new([7; 32]);
    let account = KeyPair::generate(&mut rng);
    let public = identity.public();
    let keys = PairingKeys { noise: account.public(), identity, adv_secret: adv.clone() };
    let mut walk = Walk {
        choices,
        pairing: Pairing::new(config, keys, flags & 32 != 0),
        rng,
        now: 0,
        account,
        identity: public,
        adv,
        reference: Vec::new(),
        queries: Vec::new(),
        derivations: Vec::new(),
        saves: Vec::new(),
        secrets: HashMap::new(),
        permits: Vec::new(),
        asked: 0,
        finished: HashSet::new(),
    };
    for _ in 0..500 {
        if walk.choices.0.is_empty() {
            break;
        }
        walk.act();
        walk.drain();
    }
    walk.end();
}

impl Walk<'_> {
    fn act(&mut self) {
        let (now, rng) = (self.now, &mut self.rng);
        match self.choices.byte() % 20 {
            0 => self.pairing.connected(now),
            1 => self.pairing.disconnected(now),
            2 => {
                self.asked += 1;
                let custom = PairingCode::parse("ABCD1234").ok().filter(|_| self.choices.byte() & 1 == 0);
                if let Ok(phone) = PhoneNumber::parse("15551234567") {
                    self.pairing.request_code(now, self.asked, phone, custom);
                }
            }
            3 => {
                self.asked += 1;
                self.pairing.request_qr(now, self.asked);
            }
            4 => {
                let request = u64::from(self.choices.byte()) % (self.asked + 1);
                self.pairing.cancel(now, request, rng);
            }
            5 => {
                let good = r#"{"rawId":"AQID","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"MEUC"}}"#;
                let text = String::from_utf8_lossy(self.choices.bytes(64));
                self.pairing.answer_passkey(if text.is_empty() { good } else { &text }).ok();
            }
            6 => {
                self.pairing.confirm_passkey().ok();
            }
            7 => {
                self.now += Millis::from(self.choices.byte()) * 1_000;
                self.pairing.handle_timeout(self.now, rng);
            }
            8 => self.reply(),
            9 => self.derive(),
            10 => self.save(true),
            11 => self.save(false),
            12 => self.permit(),
            13 => {
                if let Ok(stanza) = Stanza::decode(self.choices.bytes(255)) {
                    self.pairing.handle_stanza(now, &stanza.root(), rng);
                }
            }
            14 if self.choices.byte() == 0 => {
                self.pairing.unreachable(Outcome::new(OutcomeKind::ServerUnavailable));
            }
            _ => {
                let node = self.stanza();
                if let Ok(stanza) = Stanza::from_node(&node) {
                    self.pairing.handle_stanza(now, &stanza.root(), &mut self.rng);
                }
            }
        }
    }

    /// A stanza of pairing, more or less right.
    fn stanza(&mut self) -> Node {
        let notification = |kind: &'static str| {
            Node::new("notification").attr("from", Jid::server()).attr("id", "1").attr("type", kind)
        };
        let iq = Node::new("iq").attr("from", Jid::server()).attr("type", "set").attr("id", "2");
        let kind = self.choices.byte() % 10;
        match kind {
            0 => {
                let count = usize::from(self.choices.byte() % 9);
                let refs = (0..count).map(|index| Node::new("ref").text(format!("2@{index}")));
                iq.child(Node::new("pair-device").children(refs))
            }
            1 => {
                let tag = if self.choices.byte() & 1 == 0 { "companion_reg_refresh" } else { "other" };
                notification("companion_reg_refresh").child(Node::new(tag))
            }
            2 => notification("passkey_prologue_request").children(
                (self.choices.byte() & 1 == 0)
                    .then(|| Node::new("passkey_request_options").bytes(self.choices.bytes(40))),
            ),
            3 => {
                let raw = self.choices.bytes(80);
                let part = PrimaryPart { public: self.account.public(), nonce: [3; 32] };
                let raw = if raw.is_empty() { part.encode() } else { raw.to_vec() };
                notification("crsc_continuation").child(Node::new("primary_ephemeral_identity").bytes(raw))
            }
            4 => Node::new("ib").child(Node::new("downgrade_webclient")),
            5 => Node::new("stream:error").attr("code", "515"),
            6 => Node::new("success"),
            7 => {
                let mut container =
                    DeviceGrant::new(1, 2, 3).sign(&self.account, &self.identity, &self.adv, &mut self.rng);
                let (position, change) = (usize::from(self.choices.byte()), self.choices.byte());
                if let Some(byte) = container.get_mut(position) {
                    *byte ^= change;
                }
                let device = Node::new("device").attr("jid", Jid::user("15551234567").with_device(4));
                let identity = Node::new("device-identity").bytes(container);
                iq.child(Node::new("pair-success").child(device).child(identity))
            }
            _ => {
                let stage = if kind == 8 { "primary_hello" } else { "refresh_code" };
                let manual = if self.choices.byte() & 1 == 0 { "true" } else { "false" };
                let raw = self.choices.bytes(4);
                let reference = if raw.is_empty() { self.reference.clone() } else { raw.to_vec() };
                let reg = Node::new("link_code_companion_reg")
                    .attr("stage", stage)
                    .attr("force_manual_refresh", manual)
                    .child(Node::new("link_code_pairing_ref").bytes(reference))
                    .child(
                        Node::new("link_code_pairing_wrapped_primary_ephemeral_pub")
                            .bytes([self.choices.byte(); 80]),
                    )
                    .child(Node::new("primary_identity_pub").bytes([self.choices.byte(); 32]));
                notification("link_code_companion_reg").child(reg)
            }
        }
    }

    /// An answer to one of the queries so far, perhaps not the first one.
    fn reply(&mut self) {
        let Some(tag) = self.choices.pick(&self.queries).copied() else { return };
        let (now, rng) = (self.now, &mut self.rng);
        let error = |code| IqFailure::Error { code, text: String::new(), backoff: None };
        match self.choices.byte() % 6 {
            0 => self.pairing.handle_reply(now, tag, Err(IqFailure::Timeout), rng),
            1 => self.pairing.handle_reply(now, tag, Err(IqFailure::Disconnected), rng),
            2 => {
                let code = 400 + u32::from(self.choices.byte());
                self.pairing.handle_reply(now, tag, Err(error(code)), rng);
            }
            _ => {
                self.reference = self.choices.bytes(4).to_vec();
                let reference = Node::new("link_code_pairing_ref").bytes(self.reference.clone());
                let node = Node::new("iq")
                    .attr("type", "result")
                    .child(Node::new("link_code_companion_reg").child(reference))
                    .child(Node::new("ref").text("2@r"))
                    .child(Node::new("passkey_request_options").text("{}"));
                if let Ok(stanza) = Stanza::from_node(&node) {
                    self.pairing.handle_reply(now, tag, Ok(stanza.root()), rng);
                }
            }
        }
    }

    fn derive(&mut self) {
        if self.derivations.is_empty() {
            return;
        }
        let index = usize::from(self.choices.byte()) % self.derivations.len();
        let job = self.derivations.swap_remove(index);
        self.pairing.derived(self.now, &job.run(), &mut self.rng);
    }

    fn save(&mut self, good: bool) {
        if self.saves.is_empty() {
            return;
        }
        let index = usize::from(self.choices.byte()) % self.saves.len();
        let token = self.saves.swap_remove(index);
        if good {
            if let Some(secret) = self.secrets.remove(&token) {
                self.adv = secret;
            }
            self.pairing.saved(self.now, token);
        } else {
            self.pairing.save_failed(self.now, token, &mut self.rng);
        }
    }

    fn permit(&mut self) {
        let Some(request) = self.permits.pop() else { return };
        let answer = if self.choices.byte() % 8 == 7 { Err(60_000) } else { Ok(()) };
        self.pairing.permitted(self.now, request, answer, &mut self.rng);
    }

    fn drain(&mut self) {
        for count in 0.. {
            assert!(count < 1_000, "outputs without end");
            let Some(output) = self.pairing.poll_output() else { return };
            match output {
                Output::Query { tag, .. } => self.queries.push(tag),
                Output::Derive(job) => self.derivations.push(job),
                Output::Permit { request, .. } => self.permits.push(request),
                Output::Save { token, change } => {
                    if let Change::AdvSecret(secret) = change {
                        self.secrets.insert(token, secret);
                    }
                    self.saves.push(token);
                }
                Output::Event(event) => self.event(&event),
                Output::Send(_) | Output::Linked(_) | Output::Reconnect { .. } | Output::Disconnect => {}
            }
        }
    }

    fn event(&mut self, event: &PairingEvent) {
        let request = event.request();
        if request == 0 {
            return;
        }
        assert!(request <= self.asked, "an event for nobody: {event:?}");
        assert!(!self.finished.contains(&request), "nothing comes after the final event: {event:?}");
        if event.is_final() {
            self.finished.insert(request);
        }
    }

    /// The connection is gone for good and everything that is local completes: all requests must have been answered.
    fn end(&mut self) {
        self.pairing.disconnected(self.now);
        self.drain();
        for round in 0..200 {
            assert!(round < 199, "it does not come to rest: {:?}", self.pairing);
            while !self.permits.is_empty() || !self.derivations.is_empty() || !self.saves.is_empty() {
                self.permit();
                self.derive();
                self.save(round % 2 == 0);
                self.drain();
            }
            let Some(deadline) = self.pairing.next_deadline() else { break };
            self.now = self.now.max(deadline);
            self.pairing.handle_timeout(self.now, &mut self.rng);
            self.drain();
        }
        for request in 1..=self.asked {
            assert!(
                self.finished.contains(&request),
                "request {request} was not answered: {:?}",
                self.pairing
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_walks() {
        let mut seed = Counter(1 << 50);
        for _ in 0..600 {
            let mut bytes = vec![0; 200];
            seed.fill(&mut bytes);
            // The derivations are slow in tests; most walks do without.
            for byte in bytes.iter_mut().skip(1).filter(|byte| **byte % 20 == 9) {
                *byte = 0;
            }
            walk(&bytes);
        }
    }
}
