//! The kinds of data a session keeps.

/// A kind of data. The numbers are part of the stored form: they are never changed and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Space {
    /// The companion's own keys, made before pairing. One record, key empty.
    Device = 1,
    /// The account it is linked to. One record, key empty; absent while not linked.
    Account = 2,
    /// One-time prekeys with their private halves, by id.
    OneTimePrekey = 3,
    /// Signed prekeys that were replaced but may still be used by messages on their way, by id.
    SignedPrekey = 4,
    /// Requests for pairing codes per phone number. Belongs to the whole store, not to a session: it outlives logout.
    Limiter = 5,
    /// Identity keys of other devices, by address.
    Identity = 6,
    /// Which phone number belongs to which LID, both ways.
    LidMap = 7,
    /// Events for the host that it has not acknowledged, some to a row, by the number of the row.
    Event = 8,
    /// Which events of a row the host has acknowledged, by the number of the row; absent when none is.
    EventMark = 9,
}

impl Space {
    /// The stored number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether the data belongs to the store as a whole. It is then the same seen from every session, and erasing a session
    /// leaves it alone.
    pub fn is_shared(self) -> bool {
        matches!(self, Space::Limiter)
    }
}
