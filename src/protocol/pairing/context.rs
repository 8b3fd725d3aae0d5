//! The state shared by the machines of pairing: settings, keys, the one stored ADV secret, and the list of things to do.
//!
//! It has no states. Main type: [`Core`].

use std::collections::VecDeque;

use super::config::{Millis, PairingConfig, PairingKeys};
use super::outcome::Outcome;
use super::output::{Change, Method, Output, PairingEvent, ReplyTag, SaveToken};
use crate::crypto::{KeyPair, PublicKey, Random, Secret, random_array};
use crate::stanza::Node;

pub(super) struct Core {
    pub(super) config: PairingConfig,
    pub(super) noise: PublicKey,
    pub(super) identity: KeyPair,
    /// The secret that a confirmation must have been made with. All flows want to replace it; only its owner may.
    pub(super) adv: Secret<32>,
    outputs: VecDeque<Output>,
    last_token: u64,
}

impl Core {
    pub(super) fn new(config: PairingConfig, keys: PairingKeys) -> Self {
        Self {
            config,
            noise: keys.noise,
            identity: keys.identity,
            adv: keys.adv_secret,
            outputs: VecDeque::new(),
            last_token: 0,
        }
    }

    /// A number that nothing else has: late answers are told from current ones by it.
    pub(super) fn token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }

    pub(super) fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn next_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if self.outputs.is_empty() && self.outputs.capacity() > 16 {
            self.outputs = VecDeque::new(); // thousands of sessions wait; none keeps what it needed once
        }
        output
    }

    pub(super) fn send(&mut self, node: Node) {
        self.emit(Output::Send(node));
    }

    pub(super) fn event(&mut self, event: PairingEvent) {
        self.emit(Output::Event(event));
    }

    pub(super) fn query(&mut self, node: Node, timeout: Millis) -> ReplyTag {
        let tag = ReplyTag(self.token());
        self.emit(Output::Query { tag, node, timeout });
        tag
    }

    pub(super) fn save(&mut self, change: Change) -> SaveToken {
        let token = SaveToken(self.token());
        self.emit(Output::Save { token, change });
        token
    }

    /// A fresh secret, valid from now on. It is on its way to the store before anything is rendered from it; whether that
    /// succeeds does not matter here, since no reference outlives the process.
    pub(super) fn replace_adv(&mut self, rng: &mut dyn Random) {
        self.adv = Secret::new(random_array(rng));
        let change = Change::AdvSecret(self.adv.clone());
        self.save(change);
    }

    /// The last event of a request. Request 0 is nobody's.
    pub(super) fn failed(&mut self, request: u64, method: Method, outcome: Outcome) {
        if request != 0 {
            self.event(PairingEvent::Failed { request, method, outcome });
        }
    }

    /// The request goes on.
    pub(super) fn setback(&mut self, request: u64, method: Method, outcome: Outcome) {
        if request != 0 {
            self.event(PairingEvent::Setback { request, method, outcome });
        }
    }
}
