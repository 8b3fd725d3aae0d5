//! The changes that a record of the log holds, as they are written there.

use crate::store::{SessionName, Value};

pub(super) const PUT: u8 = 1;
pub(super) const DELETE: u8 = 2;
pub(super) const NAME: u8 = 3;

/// One change.
pub(super) enum LoggedChange<'a> {
    /// A row that is put, or removed if it has no value.
    Row { scope: i64, space: u8, key: &'a [u8], value: Option<Value> },
    /// A session's number and name.
    Name { session: u64, name: SessionName },
}

/// Reads the changes of a record, one after the other.
pub(super) struct ChangeReader<'a>(&'a [u8]);

impl<'a> ChangeReader<'a> {
    pub(super) fn new(record: &'a [u8]) -> Self {
        Self(record)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn short(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.array()?);
        self.bytes(length.into())
    }

    /// Returns the next change; `None` if the record is damaged.
    pub(super) fn next_change(&mut self) -> Option<LoggedChange<'a>> {
        let [what] = self.array()?;
        if what == NAME {
            let session = u64::from_le_bytes(self.array()?);
            let name = SessionName::made(std::str::from_utf8(self.short()?).ok()?);
            return Some(LoggedChange::Name { session, name });
        }
        let scope = i64::from_le_bytes(self.array()?);
        let [space] = self.array()?;
        let key = self.short()?;
        let value = match what {
            PUT => {
                let length = u32::from_le_bytes(self.array()?);
                Some(Value::from(self.bytes(length as usize)?))
            }
            DELETE => None,
            _ => return None,
        };
        Some(LoggedChange::Row { scope, space, key, value })
    }
}
