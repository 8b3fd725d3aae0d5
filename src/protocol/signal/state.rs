//! One session: a double ratchet.
//!
//! The specification is "The Double Ratchet Algorithm" (Perrin, Marlinspike), with two of the variations it describes: our
//! next ratchet key is made when we next send, not when the peer's arrives, and skipped keys are bounded. The old private key
//! is wiped when the peer's arrives all the same: nothing can come that would need it.
//!
//! A message is tried in two halves: [`State::attempt`] computes all that it would change and changes nothing;
//! [`State::commit`] does it, and cannot fail. So a refused message leaves no trace, and nothing is copied to be thrown away.

use super::kdf::{Chain, ChainKey, MessageKeys, Seed, root_step};
use super::message::{Content, PrekeyEnvelope};
use super::skipped::{Run, SkippedKeys};
use super::{BaseKey, IdentityKey, PrekeyId, RatchetKey, SignalError, SignalMessage};
use crate::crypto::{KeyPair, Random, Secret};

/// The number of messages that a message may be ahead of the last one of its chain, in the session in use.
pub(super) const LIMIT: u32 = 20_000;
/// The same in an archived session. Several of them may be tried for one message, and no known client gets further.
pub(super) const ARCHIVED_LIMIT: u32 = 2_000;
/// Chains of the peer that are kept for late messages.
pub(super) const MOST_CHAINS: usize = 5;

/// A session.
#[derive(Clone)]
pub(super) struct State {
    pub(super) own_identity: IdentityKey,
    pub(super) identity: IdentityKey,
    pub(super) registration_id: u32,
    pub(super) base_key: BaseKey,
    pub(super) root: Secret<32>,
    /// Our own ratchet key. `None`, and gone for good: the peer has used it, and the next message that is sent makes another.
    pub(super) ratchet: Option<KeyPair>,
    /// The chain of that key; `None` as well before it is first used.
    pub(super) sending: Option<Sending>,
    pub(super) previous_counter: u32,
    /// The newest first.
    pub(super) receiving: Vec<Receiving>,
    pub(super) pending: Option<Pending>,
}

/// The fields that every message carries until the first answer.
#[derive(Clone, Copy)]
pub(super) struct Pending {
    pub(super) prekey_id: Option<PrekeyId>,
    pub(super) signed_prekey_id: PrekeyId,
}

/// The chain we send on.
#[derive(Clone)]
pub(super) struct Sending {
    pub(super) chain: Chain,
    /// The chain as it is stored, if that is ahead.
    pub(super) lease: Option<Chain>,
    /// Messages below this number are accounted for by what was stored last. Not stored itself.
    pub(super) saved_to: u32,
}

/// A chain we receive on.
#[derive(Clone)]
pub(super) struct Receiving {
    pub(super) ratchet_key: RatchetKey,
    pub(super) chain: Chain,
    pub(super) skipped: SkippedKeys,
}

/// The changes that a decrypted message is going to make.
pub(super) struct DecryptAttempt {
    pub(super) plaintext: Vec<u8>,
    change: RatchetChange,
}

enum RatchetChange {
    /// A message that had been passed over.
    Late { index: usize, counter: u32 },
    /// The chain goes on.
    Advance { index: usize, run: Run },
    /// The peer has a new ratchet key.
    Step { root: Secret<32>, ratchet_key: RatchetKey, run: Run },
}

/// The kind of an encrypted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One that can open a session.
    Pkmsg,
    /// One of a session that was answered.
    Msg,
}

impl Kind {
    /// The `type` of the `enc` node.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pkmsg => "pkmsg",
            Self::Msg => "msg",
        }
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its kind.
    pub kind: Kind,
    /// The content of the `enc` node.
    pub bytes: Vec<u8>,
    /// Set if the last save already accounts for this message's key. If not, save, and commit before it leaves. If so, that
    /// commit must have happened, too: one that is on its way does not count yet.
    pub is_covered: bool,
}

impl Receiving {
    pub(super) fn new(ratchet_key: RatchetKey, chain: Chain) -> Self {
        Self { ratchet_key, chain, skipped: SkippedKeys::default() }
    }
}

impl Sending {
    pub(super) const fn new(key: ChainKey) -> Self {
        Self { chain: Chain::new(key), lease: None, saved_to: 0 }
    }

    /// The chain as it is to be stored.
    pub(super) fn stored(&self) -> &Chain {
        self.lease.as_ref().unwrap_or(&self.chain)
    }

    /// Reserves the next `count` messages.
    pub(super) fn lease(&mut self, count: u32) {
        let until = self.chain.counter.saturating_add(count);
        let from = self.stored();
        if from.counter < until {
            self.lease = Some(from.advanced(until - from.counter));
        }
    }

    /// Takes the next message key: its seed, its number, and whether it is accounted for.
    pub(super) fn take(&mut self) -> Result<(Seed, u32, bool), SignalError> {
        let counter = self.chain.counter;
        let after = counter.checked_add(1).ok_or(SignalError::ChainExhausted)?;
        let (seed, key) = self.chain.key.step();
        self.chain = Chain { key, counter: after };
        if self.lease.as_ref().is_some_and(|lease| lease.counter <= after) {
            self.lease = None;
        }
        Ok((seed, counter, counter < self.saved_to))
    }

    /// Marks the state in memory as stored, lease included.
    pub(super) fn saved(&mut self) {
        self.saved_to = self.stored().counter;
    }
}

impl State {
    pub(super) fn has_chain(&self, ratchet_key: &RatchetKey) -> bool {
        self.receiving.iter().any(|receiving| receiving.ratchet_key == *ratchet_key)
    }

    /// Computes what a message changes, and its plaintext.
    pub(super) fn attempt(
        &self,
        message: &SignalMessage<'_>,
        limit: u32,
    ) -> Result<DecryptAttempt, SignalError> {
        let known = self.receiving.iter().enumerate();
        let known = known.into_iter().find(|(_, receiving)| receiving.ratchet_key == message.ratchet_key);
        let Some((index, receiving)) = known else { return self.attempt_step(message, limit) };
        let counter = message.counter;
        if counter < receiving.chain.counter {
            let seed = receiving.skipped.get(counter).ok_or(SignalError::Duplicate)?;
            let plaintext = self.open(message, seed)?;
            return Ok(DecryptAttempt { plaintext, change: RatchetChange::Late { index, counter } });
        }
        let run = Run::new(&receiving.chain, counter, limit)?;
        let plaintext = self.open(message, &run.seed)?;
        Ok(DecryptAttempt { plaintext, change: RatchetChange::Advance { index, run } })
    }

    fn attempt_step(&self, message: &SignalMessage<'_>, limit: u32) -> Result<DecryptAttempt, SignalError> {
        // The peer makes a new key only after it has seen our newest, and we have not made one since its last.
        let ratchet = self.ratchet.as_ref().ok_or(SignalError::BadMac)?;
        if message.counter > limit {
            return Err(SignalError::TooFarAhead);
        }
        let ratchet_key = message.ratchet_key;
        let shared = ratchet.agree(&ratchet_key.key()).map_err(|_| SignalError::InvalidKey)?;
        let (root, chain) = root_step(&self.root, &shared);
        let run = Run::new(&Chain::new(chain), message.counter, limit)?;
        let plaintext = self.open(message, &run.seed)?;
        Ok(DecryptAttempt { plaintext, change: RatchetChange::Step { root, ratchet_key, run } })
    }

    fn open(&self, message: &SignalMessage<'_>, seed: &Seed) -> Result<Vec<u8>, SignalError> {
        message.open(&MessageKeys::new(seed), &self.identity, &self.own_identity)
    }

    /// Does what was computed for the state as it is. Says whether cold keys went with a chain that was dropped.
    pub(super) fn commit(&mut self, change: DecryptAttempt) -> (Vec<u8>, bool) {
        let DecryptAttempt { plaintext, change } = change;
        let mut dropped_cold = false;
        match change {
            RatchetChange::Late { index, counter } => {
                if let Some(receiving) = self.receiving.get_mut(index) {
                    receiving.skipped.remove(counter);
                }
            }
            RatchetChange::Advance { index, run } => {
                if let Some(receiving) = self.receiving.get_mut(index) {
                    receiving.skipped.extend(run.skipped);
                    receiving.chain = run.chain;
                }
            }
            RatchetChange::Step { root, ratchet_key, run } => {
                self.root = root;
                self.ratchet = None;
                let mut receiving = Receiving::new(ratchet_key, run.chain);
                receiving.skipped.extend(run.skipped);
                self.receiving.insert(0, receiving);
                dropped_cold = self
                    .receiving
                    .drain(MOST_CHAINS.min(self.receiving.len())..)
                    .any(|c| c.skipped.has_cold());
                if let Some(sending) = self.sending.take() {
                    self.previous_counter = sending.chain.counter.saturating_sub(1);
                }
            }
        }
        // A peer that can write on this session has seen our first message.
        self.pending = None;
        (plaintext, dropped_cold)
    }

    /// Encrypts the next message. Draws a key of 32 bytes if the peer's last ratchet key was not answered yet.
    pub(super) fn encrypt(
        &mut self,
        plaintext: &[u8],
        registration_id: u32,
        rng: &mut dyn Random,
    ) -> Result<Outgoing, SignalError> {
        self.answer_ratchet(rng)?;
        let (Some(ratchet), Some(sending)) = (&self.ratchet, &mut self.sending) else {
            return Err(SignalError::NoSession);
        };
        let (seed, counter, is_covered) = sending.take()?;
        let envelope = self.pending.map(|pending| PrekeyEnvelope {
            registration_id,
            prekey_id: pending.prekey_id,
            signed_prekey_id: pending.signed_prekey_id,
            base_key: self.base_key,
            identity: self.own_identity,
        });
        let content = Content {
            keys: &MessageKeys::new(&seed),
            sender: &self.own_identity,
            receiver: &self.identity,
            ratchet_key: RatchetKey::trusted(ratchet.public()),
            counter,
            previous_counter: self.previous_counter,
            plaintext,
        };
        let kind = if envelope.is_some() { Kind::Pkmsg } else { Kind::Msg };
        Ok(Outgoing { kind, bytes: content.write(envelope.as_ref()), is_covered })
    }

    /// Our half of the last step, if it is due.
    pub(super) fn answer_ratchet(&mut self, rng: &mut dyn Random) -> Result<(), SignalError> {
        if self.sending.is_some() {
            return Ok(());
        }
        let newest = self.receiving.first().ok_or(SignalError::NoSession)?;
        let pair = KeyPair::generate(rng);
        let shared = pair.agree(&newest.ratchet_key.key()).map_err(|_| SignalError::InvalidKey)?;
        let (root, chain) = root_step(&self.root, &shared);
        self.root = root;
        self.ratchet = Some(pair);
        self.sending = Some(Sending::new(chain));
        Ok(())
    }
}
