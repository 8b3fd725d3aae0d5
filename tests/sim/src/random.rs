//! The simulator's source of randomness: one stream per user, all from one seed, so that a run can be repeated.

use wa::crypto::{Random, sha256};

/// A stream of bytes: SHA-256 over seed, label and a counter. Good enough for a simulator, and the same on every machine.
pub(crate) struct SimRandom {
    state: [u8; 32],
    counter: u64,
}

impl SimRandom {
    /// The first stream of a simulator: from the given text, or from the operating system.
    pub(crate) fn new(seed: Option<&str>) -> Result<Self, getrandom::Error> {
        let state = match seed {
            Some(text) => sha256(&[b"wa-sim seed", text.as_bytes()]),
            None => {
                let mut state = [0; 32];
                getrandom::fill(&mut state)?;
                state
            }
        };
        Ok(Self { state, counter: 0 })
    }

    /// A stream of its own for one purpose; the same label gives the same stream.
    pub(crate) fn derive(&self, label: &str) -> Self {
        Self { state: sha256(&[b"wa-sim stream", &self.state, label.as_bytes()]), counter: 0 }
    }
}

impl Random for SimRandom {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[&self.state, &self.counter.to_be_bytes()]);
            self.counter += 1;
            for (to, from) in chunk.iter_mut().zip(block) {
                *to = from;
            }
        }
    }
}
