//! Drives an engine in memory, as the session does with a store: for the fuzzer and for tests.

use std::collections::BTreeMap;

use super::{Engine, EngineContext, Millis, Output, RateLimit, Settings, StoredRows};
use crate::crypto::{PublicKey, Random, sha256};
use crate::messaging::record_cache::{MissingRecords, RecordKey};
use crate::messaging::stanzas::addressing::Own;
use crate::stanza::Jid;
#[cfg(test)]
use crate::stanza::Stanza;
use crate::stanza::build::IdSource;
use crate::store::records::{AccountRecord, DeviceRecord};
#[cfg(test)]
use crate::store::records::{OneTimePrekey, allocate_prekeys};
use crate::store::{Batch, Op, Space, StoreError, Value};

/// The time at which a driver starts, Unix milliseconds.
pub(super) const START: i64 = 1_767_225_600_000;

/// Bytes that look random, the same for the same seed.
struct Drawn(u64);

impl Random for Drawn {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let digest = sha256(&[&self.0.to_be_bytes()]);
            chunk.iter_mut().zip(digest).for_each(|(byte, drawn)| *byte = drawn);
            self.0 += 1;
        }
    }
}

/// An engine with all that it needs: keys, time, and a store.
pub(super) struct Driver {
    pub(super) engine: Engine,
    pub(super) device: DeviceRecord,
    pub(super) account: AccountRecord,
    /// Milliseconds since the start.
    pub(super) now: Millis,
    /// The number of times that records were missing.
    #[cfg(test)]
    pub(super) loads: usize,
    store: BTreeMap<(Space, Vec<u8>), Value>,
    rng: Drawn,
    ids: IdSource,
}

impl Driver {
    /// A new device with these addresses. The seed makes its keys.
    pub(super) fn new(pn: &Jid, lid: &Jid, seed: u64) -> Self {
        let mut rng = Drawn(seed << 32);
        let device = DeviceRecord::generate(START, &mut rng);
        let mut account =
            AccountRecord::new(pn.to_string(), lid.to_string(), b"proof".to_vec(), PublicKey([9; 32]));
        account.lid_migrated = true;
        let engine = Engine::load(settings(), own(pn, lid), StoredRows::default());
        let engine = engine.unwrap_or_else(|error| panic!("an empty store cannot be read: {error}"));
        let store = BTreeMap::new();
        let mut driver = Self {
            engine,
            device,
            account,
            now: 0,
            #[cfg(test)]
            loads: 0,
            store,
            rng,
            ids: IdSource::new([0; 4]),
        };
        driver.call(|engine, _| {
            engine.online();
            Ok(())
        });
        driver
    }

    /// The same device after a restart of the program, not online yet.
    pub(super) fn restarted(mut self) -> Result<Self, StoreError> {
        let own = own(
            &self.account.jid.parse().unwrap_or_else(|_| Jid::server()),
            &self.account.lid.parse().unwrap_or_else(|_| Jid::server()),
        );
        let rows = StoredRows {
            known: self.rows(Space::Known),
            outbox: self.rows(Space::Outbox),
            first_contacts: self.rows(Space::FirstContact),
            restriction: self.rows(Space::Restriction),
            phone_asks: self.rows(Space::PhoneAsk),
        };
        self.engine = Engine::load(settings(), own, rows)?;
        Ok(self)
    }

    /// Everything that the store has of a kind.
    pub(super) fn rows(&self, space: Space) -> Vec<(Vec<u8>, Value)> {
        let of_space = self.store.iter().filter(|((kept, _), _)| *kept == space);
        of_space.map(|((_, key), value)| (key.clone(), value.clone())).collect()
    }

    /// Takes everything of a kind out of the store. Cached records stay until a restart.
    #[cfg(test)]
    pub(super) fn forget(&mut self, space: Space) {
        self.store.retain(|(kept, _), _| *kept != space);
    }

    /// Calls the engine, goes on until nothing is left to be done, and stores what has changed. Gives what is to be carried out.
    pub(super) fn call(
        &mut self,
        mut call: impl FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) -> Vec<Output> {
        self.until_done(&mut call);
        self.until_done(&mut |engine, cx| engine.work(cx));
        let mut batch = Batch::new();
        self.engine.flush(&mut batch);
        self.commit(&batch);
        self.engine.stored();
        self.engine.take_outputs()
    }

    fn commit(&mut self, batch: &Batch) {
        for op in batch.ops() {
            match op {
                Op::Put { space, key, value } => {
                    self.store.insert((*space, key.clone()), value.clone());
                }
                Op::Delete { space, key } => {
                    self.store.remove(&(*space, key.clone()));
                }
                Op::DeleteSpace(space) => self.store.retain(|(kept, _), _| kept != space),
                _ => {}
            }
        }
    }

    /// Makes a one-time prekey, and gives it.
    #[cfg(test)]
    pub(super) fn prekey(&mut self) -> OneTimePrekey {
        let mut made = allocate_prekeys(&self.account, 1, &mut self.rng);
        self.commit(&made.batch);
        self.account = made.account;
        made.keys.remove(0)
    }

    /// Loads what messages are going to take.
    #[cfg(test)]
    pub(super) fn look_ahead(&mut self, stanzas: &[Stanza]) {
        for _ in 0..2 {
            let wants = self.engine.foresee(stanzas.iter().map(Stanza::root), &self.device);
            self.load(wants);
        }
    }

    fn load(&mut self, wants: Vec<RecordKey>) {
        for want in wants {
            let part = |space: &Space| self.store.get(&(*space, want.key.clone())).cloned();
            let parts: Vec<Option<Value>> = want.table.spaces().iter().map(part).collect();
            let loaded = self.engine.core.cache.loaded(want, &parts);
            assert!(loaded.is_ok(), "what the engine wrote it cannot read: {loaded:?}");
        }
    }

    fn until_done(
        &mut self,
        call: &mut dyn FnMut(&mut Engine, &mut EngineContext<'_>) -> Result<(), MissingRecords>,
    ) {
        /// As the session has it.
        const MOST_LOADS: usize = 64 * 16;
        for _ in 0..MOST_LOADS {
            let mut cx = EngineContext {
                now: self.now,
                unix_ms: START.saturating_add_unsigned(self.now),
                rng: &mut self.rng,
                ids: &mut self.ids,
                device: &self.device,
                account: &mut self.account,
            };
            let Err(MissingRecords(wants)) = call(&mut self.engine, &mut cx) else { return };
            #[cfg(test)]
            {
                self.loads += 1;
            }
            self.load(wants);
        }
        panic!("a step never had what it needs");
    }
}

fn settings() -> Settings {
    Settings { available: true, ack_timeout: 75_000, pace: RateLimit { per_hour: 0, jitter: 0 } }
}

fn own(pn: &Jid, lid: &Jid) -> Own {
    Own { pn: pn.clone(), lid: Some(lid.clone()) }
}
