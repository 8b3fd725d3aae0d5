//! The keys of a sealed store, and what is done with them.
//!
//! # Nonces
//! A value is sealed under a key of its own kind: each time a store is opened, and after every 2³² values, an *epoch* begins with
//! 16 random bytes, from which and the store's key its key is derived. Within an epoch nonces count up from 0. So no nonce is
//! used twice under one key, whatever number of values a store sees in its life, unless two epochs draw the same 16 bytes: that
//! is to be expected after 2⁶⁴ openings. Epoch and count stand before the sealed value.
//!
//! Values that several sessions share, and the names of sessions, must be sealed to the same bytes each time, since they are
//! compared. Their nonce is the beginning of an HMAC, under a key of its own, of place and content: the same nonce means the
//! same message, but for a chance of 2⁻⁹⁶ for each pair.

use super::SealKey;
use crate::crypto::{MacKey, OsRandom, Secret, gcm, hkdf, random_array};
use crate::store::namespace::KeyForm;
use crate::store::{SessionName, Space, StoreError, Value};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The form of a value under an epoch's key.
const COUNTED: u8 = 1;
/// The form of a value whose nonce follows from it.
const FIXED: u8 = 2;
/// The number of values of an epoch.
const EPOCH: u64 = 1 << 32;
/// Keys of so many epochs are kept ready. A store that is used has few; a value of an old one is sealed anew when it changes.
const EPOCHS_AT_HAND: usize = 64;
/// The length of a stored key, in bytes of its HMAC. Keys are too few by far for two to meet in 128 bits.
const STORED_KEY: usize = 16;

/// The tag of a session; derived from its name.
pub(super) type Tag = [u8; 16];
/// The tag of records that belong to no session.
pub(super) const SHARED: Tag = [0; 16];

type Salt = [u8; 16];

/// The place of a record.
pub(super) struct RecordPlace<'k> {
    session: Tag,
    space: Space,
    /// The key as the session knows it.
    key: Cow<'k, [u8]>,
    /// The key as it is stored.
    pub(super) stored: Vec<u8>,
}

impl RecordPlace<'_> {
    pub(super) fn owned(self) -> RecordPlace<'static> {
        RecordPlace { key: Cow::Owned(self.key.into_owned()), ..self }
    }

    /// Another one of the same space, of which only the stored key is known.
    pub(super) fn other(&self, stored: Vec<u8>) -> RecordPlace<'static> {
        RecordPlace { session: self.session, space: self.space, key: Cow::Borrowed(&[]), stored }
    }

    fn associated_data(&self) -> Vec<u8> {
        [&[self.space.number()][..], &self.session, &self.stored].concat()
    }

    fn broken(&self) -> StoreError {
        StoreError::Record { space: self.space, what: "its seal is broken: it was damaged or changed" }
    }
}

/// All keys of one store.
pub(super) struct Keys {
    lookup: MacKey,
    /// The secret that the keys of epochs are derived from.
    root: Secret<32>,
    fixed: gcm::Key,
    fixed_nonces: MacKey,
    /// The epoch that values are sealed in. Held while a number is drawn.
    current: Mutex<(Arc<Epoch>, u64)>,
    /// Those that values are opened with. Held for look-ups and while a key is derived.
    epochs: Mutex<HashMap<Salt, Arc<Epoch>>>,
}

struct Epoch {
    salt: Salt,
    cipher: gcm::Key,
}

impl Epoch {
    fn new(root: &Secret<32>, salt: Salt) -> Arc<Self> {
        let key = hkdf::<32>(Some(&salt), root.as_bytes(), b"libwa store, values of an epoch");
        Arc::new(Epoch { salt, cipher: gcm::Key::new(key.as_bytes()) })
    }
}

impl Keys {
    pub(super) fn derive(salt: &[u8; 32], key: &SealKey) -> Self {
        let derive = |what: &[u8]| hkdf::<32>(Some(salt), key.as_bytes(), what);
        let root = derive(b"libwa store, values");
        let current = Epoch::new(&root, random_array(&mut OsRandom));
        Keys {
            lookup: MacKey::new(derive(b"libwa store, keys").as_bytes()),
            fixed: gcm::Key::new(derive(b"libwa store, fixed").as_bytes()),
            fixed_nonces: MacKey::new(derive(b"libwa store, nonces of fixed").as_bytes()),
            current: Mutex::new((current, 0)),
            epochs: Mutex::default(),
            root,
        }
    }

    /// The session of that name.
    pub(super) fn tag(&self, name: &SessionName) -> Tag {
        first(&self.lookup.code(&[b"session", name.as_str().as_bytes()]))
    }

    /// Returns the place of a record.
    pub(super) fn place<'k>(&self, session: Tag, space: Space, key: &'k [u8]) -> RecordPlace<'k> {
        let stored = if space.key_form() == KeyForm::Clear {
            key.to_vec()
        } else {
            first::<STORED_KEY>(&self.lookup.code(&[b"key", &[space.number()], &session, key])).to_vec()
        };
        RecordPlace { session, space, key: Cow::Borrowed(key), stored }
    }

    /// Seals a value for its place.
    pub(super) fn seal(&self, place: &RecordPlace<'_>, value: &[u8]) -> Value {
        // Form, salt, count, length of the key, tag.
        let mut sealed = Vec::with_capacity(1 + 16 + 8 + 2 + place.key.len() + value.len() + 16);
        if place.space.is_shared() {
            self.seal_fixed(&mut sealed, &place.associated_data(), &[&prefix(place), value]);
            return sealed.into();
        }
        let (epoch, count) = self.next();
        sealed.push(COUNTED);
        sealed.extend_from_slice(&epoch.salt);
        sealed.extend_from_slice(&count.to_be_bytes());
        let start = sealed.len();
        sealed.extend_from_slice(&prefix(place));
        sealed.extend_from_slice(value);
        epoch.cipher.seal_tail(&counted(count), &place.associated_data(), &mut sealed, start);
        sealed.into()
    }

    /// Opens a value of that place.
    pub(super) fn open(&self, place: &RecordPlace<'_>, sealed: &[u8]) -> Result<Value, StoreError> {
        self.open_with_key(place, sealed).map(|(_, value)| value)
    }

    /// The same, with the key that it was put under.
    pub(super) fn open_with_key(
        &self,
        place: &RecordPlace<'_>,
        sealed: &[u8],
    ) -> Result<(Vec<u8>, Value), StoreError> {
        let opened = self.open_bytes(&place.associated_data(), sealed).ok_or_else(|| place.broken())?;
        if place.space.key_form() == KeyForm::Clear {
            return Ok((place.stored.clone(), opened.into()));
        }
        // As it was sealed: nobody else could have made it.
        let opened = Value::new(opened);
        let (length, rest) = opened.split_first_chunk().ok_or_else(|| place.broken())?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (key, value) = rest.split_at_checked(length).ok_or_else(|| place.broken())?;
        Ok((key.to_vec(), value.into()))
    }

    /// The name that a session has in the backend.
    pub(super) fn seal_name(&self, name: &SessionName) -> SessionName {
        let mut sealed = Vec::new();
        self.seal_fixed(&mut sealed, b"session", &[name.as_str().as_bytes()]);
        SessionName::made(&sealed.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    /// The name that the host knows.
    pub(super) fn open_name(&self, name: &SessionName) -> Result<SessionName, StoreError> {
        let broken = || StoreError::Record { space: Space::Seal, what: "the name of a session was damaged" };
        let digits = name.as_str().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let sealed: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        let opened = self.open_bytes(b"session", &sealed.ok_or_else(broken)?).ok_or_else(broken)?;
        SessionName::new(String::from_utf8(opened).map_err(|_| broken())?)
    }

    fn seal_fixed(&self, sealed: &mut Vec<u8>, associated: &[u8], parts: &[&[u8]]) {
        let length = (associated.len() as u64).to_be_bytes();
        let content: Vec<u8> = parts.concat();
        let nonce = first::<12>(&self.fixed_nonces.code(&[&length, associated, &content]));
        sealed.push(FIXED);
        sealed.extend_from_slice(&nonce);
        let start = sealed.len();
        sealed.extend_from_slice(&content);
        self.fixed.seal_tail(&nonce, associated, sealed, start);
    }

    fn open_bytes(&self, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (form, rest) = sealed.split_first()?;
        match *form {
            COUNTED => {
                let (salt, rest) = rest.split_first_chunk()?;
                let (count, rest) = rest.split_first_chunk()?;
                let count = u64::from_be_bytes(*count);
                self.epoch(salt).cipher.open(&counted(count), associated, rest)
            }
            FIXED => {
                let (nonce, rest) = rest.split_first_chunk()?;
                self.fixed.open(nonce, associated, rest)
            }
            _ => None,
        }
    }

    /// The epoch and number of the next value.
    fn next(&self) -> (Arc<Epoch>, u64) {
        let mut current = self.current.lock();
        if current.1 >= EPOCH {
            *current = (Epoch::new(&self.root, random_array(&mut OsRandom)), 0);
        }
        current.1 += 1;
        (Arc::clone(&current.0), current.1 - 1)
    }

    fn epoch(&self, salt: &Salt) -> Arc<Epoch> {
        let mut epochs = self.epochs.lock();
        if let Some(epoch) = epochs.get(salt) {
            return Arc::clone(epoch);
        }
        if epochs.len() >= EPOCHS_AT_HAND {
            epochs.clear();
        }
        let epoch = Epoch::new(&self.root, *salt);
        epochs.insert(*salt, Arc::clone(&epoch));
        epoch
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// Returns the prefix of a value: the key that it is put under, unless that is stored in the clear. At most 1,024 bytes, as the
/// store has checked.
fn prefix(place: &RecordPlace<'_>) -> Vec<u8> {
    if place.space.key_form() == KeyForm::Clear {
        return Vec::new();
    }
    let length = u16::try_from(place.key.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&length[..], &place.key].concat()
}

fn counted(count: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&count.to_be_bytes());
    nonce
}

fn first<const N: usize>(code: &[u8; 32]) -> [u8; N] {
    std::array::from_fn(|index| code[index])
}

#[cfg(test)]
impl Keys {
    /// As if so many values had been sealed in this epoch.
    pub(super) fn skip_to(&self, count: u64) {
        self.current.lock().1 = count;
    }
}
