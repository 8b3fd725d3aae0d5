//! Descriptors that hold locks, for the sake of forked children.
//!
//! The locks belong to open files, and a forked child has its parent's open files: a child that lives on would keep the store locked
//! after its parent's end. So whoever handles forks ([`crate::ffi`]) closes these descriptors in the child. Nothing here waits for a
//! lock: the child may ask, in which other threads' locks are never given back.
//!
//! A fork between the opening of a file and its entry here would be missed. Therefore forks are counted, and a file that was opened
//! while one was under way is opened anew.

use crate::standard;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

const BLOCK: usize = 32;
const FREE: RawFd = -1;
/// Taken, and not yet entered or no more.
const TAKEN: RawFd = -2;

static HELD: Block = Block::new();
/// Forks that are under way.
static RUNNING: AtomicU32 = AtomicU32::new(0);
/// Forks that were begun.
static BEGUN: AtomicU32 = AtomicU32::new(0);

struct Block {
    slots: [AtomicI32; BLOCK],
    next: OnceLock<Box<Block>>,
}

impl Block {
    const fn new() -> Self {
        Block { slots: [const { AtomicI32::new(FREE) }; BLOCK], next: OnceLock::new() }
    }

    fn take(&'static self) -> &'static AtomicI32 {
        let free = self.slots.iter().find(|slot| slot.compare_exchange(FREE, TAKEN, SeqCst, SeqCst).is_ok());
        free.unwrap_or_else(|| self.next.get_or_init(|| Box::new(Block::new())).take())
    }
}

/// A file that a forked child closes.
#[derive(Debug)]
pub(super) struct HeldFile {
    file: File,
    slot: &'static AtomicI32,
}

impl HeldFile {
    /// Opens a file in such a way that no forked child has it. It is not locked yet.
    pub(super) fn open(open: impl Fn() -> io::Result<File>) -> io::Result<Self> {
        // A fork takes milliseconds, and a large process a second. One that seems to last for ever is not waited for.
        let mut patience = 10_000;
        loop {
            let begun = BEGUN.load(SeqCst);
            if RUNNING.load(SeqCst) > 0 && patience > 0 {
                patience -= 1;
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let file = standard::open(&open)?;
            let slot = HELD.take();
            slot.store(file.as_raw_fd(), SeqCst);
            let held = HeldFile { file, slot };
            if BEGUN.load(SeqCst) == begun || patience == 0 {
                return Ok(held);
            }
            patience -= 1;
        }
    }
}

impl Deref for HeldFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        // From here on a child may have it, which then is no harm.
        super::lock::unlock(&self.file);
        // Before it is closed: its number may be another file's from then on.
        self.slot.store(FREE, SeqCst);
    }
}

/// A fork is about to happen.
pub(crate) fn fork_begins() {
    RUNNING.fetch_add(1, SeqCst);
    BEGUN.fetch_add(1, SeqCst);
}

/// It has happened: in the parent.
pub(crate) fn fork_ends() {
    let _ = RUNNING.fetch_update(SeqCst, SeqCst, |running| running.checked_sub(1));
}

/// In a forked child: gives each descriptor that has to be closed there, once.
pub(crate) fn forked(mut close: impl FnMut(RawFd)) {
    RUNNING.store(0, SeqCst);
    let mut block = Some(&HELD);
    while let Some(Block { slots, next }) = block {
        for slot in slots {
            let held = slot.swap(FREE, SeqCst);
            if held >= 0 {
                close(held);
            }
        }
        block = next.get().map(Box::as_ref);
    }
}
