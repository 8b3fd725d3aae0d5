//! The stored form of a session.

use super::codec::{Reader, Writer};
use super::kdf::{Chain, ChainKey};
use super::skipped::{Cold, SkippedKeys};
use super::state::{MOST_CHAINS, Pending, Receiving, Sending, State};
use super::{PrekeyId, RecordError};

/// Length of all that does not depend on skipped keys, at most.
const FIXED: usize = 5 * 32 + 64 + 2 * 4 + 1 + 36 + 1 + 9 + 1;

impl State {
    /// An upper bound of what is written.
    pub(super) fn stored_length(&self) -> usize {
        let chains = self.receiving.iter().map(|receiving| 32 + 36 + receiving.skipped.stored_length());
        FIXED + chains.sum::<usize>()
    }

    /// Writes the state without its cold keys, or with all keys as if none were cold.
    pub(super) fn write(&self, out: &mut Writer, skipped: fn(&SkippedKeys, &mut Writer)) {
        out.bytes(self.own_identity.as_bytes());
        out.bytes(self.identity.as_bytes());
        out.u32(self.registration_id);
        out.bytes(self.base_key.as_bytes());
        out.bytes(self.root.as_bytes());
        // Both or none: a key without a chain is never stored.
        let own = self.ratchet.as_ref().zip(self.sending.as_ref());
        out.u8(own.is_some().into());
        if let Some((ratchet, sending)) = own {
            out.pair(ratchet);
            write_chain(out, sending.stored());
        }
        out.u32(self.previous_counter);
        out.u8(self.pending.is_some().into());
        if let Some(pending) = &self.pending {
            out.u32(pending.signed_prekey_id.get());
            out.u8(pending.prekey_id.is_some().into());
            if let Some(id) = pending.prekey_id {
                out.u32(id.get());
            }
        }
        out.u16(self.receiving.len());
        for receiving in &self.receiving {
            out.bytes(receiving.ratchet_key.as_bytes());
            write_chain(out, &receiving.chain);
            skipped(&receiving.skipped, out);
        }
    }

    /// Reads a state, and for each of its chains in order what is missing of it.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Self, Vec<Option<Cold>>), RecordError> {
        let mut state = Self {
            own_identity: reader.key()?,
            identity: reader.key()?,
            registration_id: reader.u32()?,
            base_key: reader.key()?,
            root: reader.secret()?,
            ratchet: None,
            sending: None,
            previous_counter: 0,
            receiving: Vec::new(),
            pending: None,
        };
        if reader.flag()? {
            state.ratchet = Some(reader.pair()?);
            let chain = read_chain(reader)?;
            state.sending = Some(Sending { chain, lease: None, saved_to: 0 });
        }
        state.previous_counter = reader.u32()?;
        if reader.flag()? {
            let signed_prekey_id = read_id(reader)?;
            let prekey_id = if reader.flag()? { Some(read_id(reader)?) } else { None };
            state.pending = Some(Pending { prekey_id, signed_prekey_id });
        }
        let count = reader.count(MOST_CHAINS)?;
        let mut missing = Vec::with_capacity(count);
        for _ in 0..count {
            let ratchet_key = reader.key()?;
            let chain = read_chain(reader)?;
            let (skipped, cold) = SkippedKeys::read(reader)?;
            state.receiving.push(Receiving { ratchet_key, chain, skipped });
            missing.push(cold);
        }
        Ok((state, missing))
    }
}

pub(super) fn read_id(reader: &mut Reader<'_>) -> Result<PrekeyId, RecordError> {
    PrekeyId::new(reader.u32()?).ok_or(RecordError("a prekey's number is too large"))
}

pub(super) fn write_chain(out: &mut Writer, chain: &Chain) {
    out.u32(chain.counter);
    out.bytes(chain.key.0.as_bytes());
}

pub(super) fn read_chain(reader: &mut Reader<'_>) -> Result<Chain, RecordError> {
    Ok(Chain { counter: reader.u32()?, key: ChainKey(reader.secret()?) })
}
