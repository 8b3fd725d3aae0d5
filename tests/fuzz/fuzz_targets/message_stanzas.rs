//! Arbitrary stanzas, read by all the readers of the messaging room: no panic, and what is read keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::messaging::stanzas::random_walk::walk;

fuzz_target!(|input: &[u8]| walk(input));
