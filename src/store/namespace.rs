//! The kinds of data a session keeps.

/// The time for which the records of a space are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Lifetime {
    /// They belong to the store as a whole.
    Store,
    /// They belong to the session, and outlive a link.
    Session,
    /// They belong to a link, and go with it.
    Link,
    /// They belong to a link, and hold keys that messages are encrypted with, or what follows from those keys: they go, too, when the store
    /// turns out to be an older copy.
    Sending,
}

/// The form that keys have in a sealed store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum KeyForm {
    /// As they are: running numbers, or no key at all.
    Clear,
    /// As a code, by which nobody learns them.
    Hashed,
}

/// Makes [`Space`] of its rows: name, number, lifetime, and the form of keys in a sealed store. How a value is sealed follows from the
/// lifetime: values of the whole store are compared, so that equal ones are sealed to equal bytes.
macro_rules! spaces {
    ($($(#[doc = $doc:literal])+ $space:ident = $number:literal, $lifetime:ident, $keys:ident;)+) => {
        /// A kind of data. The numbers are part of the stored form: they are never changed and never used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Space { $($(#[doc = $doc])+ $space = $number,)+ }

        impl Space {
            /// Every space, by number.
            pub(crate) const ALL: &'static [Space] = &[$(Space::$space),+];

            /// Returns for how long its records are kept.
            pub(in crate::store) const fn lifetime(self) -> Lifetime {
                match self { $(Space::$space => Lifetime::$lifetime,)+ }
            }

            /// Returns the form of its keys in a sealed store.
            pub(in crate::store) const fn key_form(self) -> KeyForm {
                match self { $(Space::$space => KeyForm::$keys,)+ }
            }
        }
    };
}

spaces! {
    /// The companion's own keys, made before pairing. One record, key empty.
    Device = 1, Link, Hashed;
    /// The account it is linked to. One record, key empty; absent while not linked.
    Account = 2, Link, Hashed;
    /// One-time prekeys with their private halves, by id.
    OneTimePrekey = 3, Link, Clear;
    /// Signed prekeys that were replaced but may still be used by messages on their way, by id.
    SignedPrekey = 4, Link, Clear;
    /// Requests for pairing codes per phone number. They outlive logout.
    Limiter = 5, Store, Hashed;
    /// Identity keys of other devices, by address.
    Identity = 6, Link, Hashed;
    /// The LID of a phone number, and the phone number of a LID.
    LidMap = 7, Link, Hashed;
    /// Events for the host that it has not acknowledged, some to a row, by the number of the row.
    Event = 8, Session, Clear;
    /// The events of a row that the host has acknowledged, by the number of the row; absent when none is.
    EventMark = 9, Session, Clear;
    /// Sessions with other devices, by address: what changes with every message.
    Session = 10, Sending, Hashed;
    /// The rest of a session: earlier states, keys of messages that have not come.
    SessionArchive = 11, Sending, Hashed;
    /// Sender keys of others, by group and address: what changes with every message.
    SenderKey = 12, Link, Hashed;
    /// The rest of a sender key.
    SenderKeyArchive = 13, Link, Hashed;
    /// Our own sender key of a group, by group.
    OwnSenderKey = 14, Sending, Hashed;
    /// The devices that have our sender key of a group, by group.
    SenderKeyHolders = 15, Sending, Hashed;
    /// The devices of a user, by user.
    Devices = 16, Link, Hashed;
    /// Groups: their members and settings, by group.
    Group = 17, Link, Hashed;
    /// Messages of ours, to be sent or sent lately, by id.
    Outbox = 18, Link, Hashed;
    /// Fingerprints of the messages that were shown lately.
    Known = 19, Link, Hashed;
    /// Counts of the requests for a message that could not be read, by message.
    RetryAsked = 20, Link, Hashed;
    /// Counts of the answers to such requests of others, by message and device.
    RetryAnswered = 21, Link, Hashed;
    /// Secrets of messages that can be voted on or answered, by message.
    MessageSecret = 22, Link, Hashed;
    /// People: the tokens that show that they trust us, whether this account has met them, the timers of their chats; by user.
    PrivacyToken = 23, Link, Hashed;
    /// Keys of the app state, by id.
    AppStateKey = 24, Link, Hashed;
    /// Places of the account's history, by the id of the message that named them.
    HistoryNotice = 25, Link, Hashed;
    /// When people were written to for the first time, within the last hour, numbered.
    FirstContact = 26, Link, Hashed;
    /// The server's lock on first contacts, and its end. One record, key empty; absent if nothing.
    Restriction = 27, Link, Hashed;
    /// The header of a sealed store. One record, key empty; absent in a store that is not.
    Seal = 28, Store, Clear;
    /// Messages that could not be read and that the own phone is asked for, by the id of the request.
    PhoneAsk = 29, Link, Hashed;
    /// Secrets of messages of any kind, by author and id: those of every other period, see `SecretPeriods`.
    SecretEven = 30, Link, Hashed;
    /// The same of the periods between.
    SecretOdd = 31, Link, Hashed;
    /// Of which periods the two have secrets. One record, key empty.
    SecretPeriods = 32, Link, Hashed;
    /// Limits of an account that outlive a link, by phone number.
    AccountLimits = 33, Store, Hashed;
    /// The newest version of WhatsApp Web that was learned. One record, key empty.
    WebVersion = 34, Store, Hashed;
}

impl Space {
    /// The stored number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Returns whether the data belongs to the store as a whole. It is then the same seen from every session, and erasing a session
    /// leaves it alone.
    pub fn is_shared(self) -> bool {
        self.lifetime() == Lifetime::Store
    }

    /// Returns the spaces that go with a link: all that the session keeps, but for what the host has still to hear of.
    pub(in crate::store) fn of_a_link() -> impl Iterator<Item = Space> {
        Self::ALL
            .iter()
            .copied()
            .filter(|space| matches!(space.lifetime(), Lifetime::Link | Lifetime::Sending))
    }

    /// Returns the spaces with keys that messages are encrypted with, and with what follows from those keys.
    pub(in crate::store) fn of_sending() -> impl Iterator<Item = Space> {
        Self::ALL.iter().copied().filter(|space| space.lifetime() == Lifetime::Sending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(spaces: impl Iterator<Item = Space>) -> Vec<u8> {
        spaces.map(Space::number).collect()
    }

    /// Stores have records under these numbers. A new space has the next one, and its place in these lists.
    #[test]
    fn the_stored_form_of_spaces_stays() {
        let with =
            |wanted: fn(Space) -> bool| numbers(Space::ALL.iter().copied().filter(|space| wanted(*space)));
        assert_eq!(with(|_| true), (1..=34).collect::<Vec<_>>());
        assert_eq!(with(Space::is_shared), [5, 28, 33, 34]);
        assert_eq!(with(|space| space.lifetime() == Lifetime::Session), [8, 9]);
        assert_eq!(numbers(Space::of_sending()), [10, 11, 14, 15]);
        let link: Vec<u8> =
            [&[1, 2, 3, 4, 6, 7][..], &(10..=27).collect::<Vec<_>>(), &[29, 30, 31, 32]].concat();
        assert_eq!(numbers(Space::of_a_link()), link);
        assert_eq!(with(|space| space.key_form() == KeyForm::Clear), [3, 4, 8, 9, 28]);
    }
}
