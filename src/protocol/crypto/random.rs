//! The source of randomness. Protocol code is handed a [`Random`] and never asks the system itself, so that a test can replay a
//! conversation byte for byte.

use once_cell::sync::Lazy;
use parking_lot::Mutex;
use zeroize::{Zeroize, Zeroizing};

/// A source of random bytes.
pub trait Random {
    /// Fills all of `out`.
    fn fill(&mut self, out: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&mut self, out: &mut [u8]) {
        // There is nothing sound to do without randomness: a key made of anything else would be worse than a panic,
        // which the boundary turns into an error.
        getrandom::fill(out).expect("the operating system gives random bytes");
    }
}

/// The operating system's generator, asked for more than is needed at the moment: each request is a system call, and a message
/// takes a few bytes at a time. Bytes that were handed out are wiped. (A forked child, in which the rest would come again, is
/// turned away at the boundary.)
#[derive(Default)]
pub struct PooledRandom(Zeroizing<Vec<u8>>);

/// The number of bytes requested from the system at once.
const POOL: usize = 512;

impl Random for PooledRandom {
    fn fill(&mut self, out: &mut [u8]) {
        if out.len() > POOL / 4 {
            return OsRandom.fill(out);
        }
        if self.0.len() < out.len() {
            self.0.resize(POOL, 0);
            OsRandom.fill(&mut self.0);
        }
        let left = self.0.len() - out.len();
        let taken = self.0.get_mut(left..).unwrap_or_default();
        out.copy_from_slice(taken);
        taken.zeroize();
        self.0.truncate(left);
        if self.0.is_empty() {
            self.0 = Zeroizing::default();
        }
    }
}

/// A [`PooledRandom`] that all of the process shares, for a few bytes here and there.
#[derive(Debug, Clone, Copy, Default)]
pub struct SharedRandom;

/// Held for moments only.
static SHARED: Lazy<Mutex<PooledRandom>> = Lazy::new(Mutex::default);

impl Random for SharedRandom {
    fn fill(&mut self, out: &mut [u8]) {
        SHARED.lock().fill(out);
    }
}

impl std::fmt::Debug for PooledRandom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PooledRandom")
    }
}

/// An array of random bytes.
pub fn random_array<const N: usize>(rng: &mut dyn Random) -> [u8; N] {
    let mut out = [0; N];
    rng.fill(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_pool_gives_no_byte_twice() {
        let mut pool = PooledRandom::default();
        let mut seen = HashSet::new();
        for size in [8, 16, 32, 128, 200].into_iter().cycle().take(200) {
            let mut out = vec![0; size];
            pool.fill(&mut out);
            assert!(out.chunks(8).all(|part| seen.insert(part.to_vec())), "{size}");
            assert!(pool.0.len() < POOL);
        }
    }
}
