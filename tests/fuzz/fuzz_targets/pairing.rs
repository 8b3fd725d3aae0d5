//! The pairing machines under arbitrary calls, stanzas and timers: no panic, and every request is answered exactly once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::pairing::random_walk::walk;

fuzz_target!(|input: &[u8]| walk(input));
