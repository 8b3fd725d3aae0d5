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
    /// Sessions with other devices, by address: what changes with every message.
    Session = 10,
    /// The rest of a session: earlier states, keys of messages that have not come.
    SessionArchive = 11,
    /// Sender keys of others, by group and address: what changes with every message.
    SenderKey = 12,
    /// The rest of a sender key.
    SenderKeyArchive = 13,
    /// Our own sender key of a group, by group.
    OwnSenderKey = 14,
    /// The devices that have our sender key of a group, by group.
    SenderKeyHolders = 15,
    /// The devices of a user, by user.
    Devices = 16,
    /// What is known of a group, by group.
    Group = 17,
    /// Messages of ours, to be sent or sent lately, by id.
    Outbox = 18,
    /// Fingerprints of the messages that were shown lately.
    Known = 19,
    /// How often a message was asked for again, by message.
    RetryAsked = 20,
    /// How often a message was sent again, by message and device.
    RetryAnswered = 21,
    /// Secrets of messages that can be voted on or answered, by message.
    MessageSecret = 22,
    /// Tokens that show that somebody trusts us, by user.
    PrivacyToken = 23,
    /// Keys of the app state, by id.
    AppStateKey = 24,
    /// Where the account's history is, by the id of the message that said so.
    HistoryNotice = 25,
    /// When people were written to for the first time, within the last hour, numbered.
    FirstContact = 26,
    /// What the server keeps the account from doing, and until when. One record, key empty; absent if nothing.
    Restriction = 27,
    /// Whether and how the store is sealed. One record, key empty; absent in a store that is not.
    Seal = 28,
    /// Messages that could not be read and that the own phone is asked for, by the id of the request.
    PhoneAsk = 29,
    /// Secrets of messages of any kind, by author and id: those of every other period, see `SecretPeriods`.
    SecretEven = 30,
    /// The same of the periods between.
    SecretOdd = 31,
    /// Of which periods the two have secrets. One record, key empty.
    SecretPeriods = 32,
    /// What limits an account beyond one link, by phone number. Belongs to the whole store, not to a session.
    AccountLimits = 33,
    /// The newest version of WhatsApp Web that was learned. One record, key empty; belongs to the whole store.
    WebVersion = 34,
}

impl Space {
    /// The stored number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether the data belongs to the store as a whole. It is then the same seen from every session, and erasing a session
    /// leaves it alone.
    pub fn is_shared(self) -> bool {
        matches!(self, Space::Limiter | Space::Seal | Space::AccountLimits | Space::WebVersion)
    }
}
