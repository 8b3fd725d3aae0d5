//! The stored form of a row: a format byte, then each event behind its length, four bytes in big-endian order.

use crate::api::Event;
use crate::store::{Space, StoreError, Value};

/// The only format there is so far.
const FORMAT: u8 = 1;
/// The greatest number of events in a row.
const EVENTS: usize = 256;
/// A row is closed when it has grown to that many bytes.
const BYTES: usize = 256 * 1024;
/// One event and every so many bytes of it count as one against the room in the queue.
const UNIT: usize = 4 * 1024;

/// A row in the making.
#[derive(Debug, Default)]
pub(super) struct RecordWriter {
    bytes: Vec<u8>,
    length: u16,
    weight: usize,
}

impl RecordWriter {
    /// Adds an event and notes in it what it weighs.
    pub(super) fn add(&mut self, event: &mut Event) {
        if self.bytes.is_empty() {
            self.bytes.push(FORMAT);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        event.store_into(&mut self.bytes);
        let stored = self.bytes.len() - start - 4;
        // Lengths beyond four bytes are refused by the store, whose values are shorter by far.
        let length = u32::try_from(stored).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(place) = self.bytes.get_mut(start..start + 4) {
            place.copy_from_slice(&length);
        }
        event.weight = weight(stored);
        self.weight += event.weight as usize;
        self.length += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns whether it can take no more, if it may have so many events.
    pub(super) fn is_full(&self, most: usize) -> bool {
        usize::from(self.length) >= EVENTS.min(most) || self.bytes.len() >= BYTES
    }

    /// Returns the number of its events, their weight, and the bytes.
    pub(super) fn finish(self) -> (u16, usize, Value) {
        (self.length, self.weight, Value::without_keys(self.bytes))
    }
}

fn weight(stored: usize) -> u32 {
    u32::try_from(stored / UNIT).unwrap_or(u32::MAX).saturating_add(1)
}

/// A row as it was read: the stored events.
#[derive(Debug)]
pub(super) struct JournalRecord<'a> {
    events: Vec<&'a [u8]>,
}

impl<'a> JournalRecord<'a> {
    pub(super) fn read(value: &'a [u8]) -> Result<Self, StoreError> {
        let mut rest = body(value)?;
        let mut events = Vec::new();
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk().ok_or_else(damaged)?;
            let length = u32::from_be_bytes(*length) as usize;
            let (event, behind) = behind.split_at_checked(length).ok_or_else(damaged)?;
            events.push(event);
            rest = behind;
        }
        if events.len() > EVENTS {
            return Err(damaged());
        }
        Ok(JournalRecord { events })
    }

    pub(super) fn length(&self) -> u16 {
        // At most `EVENTS`.
        u16::try_from(self.events.len()).unwrap_or(u16::MAX)
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.events.iter().copied()
    }
}

/// One event of a row.
pub(super) fn event(stored: &[u8]) -> Result<Event, StoreError> {
    let event = Event::from_stored(stored).ok_or_else(damaged)?;
    Ok(Event { weight: weight(stored.len()), ..event })
}

/// The number in a row's key.
pub(super) fn number(key: &[u8]) -> Result<u64, StoreError> {
    let key = key.try_into().map_err(|_| error("a key has the wrong size"))?;
    Ok(u64::from_be_bytes(key))
}

/// One bit for each event of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits([u64; EVENTS / 64]);

impl Bits {
    fn place(index: u16) -> (usize, u64) {
        (usize::from(index / 64), 1 << (index % 64))
    }

    pub(super) fn get(&self, index: u16) -> bool {
        let (word, bit) = Self::place(index);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Sets a bit. False if it was set.
    pub(super) fn set(&mut self, index: u16) -> bool {
        let (word, bit) = Self::place(index);
        let Some(word) = self.0.get_mut(word).filter(|word| **word & bit == 0) else { return false };
        *word |= bit;
        true
    }

    /// The stored form of the first `length` bits: a format byte, then eight bits to a byte, the first one lowest.
    pub(super) fn to_value(self, length: u16) -> Value {
        let bytes = self.0.iter().flat_map(|word| word.to_le_bytes()).take(usize::from(length.div_ceil(8)));
        std::iter::once(FORMAT).chain(bytes).collect::<Vec<u8>>().into()
    }

    pub(super) fn read(value: &[u8]) -> Result<Self, StoreError> {
        let bytes = body(value)?;
        let mut bits = Bits::default();
        if bytes.len() > size_of_val(&bits.0) {
            return Err(damaged());
        }
        for (word, bytes) in bits.0.iter_mut().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            for (to, from) in whole.iter_mut().zip(bytes) {
                *to = *from;
            }
            *word = u64::from_le_bytes(whole);
        }
        Ok(bits)
    }
}

fn body(value: &[u8]) -> Result<&[u8], StoreError> {
    match value.split_first() {
        Some((&FORMAT, body)) => Ok(body),
        Some(_) => Err(error("a newer version of this library wrote it")),
        None => Err(error("it is empty")),
    }
}

fn damaged() -> StoreError {
    error("it is damaged or of a newer version")
}

fn error(what: &'static str) -> StoreError {
    StoreError::Record { space: Space::Event, what }
}
