//! Changes that happen together or not at all.

use super::{Space, StoreError};
use std::fmt;
use std::ops::Deref;
use zeroize::Zeroize;

/// The longest key, in bytes.
pub const MAX_KEY: usize = 1024;
/// The largest value, in bytes.
pub const MAX_VALUE: usize = 16 * 1024 * 1024;

/// Stored bytes. They may hold keys, so they are zeroised when dropped, unless it is said that they do not; `Debug` shows their
/// length only.
#[derive(Clone, Default)]
pub struct Value {
    bytes: Vec<u8>,
    is_open: bool,
}

impl Value {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Value { bytes, is_open: false }
    }

    /// The same for bytes in which there are no keys. Wiping takes time, and most of what is written is no secret of ours.
    pub fn without_keys(bytes: Vec<u8>) -> Self {
        Value { bytes, is_open: true }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if !self.is_open {
            self.bytes.zeroize();
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Value {}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Value::new(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Value::new(bytes.to_vec())
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.bytes.len())
    }
}

/// One step of a [`Batch`]. For backends; others use the batch's methods.
#[derive(Clone, Debug)]
pub enum Op {
    /// Go on only if the key holds just this (`None`: is absent). Checked before anything of the batch is written.
    Require {
        /// The space of the record.
        space: Space,
        /// Under which key.
        key: Vec<u8>,
        /// The value that must be there.
        expected: Option<Value>,
    },
    /// Write, replacing what is there.
    Put {
        /// The space of the record.
        space: Space,
        /// Under which key.
        key: Vec<u8>,
        /// The new value.
        value: Value,
    },
    /// Remove; absent is fine.
    Delete {
        /// The space of the record.
        space: Space,
        /// Under which key.
        key: Vec<u8>,
    },
    /// Remove all of one space of this session.
    DeleteSpace(
        /// The space; a shared one is left alone.
        Space,
    ),
    /// Remove everything of this session, its name too.
    EraseSession,
}

/// Changes to one session's data, applied in the order in which they were added, atomically and durably.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
}

impl From<Vec<Op>> for Batch {
    fn from(ops: Vec<Op>) -> Self {
        Batch { ops }
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Batch::default()
    }

    /// Makes the commit fail with [`StoreError::Changed`], writing nothing, unless the key holds
    /// just `expected` (`None`: is absent) before this batch. For data that several sessions share: a value can only be
    /// expected in a shared space.
    pub fn require(&mut self, space: Space, key: impl Into<Vec<u8>>, expected: Option<Value>) -> &mut Self {
        self.ops.push(Op::Require { space, key: key.into(), expected });
        self
    }

    /// Writes a value, replacing what is there.
    pub fn put(&mut self, space: Space, key: impl Into<Vec<u8>>, value: impl Into<Value>) -> &mut Self {
        self.ops.push(Op::Put { space, key: key.into(), value: value.into() });
        self
    }

    /// Removes a value; it need not be there.
    pub fn delete(&mut self, space: Space, key: impl Into<Vec<u8>>) -> &mut Self {
        self.ops.push(Op::Delete { space, key: key.into() });
        self
    }

    /// Removes all of one space of this session. A shared space is left alone.
    pub fn delete_space(&mut self, space: Space) -> &mut Self {
        self.ops.push(Op::DeleteSpace(space));
        self
    }

    /// Removes everything of this session, its name too. Later puts of the batch stay.
    pub fn erase_session(&mut self) -> &mut Self {
        self.ops.push(Op::EraseSession);
        self
    }

    /// Appends the steps of another batch.
    pub fn append(&mut self, other: Batch) -> &mut Self {
        self.ops.extend(other.ops);
        self
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Checks that keys and values are of sizes that every store takes.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let fits = self.ops.iter().all(|op| match op {
            Op::Require { key, .. } | Op::Delete { key, .. } => key.len() <= MAX_KEY,
            Op::Put { key, value, .. } => key.len() <= MAX_KEY && value.len() <= MAX_VALUE,
            Op::DeleteSpace(_) | Op::EraseSession => true,
        });
        if fits { Ok(()) } else { Err(StoreError::TooLarge) }
    }

    /// The steps, in order, each to be taken over.
    pub(super) fn into_ops(self) -> Vec<Op> {
        self.ops
    }

    /// The steps, in order.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }
}
