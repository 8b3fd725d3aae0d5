//! Durable events between the store and the host: [`Journal`] writes them, hands them out, and forgets those that the host has
//! acknowledged.
//!
//! The durable events that are stored by one commit are one row, however many they are. A row goes when all of its events are
//! acknowledged; until then a second, small row says which of them are. Acknowledgements wait for the next commit, whatever it
//! is for.
//!
//! A host that does not poll must cost no memory: at most [`HIGH`] durable events of a client wait in its queue. All others
//! stay in the store, as the backlog, and are read back in order when fewer than [`LOW`] wait. Of the backlog, only the numbers
//! of its rows are kept here, as ranges.
//!
//! A host that takes events faster than it deals with them can ask for a window: then what it has and has not acknowledged
//! counts too, so that it never has much more than that.
//!
//! # Order
//! Identifiers rise strictly, always. As long as there is no backlog, all events reach the host in the order in which they
//! happened. While there is one:
//!
//! - durable events stay in order among themselves;
//! - events that are not durable do not wait for the backlog, so they overtake it: they tell of now (`connection`, `ready`), or
//!   answer a request, whose host waits for nothing else; held back in memory they would have no bound;
//! - `logged_out` overtakes it too, since `closed` follows it and nothing comes after that;
//! - `closed` leaves the backlog in the store. It comes again, like all that was not acknowledged, when the session is opened
//!   again.
//!
//! An event of an earlier life of the session is marked as redelivered, whether or not the host had seen it: that is not known.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::queue::Sink;
use crate::api::{Body, Event, Keep};
use crate::store::{Batch, Session, Space, StoreError, Value};

mod record;

use record::{Bits, JournalRecord};

/// At most so much waits in the queue of a client: events, of which large ones count for several.
pub const HIGH: usize = 1024;
/// Below that, more is read from the store.
pub const LOW: usize = 256;
/// The number of keys that are read at once at the opening.
const PAGE: usize = 1024;
/// The greatest number of rows that are read at once later.
const ROWS: usize = 16;

/// The durable events of one session. See the module for how it works.
#[derive(Debug, Default)]
pub struct Journal {
    /// The number of the next row.
    next: u64,
    /// Rows below are of an earlier life.
    old_below: u64,
    /// The rows whose events the host has, by the identifier of the first one.
    handed_out: BTreeMap<u64, HandedOut>,
    /// Those of them with acknowledgements that are not stored yet.
    touched: Vec<u64>,
    /// The rows that are only in the store, in order.
    backlog: VecDeque<Range<u64>>,
    /// Set while a wake-up is requested for when there is room.
    room_asked_for: bool,
    /// The number of events in the last row that was read.
    per_row: usize,
    /// The number of events the host may have without having acknowledged them; no limit if not set.
    window: Option<usize>,
    /// The number of those it has.
    unacknowledged: usize,
}

/// A row whose events have identifiers.
#[derive(Debug)]
struct HandedOut {
    number: u64,
    acknowledged: Bits,
    length: u16,
    left: u16,
    /// Its second row is in the store.
    marked: bool,
    touched: bool,
    places: Places,
}

/// The places of a row's identifiers: which event has which, as offset from the row's first one. Other events may stand between
/// those of a row, and events that were acknowledged in an earlier life have none.
#[derive(Debug, Default)]
struct Places {
    /// The place of the first identifier.
    first: u16,
    /// From which offset on which others follow.
    breaks: Vec<(u32, u16)>,
}

/// The rows that [`Journal::put`] has added to a batch: to be handed back once the batch is stored.
#[derive(Debug, Default)]
#[must_use]
pub struct Written {
    rows: Vec<NewEvent>,
}

/// A row of the backlog: its number, what it holds, and which of that is acknowledged.
type Fetched = (u64, Option<Value>, Option<Value>);

#[derive(Debug)]
struct NewEvent {
    number: u64,
    length: u16,
    weight: usize,
    /// It ends the session.
    last: bool,
}

impl Journal {
    /// Looks through what the store holds. Nothing is handed out before [`Journal::refill`].
    pub async fn open(store: &Session) -> Result<Self, StoreError> {
        let mut numbers = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = store.keys(Space::Event, after.as_deref(), PAGE).await?;
            for key in &page {
                numbers.push(record::number(key)?);
            }
            let full = page.len() == PAGE;
            after = page.into_iter().next_back();
            if !full {
                break;
            }
        }
        // A backend promises no order.
        numbers.sort_unstable();
        let next = numbers.last().map_or(0, |last| last + 1);
        let mut journal = Journal { next, old_below: next, ..Journal::default() };
        for number in numbers {
            journal.leave_in_store(number);
        }
        Ok(journal)
    }

    /// From now on the host gets no more than so many events that it has not acknowledged, or one row's that was written before.
    pub fn set_window(&mut self, window: Option<usize>) {
        self.window = window;
    }

    /// Returns the greatest number of events to hand out when the host has none.
    fn most(&self) -> usize {
        self.window.map_or(HIGH, |window| window.min(HIGH))
    }

    /// Returns the number of events to hand out. It is all of [`Journal::most`] only when the host has none.
    fn room(&self, sink: &Sink) -> usize {
        let in_queue = HIGH.saturating_sub(sink.durable());
        self.window.map_or(in_queue, |window| in_queue.min(window.saturating_sub(self.unacknowledged)))
    }

    /// Adds the durable ones of these events to a batch.
    pub fn put<'a>(&self, batch: &mut Batch, events: impl Iterator<Item = &'a mut Event>) -> Written {
        let mut written = Written::default();
        let mut row = record::RecordWriter::default();
        let mut last = false;
        let mut finish = |row: record::RecordWriter, last| {
            let number = self.next + written.rows.len() as u64;
            let (length, weight, value) = row.finish();
            batch.put(Space::Event, number.to_be_bytes(), value);
            written.rows.push(NewEvent { number, length, weight, last });
        };
        // Small enough that a window takes several.
        let most = (self.most() / 4).max(1);
        for event in events.filter(|event| event.body.keep() == Keep::Durable) {
            row.add(event);
            last |= matches!(event.body, Body::LoggedOut(_));
            if row.is_full(most) {
                finish(std::mem::take(&mut row), std::mem::take(&mut last));
            }
        }
        if !row.is_empty() {
            finish(row, last);
        }
        written
    }

    /// The number of the next row. It rises when events are handed out that need acknowledging.
    pub fn next_row(&self) -> u64 {
        self.next
    }

    /// Adds the acknowledgements that are not stored yet to a batch.
    pub fn put_acknowledgements(&self, batch: &mut Batch) {
        for row in self.touched.iter().filter_map(|first| self.handed_out.get(first)) {
            let key = row.number.to_be_bytes();
            if row.left > 0 {
                batch.put(Space::EventMark, key, row.acknowledged.to_value(row.length));
                continue;
            }
            batch.delete(Space::Event, key);
            if row.marked {
                batch.delete(Space::EventMark, key);
            }
        }
    }

    /// Returns whether there are acknowledgements to be stored.
    pub fn has_acknowledgements(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The batch with what [`Journal::put_acknowledgements`] added is stored.
    pub fn acknowledgements_stored(&mut self) {
        for first in std::mem::take(&mut self.touched) {
            let Some(row) = self.handed_out.get_mut(&first) else { continue };
            if row.left == 0 {
                self.handed_out.remove(&first);
            } else {
                (row.touched, row.marked) = (false, true);
            }
        }
        if self.handed_out.is_empty() {
            // An idle session keeps no room for rows.
            self.handed_out = BTreeMap::new();
        }
    }

    /// The batch with what [`Journal::put`] added is stored: hands the events out, those that are not durable too, in the order
    /// given. Events that the queue has no room for stay in the store.
    pub fn hand_out(&mut self, written: Written, events: Vec<Box<Event>>, sink: &Sink) {
        let mut room = if self.backlog.is_empty() { self.room(sink) } else { 0 };
        let mut rows = written.rows.into_iter();
        let mut out = Vec::with_capacity(events.len());
        let mut handed: Vec<(u32, HandedOut)> = Vec::new();
        let (mut left, mut goes_out) = (0, false);
        for event in events {
            if event.body.keep() == Keep::Durable {
                if left == 0 {
                    // Every durable event was written.
                    let Some(row) = rows.next() else { continue };
                    self.next = row.number + 1;
                    left = row.length;
                    // One that is larger than all room there is goes alone.
                    goes_out = row.last || row.weight <= room || room == self.most();
                    if goes_out {
                        room = room.saturating_sub(row.weight);
                        self.unacknowledged += usize::from(row.length);
                        handed.push((position(out.len()), HandedOut::new(row.number, row.length)));
                    } else {
                        room = 0;
                        self.leave_in_store(row.number);
                    }
                }
                left -= 1;
                if !goes_out {
                    continue;
                }
                if let Some((at, row)) = handed.last_mut() {
                    row.places.put(position(out.len()) - *at, row.length - left - 1);
                }
            }
            out.push(event);
        }
        let first = sink.push_all(out);
        if first == 0 {
            // Nobody listens any more. All of it is in the store for the next life.
            return self.forget();
        }
        self.handed_out.extend(handed.into_iter().map(|(at, row)| (first + u64::from(at), row)));
    }

    /// The host has dealt with an event. Events that need no acknowledgement, and ones that have it, are let pass.
    pub fn acknowledge(&mut self, event: u64) {
        let Some((first, row)) = self.handed_out.range_mut(..=event).next_back() else { return };
        let Some(index) = row.index(event - *first) else { return };
        if !row.acknowledged.set(index) {
            return;
        }
        row.left -= 1;
        self.unacknowledged = self.unacknowledged.saturating_sub(1);
        if !std::mem::replace(&mut row.touched, true) {
            self.touched.push(*first);
        }
    }

    /// Returns whether the host has events that it has not acknowledged.
    pub fn awaits_acknowledgement(&self) -> bool {
        self.handed_out.values().any(|row| row.left > 0)
    }

    /// True once when there is a backlog and nobody was asked yet to say when there is room: the caller does that, with
    /// [`Sink::when_below`], and then calls [`Journal::refill`]. With a window that has no room for half of it, or for the next
    /// row, acknowledgements are waited for first.
    pub fn request_room(&mut self) -> bool {
        let has_window = self.window.is_none_or(|window| {
            let needed = self.per_row.max(window / 2).clamp(1, self.most());
            window.saturating_sub(self.unacknowledged) >= needed
        });
        !self.backlog.is_empty() && has_window && !std::mem::replace(&mut self.room_asked_for, true)
    }

    /// Hands out as much of the backlog as there is room for. Gives the mark below which to call it again.
    pub async fn refill(&mut self, store: &Session, sink: &Sink) -> Result<usize, StoreError> {
        self.room_asked_for = false;
        loop {
            let mut room = self.room(sink);
            if self.backlog.is_empty() || room < self.per_row.clamp(1, self.most()) {
                return Ok(LOW);
            }
            for (number, row, mark) in self.fetch(room, store).await? {
                let Some(row) = row else {
                    self.take_from_backlog();
                    continue;
                };
                let (handed, events, weight) = self.read(number, &row, mark.as_ref())?;
                // One that is larger than all room there is goes alone.
                if weight > room && room < self.most() {
                    if self.window.is_some() {
                        self.per_row = weight; // which is what acknowledgements have to make room for
                    }
                    return Ok(LOW.min(HIGH.saturating_sub(weight) + 1));
                }
                room = room.saturating_sub(weight);
                self.per_row = events.len();
                self.unacknowledged += events.len();
                let first = sink.push_all(events);
                if first == 0 {
                    self.forget();
                    return Ok(LOW);
                }
                self.take_from_backlog();
                self.handed_out.insert(first, handed);
            }
        }
    }

    /// Reads the first rows of the backlog and their marks, as many as may fit.
    async fn fetch(&self, room: usize, store: &Session) -> Result<Vec<Fetched>, StoreError> {
        let count = (room / self.per_row.max(1)).clamp(1, ROWS);
        let numbers: Vec<u64> = self.backlog.iter().cloned().flatten().take(count).collect();
        let keys: Vec<_> = numbers.iter().map(|number| number.to_be_bytes().to_vec()).collect();
        let marks = store.get_many(Space::EventMark, keys.clone());
        let rows = store.get_many(Space::Event, keys).await?;
        let both = rows.into_iter().zip(marks.await?);
        Ok(numbers.into_iter().zip(both).map(|(number, (row, mark))| (number, row, mark)).collect())
    }

    /// Forgets all: the session's rows were erased, or nobody listens.
    pub fn forget(&mut self) {
        *self =
            Journal { next: self.next, old_below: self.old_below, window: self.window, ..Journal::default() };
    }

    /// Reads a row of the backlog: those of its events that are not acknowledged.
    #[expect(clippy::vec_box, reason = "the queue hands out boxes")]
    fn read(
        &self,
        number: u64,
        value: &Value,
        mark: Option<&Value>,
    ) -> Result<(HandedOut, Vec<Box<Event>>, usize), StoreError> {
        let row = JournalRecord::read(value)?;
        let acknowledged = mark.map_or(Ok(Bits::default()), |mark| Bits::read(mark))?;
        let mut handed = HandedOut::new(number, row.length());
        handed.marked = mark.is_some();
        handed.acknowledged = acknowledged;
        let (mut events, mut weight) = (Vec::new(), 0);
        for (index, stored) in (0u16..).zip(row.events()) {
            if acknowledged.get(index) {
                handed.left -= 1;
                continue;
            }
            handed.places.put(position(events.len()), index);
            let mut event = Box::new(record::event(stored)?);
            event.redelivered = number < self.old_below;
            weight += event.weight as usize;
            events.push(event);
        }
        Ok((handed, events, weight))
    }

    /// The row is the last of those that are only in the store.
    fn leave_in_store(&mut self, number: u64) {
        match self.backlog.back_mut() {
            Some(range) if range.end == number => range.end += 1,
            _ => self.backlog.push_back(number..number + 1),
        }
    }

    fn take_from_backlog(&mut self) {
        if let Some(range) = self.backlog.front_mut() {
            range.start += 1;
            if range.is_empty() {
                self.backlog.pop_front();
            }
        }
        if self.backlog.is_empty() {
            self.backlog = VecDeque::new();
        }
    }
}

impl HandedOut {
    fn new(number: u64, length: u16) -> Self {
        HandedOut {
            number,
            acknowledged: Bits::default(),
            length,
            left: length,
            marked: false,
            touched: false,
            places: Places::default(),
        }
    }

    /// Returns the event of the row that has that identifier, if one does.
    fn index(&self, offset: u64) -> Option<u16> {
        self.places.get(offset).filter(|index| *index < self.length)
    }
}

impl Places {
    /// The event `index` has the identifier at `offset`. To be called in rising order, beginning with offset 0.
    fn put(&mut self, offset: u32, index: u16) {
        if offset == 0 {
            self.first = index;
            return;
        }
        let (from, at) = self.breaks.last().copied().unwrap_or((0, self.first));
        if offset - from != u32::from(index - at) {
            self.breaks.push((offset, index));
        }
    }

    fn get(&self, offset: u64) -> Option<u16> {
        let next = self.breaks.partition_point(|(from, _)| u64::from(*from) <= offset);
        let before = next.checked_sub(1).and_then(|before| self.breaks.get(before));
        let (from, at) = before.copied().unwrap_or((0, self.first));
        let index = u16::try_from(u64::from(at) + (offset - u64::from(from))).ok()?;
        // Later identifiers belong to the next break; this one is of another event.
        self.breaks.get(next).is_none_or(|(_, following)| index < *following).then_some(index)
    }
}

/// A place among the events of one commit. There are never so many that it would not fit.
fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod kill_tests;
#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
