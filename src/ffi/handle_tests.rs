//! Tests of the handle table: every wrong handle is refused, whatever the threads do.

use super::super::config::{ConfigObject, wa_config};
use super::super::error::{ErrorObject, wa_error};
use super::*;
use std::sync::Barrier;

fn config() -> *mut wa_config {
    insert(Arc::new(ConfigObject::default())).unwrap()
}

#[test]
fn parts_survive_packing() {
    for parts in [
        HandleParts { kind: 1, generation: 1, shard: 0, index: 0 },
        HandleParts { kind: 5, generation: GENERATION_MAX, shard: SHARDS - 1, index: SLOTS_MAX - 1 },
    ] {
        assert_eq!(HandleParts::unpack(parts.pack()), Some(parts));
    }
    assert_eq!(HandleParts::unpack(0), None);
    assert_eq!(HandleParts::unpack(usize::MAX), None);
    assert_eq!(HandleParts::unpack(&raw const TABLE as usize), None);
}

#[test]
fn freed_wrong_kind_and_garbage_are_refused() {
    let handle = config();
    assert!(get::<ConfigObject>(handle).is_ok());
    assert!(get::<ErrorObject>(handle.cast::<wa_error>()).is_err());
    assert!(remove::<ErrorObject>(handle.cast::<wa_error>()).is_err());
    // Another kind in the number does not make another object of the slot.
    let parts = HandleParts::unpack(handle.addr()).unwrap();
    let forged = HandleParts { kind: HandleKind::Error as u8, ..parts }.pack();
    assert!(get::<ErrorObject>(std::ptr::without_provenance(forged)).is_err());
    for near in [
        HandleParts { generation: parts.generation + 1, ..parts },
        HandleParts { index: SLOTS_MAX - 1, ..parts },
        HandleParts { kind: 0, ..parts },
        HandleParts { kind: 15, ..parts },
    ] {
        assert!(get::<ConfigObject>(std::ptr::without_provenance(near.pack())).is_err(), "{near:?}");
    }
    assert!(remove::<ConfigObject>(handle).is_ok());
    assert!(remove::<ConfigObject>(handle).is_err());
    assert!(get::<ConfigObject>(handle).is_err());
    for address in [0, 1, 8, usize::MAX, TAG as usize, (TAG as usize) << 48] {
        assert!(get::<ConfigObject>(std::ptr::without_provenance(address)).is_err());
    }
}

#[test]
fn a_slot_is_retired_when_its_generations_are_used_up() {
    let mut shard = Shard::default();
    let object = || Some(Arc::new(ConfigObject::default()).into_object());
    let (generation, index) = shard.insert(&mut object()).unwrap();
    let parts = |generation| HandleParts { kind: 1, generation, shard: 0, index };
    assert!(shard.remove(parts(generation)).is_some());
    assert_eq!(shard.insert(&mut object()).unwrap(), (generation + 1, index));
    shard.slots[index].generation = GENERATION_MAX;
    assert!(shard.remove(parts(GENERATION_MAX)).is_some());
    assert!(shard.free.is_empty());
    assert_ne!(shard.insert(&mut object()).unwrap().1, index);
    assert!(shard.remove(parts(GENERATION_MAX)).is_none());
}

#[test]
fn an_object_lives_through_the_calls_that_use_it_and_is_freed_once() {
    const THREADS: usize = 4;
    let rounds = if cfg!(miri) { 5 } else { 200 };
    for _ in 0..rounds {
        let address = config().addr();
        let barrier = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                std::thread::spawn(move || {
                    let handle: *mut wa_config = std::ptr::without_provenance_mut(address);
                    barrier.wait();
                    let held = get::<ConfigObject>(handle);
                    let freed = remove::<ConfigObject>(handle).is_ok();
                    if let Ok(held) = held {
                        assert_eq!(held.config.lock().session_id(), "default");
                    }
                    usize::from(freed)
                })
            })
            .collect();
        let freed: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(freed, 1);
    }
}
