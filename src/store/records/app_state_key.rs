//! The keys of the app state: [`AppStateKeyRecord`].

use super::codec;
use crate::store::{Space, StoreError, Value};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A key of the app state, kept by its id.
#[derive(Clone, PartialEq, Eq)]
pub struct AppStateKeyRecord {
    /// The key, as a rule 32 bytes.
    pub data: Zeroizing<Vec<u8>>,
    /// The serialised fingerprint of the devices that it was made for.
    pub fingerprint: Vec<u8>,
    /// When it was made, Unix milliseconds.
    pub made_ms: i64,
}

/// The length of the key in records of the first form.
const FIRST_FORM_KEY: usize = 32;

impl AppStateKeyRecord {
    /// Encodes the record.
    pub fn encode(&self) -> Value {
        let mut wire = AppStateKeyWire {
            data: self.data.to_vec(),
            fingerprint: self.fingerprint.clone(),
            made_ms: self.made_ms,
        };
        let value = codec::encode(&wire);
        wire.data.zeroize();
        value
    }

    /// Decodes a record, also one of the first form: eight bytes of time, the key and the fingerprint, without lengths. Its first
    /// byte is 0, as that of any time before the year 2_000_000, and no format has that number.
    ///
    /// # Errors
    /// [`StoreError::Record`] if it is damaged, or a newer version wrote it.
    pub fn decode(value: &[u8]) -> Result<Self, StoreError> {
        if let Some((made_ms, rest)) = value.split_first_chunk::<8>()
            && made_ms[0] == 0
        {
            let damaged = || codec::error(Space::AppStateKey, "it is damaged");
            let (data, fingerprint) = rest.split_at_checked(FIRST_FORM_KEY).ok_or_else(damaged)?;
            return Ok(Self {
                data: Zeroizing::new(data.to_vec()),
                fingerprint: fingerprint.to_vec(),
                made_ms: i64::from_be_bytes(*made_ms),
            });
        }
        let wire: AppStateKeyWire = codec::decode(Space::AppStateKey, value)?;
        Ok(Self { data: Zeroizing::new(wire.data), fingerprint: wire.fingerprint, made_ms: wire.made_ms })
    }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct AppStateKeyWire {
    #[prost(bytes = "vec", tag = "1")]
    data: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    fingerprint: Vec<u8>,
    #[prost(int64, tag = "3")]
    made_ms: i64,
}

impl fmt::Debug for AppStateKeyWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppStateKeyWire")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> AppStateKeyRecord {
        AppStateKeyRecord {
            data: Zeroizing::new((0..32).collect()),
            fingerprint: vec![8, 1, 16, 2],
            made_ms: 1_767_225_600_000,
        }
    }

    #[test]
    fn a_record_comes_back_whole() {
        let all = [
            record(),
            AppStateKeyRecord { data: Zeroizing::new(vec![1]), ..record() },
            AppStateKeyRecord { data: Zeroizing::default(), fingerprint: Vec::new(), made_ms: -1 },
        ];
        for record in all {
            assert!(AppStateKeyRecord::decode(&record.encode()).unwrap() == record);
        }
    }

    #[test]
    fn a_record_of_the_first_form_is_read() {
        let record = record();
        let first = [&record.made_ms.to_be_bytes()[..], &record.data, &record.fingerprint].concat();
        assert!(AppStateKeyRecord::decode(&first).unwrap() == record);
        assert!(AppStateKeyRecord::decode(&first[..39]).is_err());
    }

    #[test]
    fn a_record_that_cannot_be_read_is_an_error() {
        for bad in [&[][..], &[0], &[2, 1, 2, 3], &[1, 0xff], &[0; 20]] {
            assert!(AppStateKeyRecord::decode(bad).is_err(), "{bad:?}");
        }
    }
}
