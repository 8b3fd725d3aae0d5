//! The format of the log: a header, then records, each with its checks.
//!
//! All checks cover the store's number, the generation and the place in the file, so that nothing counts that was written for another
//! store, for an earlier round or for another place. A record has two: one over its body, and one over its head alone. By the latter
//! a record is recognised behind one that is damaged: records are written one after the other, each when the one before is on
//! disk, so the damaged one had been acknowledged. A damaged record with nothing behind it may be one that a crash has cut off.

use zeroize::Zeroizing;

/// Beginning of the file: what it is, and the version of its format.
pub(super) const MAGIC: [u8; 8] = *b"wa-log\0\x02";
/// Magic, store, generation, flags, check.
pub(super) const HEADER: usize = 40;
/// Length of the body, its check, check of both.
pub(super) const RECORD_HEADER: usize = 20;

/// The header of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogHeader {
    /// The database that it belongs to.
    pub(super) store: u64,
    /// The generation of the database that its records build upon.
    pub(super) generation: u64,
    /// SQLite's write-ahead log is being copied into the database, so that the one is of no use without the other.
    pub(super) checkpoint: bool,
}

/// The state of the log that was found.
pub(super) enum Found {
    Missing,
    /// Nothing was written yet.
    Empty,
    Damaged,
    /// Of the format that had no generations.
    First(Vec<Record>),
    /// Of a format that is not known yet.
    Newer,
    Log {
        header: LogHeader,
        records: Vec<Record>,
        /// The place of the next record.
        end: usize,
        /// No record of this round follows one that is damaged.
        is_whole: bool,
    },
}

/// The body of a record. There are keys in it.
pub(super) type Record = Zeroizing<Vec<u8>>;

impl LogHeader {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let fields = [self.store, self.generation, u64::from(self.checkpoint), self.check()];
        let fields = MAGIC.into_iter().chain(fields.into_iter().flat_map(u64::to_le_bytes));
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut fields = LogFields(bytes.strip_prefix(&MAGIC)?);
        let (store, generation, checkpoint) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let header = LogHeader { store, generation, checkpoint: checkpoint == 1 };
        (checkpoint <= 1 && fields.u64()? == header.check()).then_some(header)
    }

    fn check(self) -> u64 {
        mix(&[self.store, self.generation, u64::from(self.checkpoint)], &MAGIC)
    }

    /// The head of a record with that body, which stands at `at`.
    pub(super) fn head(&self, at: usize, body: &[u8]) -> [u8; RECORD_HEADER] {
        let (length, check) = (body.len() as u32, self.body_check(at, body));
        let mut head = [0; RECORD_HEADER];
        let last = self.head_check(at, length, check);
        let bytes = length.to_le_bytes().into_iter().chain(check.to_le_bytes()).chain(last.to_le_bytes());
        head.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        head
    }

    fn body_check(&self, at: usize, body: &[u8]) -> u64 {
        mix(&[self.store, self.generation, at as u64], body)
    }

    fn head_check(&self, at: usize, length: u32, check: u64) -> u64 {
        mix(&[self.store, self.generation, at as u64, length.into(), check], &[])
    }

    /// Reads the head of a record that stands at `at`: length and check of the body.
    fn read_head(&self, at: usize, bytes: &[u8]) -> Option<(usize, u64)> {
        let mut fields = LogFields(bytes);
        let (length, check) = (fields.u32()?, fields.u64()?);
        (fields.u64()? == self.head_check(at, length, check)).then_some((length as usize, check))
    }

    /// The body of the record at `at`, if it is whole.
    fn record<'a>(&self, at: usize, file: &'a [u8]) -> Option<&'a [u8]> {
        let bytes = file.get(at..)?;
        let (length, check) = self.read_head(at, bytes)?;
        let body = bytes.get(RECORD_HEADER..)?.get(..length)?;
        (self.body_check(at, body) == check).then_some(body)
    }

    /// Returns whether a record of this round was begun behind `from`.
    fn is_gone_on_with(&self, from: usize, file: &[u8]) -> bool {
        let starts = from + 1..file.len().saturating_sub(RECORD_HEADER - 1);
        starts.into_iter().any(|at| file.get(at..).is_some_and(|bytes| self.read_head(at, bytes).is_some()))
    }
}

/// Reads a log.
pub(super) fn read(file: &[u8]) -> Found {
    if file.iter().all(|byte| *byte == 0) {
        // A power failure may leave room that nothing was written to.
        return Found::Empty;
    }
    let [name @ .., _] = MAGIC;
    match (file.strip_prefix(&name), MAGIC.last()) {
        (Some([1, ..]), _) => return first_version(file),
        (Some([version, ..]), Some(known)) if version > known => return Found::Newer,
        _ => {}
    }
    let Some(header) = file.get(..HEADER).and_then(LogHeader::from_bytes) else { return Found::Damaged };
    let (mut records, mut end) = (Vec::new(), HEADER);
    while let Some(body) = header.record(end, file) {
        records.push(Record::new(body.to_vec()));
        end += RECORD_HEADER + body.len();
    }
    let is_whole = !header.is_gone_on_with(end, file);
    Found::Log { header, records, end, is_whole }
}

/// Reads a log of version 1: magic, number of the round, and records with length and check. The first record that is not whole ends
/// it.
fn first_version(file: &[u8]) -> Found {
    const HEADER: usize = 16;
    let Some(round) = file.get(8..).and_then(|bytes| LogFields(bytes).u64()) else { return Found::Damaged };
    let (mut records, mut end) = (Vec::new(), HEADER);
    while let Some(bytes) = file.get(end..) {
        let mut fields = LogFields(bytes);
        let (Some(length), Some(check)) = (fields.u32(), fields.u64()) else { break };
        let Some(body) = fields.0.get(..length as usize) else { break };
        if mix(&[round, end as u64, length.into()], body) != check {
            break;
        }
        records.push(Record::new(body.to_vec()));
        end += 12 + body.len();
    }
    Found::First(records)
}

/// A check of these numbers and bytes. Not against forgery.
pub(super) fn mix(numbers: &[u64], bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, tail) = bytes.as_chunks();
    let mut last = [0; 8];
    last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
    let state = numbers.iter().fold(FACTOR, |state, number| mix(state, *number));
    let state = words.iter().fold(state, |state, word| mix(state, u64::from_le_bytes(*word)));
    let state = mix(state, u64::from_le_bytes(last));
    mix(state ^ (state >> 32), FACTOR)
}

/// Little-endian numbers, one after the other.
pub(super) struct LogFields<'a>(pub(super) &'a [u8]);

impl LogFields<'_> {
    pub(super) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }
}
