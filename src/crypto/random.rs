//! Where randomness comes from. Protocol code is handed a [`Random`] and never asks the system itself, so that a test can
//! replay a conversation byte for byte.

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

/// An array of random bytes.
pub fn random_array<const N: usize>(rng: &mut dyn Random) -> [u8; N] {
    let mut out = [0; N];
    rng.fill(&mut out);
    out
}
