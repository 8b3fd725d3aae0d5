//! An engine that is told arbitrary stanzas, and asked to send: no panic, no step that never ends, nothing unfit on the wire,
//! nothing unreadable in the store.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::messaging::engine_walk;

fuzz_target!(|input: &[u8]| engine_walk(input));
