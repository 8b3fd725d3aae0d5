//! Handles: numbers that look like pointers to C and are looked up, never followed.
//!
//! ```text
//!  63        48 47      44 43               24 23      20 19              0
//! |    tag     |   kind   |    generation     |  shard   |     index      |
//! ```
//!
//! The tag makes the number an address that no x86-64 or arm64 process can have, which Go's collector and every debugger accept as "not
//! a pointer of ours". The generation tells a slot's users apart; a slot whose generations are used up is retired, so that no
//! handle ever becomes valid again.
//!
//! A slot holds an `Arc`: each call clones it, leaves the lock and then works, so an object lives through the calls that use it,
//! whoever frees the handle meanwhile.

use crate::api::{Error, Status};
use parking_lot::RwLock;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("a handle needs pointers of 64 bits");

const TAG: u64 = 0x57A1;
const INDEX_BITS: u32 = 20;
const SHARD_BITS: u32 = 4;
const GENERATION_BITS: u32 = 20;
const SHARDS: usize = 1 << SHARD_BITS;
const SLOTS_MAX: usize = 1 << INDEX_BITS;
const GENERATION_MAX: u32 = (1 << GENERATION_BITS) - 1;

/// The kinds of objects that C can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum HandleKind {
    Config = 1,
    Queue = 2,
    Client = 3,
    Event = 4,
    Error = 5,
}

/// A type that C holds handles of. It ties the C type to the Rust type, so that a wrong conversion does not compile.
pub(super) trait Handled: Send + Sync + 'static {
    /// The incomplete struct that C sees.
    type C;
    /// Its kind.
    const KIND: HandleKind;
    /// Into a slot.
    fn into_object(self: Arc<Self>) -> Object;
    /// Out of a slot.
    fn from_object(object: &Object) -> Option<&Arc<Self>>;
}

macro_rules! objects {
    ($($kind:ident: $rust:ty => $c:ty,)+) => {
        /// The object in a slot.
        pub(super) enum Object { $($kind(Arc<$rust>),)+ }

        $(impl Handled for $rust {
            type C = $c;
            const KIND: HandleKind = HandleKind::$kind;
            fn into_object(self: Arc<Self>) -> Object { Object::$kind(self) }
            fn from_object(object: &Object) -> Option<&Arc<Self>> {
                match object {
                    Object::$kind(arc) => Some(arc),
                    _ => None,
                }
            }
        })+
    };
}

objects! {
    Config: super::config::ConfigObject => super::config::wa_config,
    Queue: super::queue::QueueObject => super::queue::wa_queue,
    Client: super::client::ClientObject => super::client::wa_client,
    Event: super::event::EventObject => super::event::wa_event,
    Error: super::error::ErrorObject => super::error::wa_error,
}

struct HandleSlot {
    generation: u32,
    object: Option<Object>,
}

#[derive(Default)]
struct Shard {
    slots: Vec<HandleSlot>,
    /// Oldest first, so that a slot rests as long as possible before its next generation.
    free: VecDeque<u32>,
}

static TABLE: [RwLock<Shard>; SHARDS] =
    [const { RwLock::new(Shard { slots: Vec::new(), free: VecDeque::new() }) }; SHARDS];
static NEXT_SHARD: AtomicUsize = AtomicUsize::new(0);

/// The parts of a handle's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct HandleParts {
    kind: u8,
    generation: u32,
    shard: usize,
    index: usize,
}

impl HandleParts {
    fn pack(self) -> usize {
        let number = (TAG << 48)
            | (u64::from(self.kind) << 44)
            | (u64::from(self.generation) << 24)
            | ((self.shard as u64) << INDEX_BITS)
            | self.index as u64;
        number as usize
    }

    fn unpack(address: usize) -> Option<HandleParts> {
        let number = address as u64;
        let field = |shift: u32, bits: u32| (number >> shift) & ((1 << bits) - 1);
        (number >> 48 == TAG).then(|| HandleParts {
            kind: field(44, 4) as u8,
            generation: field(24, GENERATION_BITS) as u32,
            shard: field(INDEX_BITS, SHARD_BITS) as usize,
            index: field(0, INDEX_BITS) as usize,
        })
    }
}

/// Puts an object into the table and gives its handle.
pub(super) fn insert<T: Handled>(object: Arc<T>) -> Result<*mut T::C, Error> {
    super::fork::watch();
    let first = NEXT_SHARD.fetch_add(1, Ordering::Relaxed);
    let mut object = Some(object.into_object());
    for shard in (0..SHARDS).map(|step| (first + step) % SHARDS) {
        let Some((generation, index)) = TABLE[shard].write().insert(&mut object) else {
            continue;
        };
        let parts = HandleParts { kind: T::KIND as u8, generation, shard, index };
        return Ok(std::ptr::without_provenance_mut(parts.pack()));
    }
    Err(Error::plain(Status::TOO_MANY_HANDLES))
}

/// The object of a handle, if it is one, alive and of this kind.
pub(super) fn get<T: Handled>(handle: *const T::C) -> Result<Arc<T>, Error> {
    let parts =
        HandleParts::unpack(handle.addr()).filter(|parts| parts.kind == T::KIND as u8).ok_or_else(invalid)?;
    super::fork::watch();
    let shard = TABLE[parts.shard].read();
    let slot = shard.slots.get(parts.index).filter(|slot| slot.generation == parts.generation);
    let object = slot.and_then(|slot| slot.object.as_ref()).and_then(T::from_object);
    object.map(Arc::clone).ok_or_else(invalid)
}

/// Takes the object of a handle out of the table: the handle is invalid from now on. Only one of several callers gets it.
pub(super) fn remove<T: Handled>(handle: *const T::C) -> Result<Arc<T>, Error> {
    let parts =
        HandleParts::unpack(handle.addr()).filter(|parts| parts.kind == T::KIND as u8).ok_or_else(invalid)?;
    super::fork::watch();
    let taken = TABLE[parts.shard].write().remove(parts);
    // The object is in hand and the lock is not: its end may take long and may call back here.
    taken.as_ref().and_then(T::from_object).map(Arc::clone).ok_or_else(invalid)
}

impl Shard {
    fn insert(&mut self, object: &mut Option<Object>) -> Option<(u32, usize)> {
        if let Some(index) = self.free.pop_front() {
            let slot = self.slots.get_mut(index as usize)?;
            slot.object = object.take();
            return Some((slot.generation, index as usize));
        }
        if self.slots.len() == SLOTS_MAX {
            return None;
        }
        self.slots.push(HandleSlot { generation: 1, object: object.take() });
        Some((1, self.slots.len() - 1))
    }

    fn remove(&mut self, parts: HandleParts) -> Option<Object> {
        let slot = self.slots.get_mut(parts.index).filter(|slot| slot.generation == parts.generation)?;
        let object = slot.object.take()?;
        if slot.generation < GENERATION_MAX {
            slot.generation += 1;
            self.free.push_back(parts.index as u32);
        }
        Some(object)
    }
}

fn invalid() -> Error {
    Error::plain(Status::INVALID_HANDLE)
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
