//! Reading and writing of stored records: numbers little-endian, keys as they are, nothing optional without a byte that
//! says so. Records are secret, so what is written wipes itself.

use zeroize::Zeroizing;

use super::{Checked, RecordError};
use crate::crypto::{KeyPair, PublicKey, Secret};

pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// `capacity` must be enough: a buffer that grows leaves copies behind.
    pub(super) fn new(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(super) fn u16(&mut self, number: usize) {
        let number = u16::try_from(number).expect("what is counted here is bounded far below");
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn pair(&mut self, pair: &KeyPair) {
        self.bytes(pair.secret().as_bytes());
        self.bytes(pair.public().as_bytes());
    }
}

pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), RecordError> {
        if self.0.is_empty() { Ok(()) } else { Err(RecordError("it is too long")) }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(RecordError("it is cut off"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, RecordError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<usize, RecordError> {
        self.array().map(|bytes| usize::from(u16::from_le_bytes(bytes)))
    }

    pub(super) fn u32(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn flag(&mut self) -> Result<bool, RecordError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(RecordError("a flag is neither yes nor no")),
        }
    }

    /// The number of the format, and the number that always follows it.
    pub(super) fn format(&mut self, expected: u8) -> Result<u32, RecordError> {
        if self.u8()? == expected { self.u32() } else { Err(RecordError("its format is not known")) }
    }

    /// A count that must not be above `most`.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, RecordError> {
        self.u16().and_then(|count| {
            if count <= most { Ok(count) } else { Err(RecordError("there is more in it than fits")) }
        })
    }

    pub(super) fn secret(&mut self) -> Result<Secret<32>, RecordError> {
        self.array().map(Secret::new)
    }

    pub(super) fn key<Role>(&mut self) -> Result<Checked<Role>, RecordError> {
        self.array().map(|bytes| Checked::trusted(PublicKey(bytes)))
    }

    pub(super) fn pair(&mut self) -> Result<KeyPair, RecordError> {
        let secret = self.secret()?;
        Ok(KeyPair::from_halves(secret, PublicKey(self.array()?)))
    }
}
