//! The protobuf of Signal's messages, read without copying and strictly: a known field of another wire type, a number wider
//! than its type, or a cut end is refused. Of a repeated field the last counts, as everywhere in protobuf.

use super::SignalError;

const MALFORMED: SignalError = SignalError::Malformed("protobuf");

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireValue<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a fixed width, which no field of ours has.
    Fixed,
}

impl<'a> WireValue<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], SignalError> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(MALFORMED) }
    }

    pub(super) fn u32(self) -> Result<u32, SignalError> {
        match self {
            Self::Number(number) => u32::try_from(number).map_err(|_| MALFORMED),
            _ => Err(MALFORMED),
        }
    }
}

/// The fields of a message, in order.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Result<u64, SignalError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(MALFORMED)?;
            self.0 = rest;
            // The tenth byte holds the last bit.
            if shift == 63 && *byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(MALFORMED)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], SignalError> {
        let length = usize::try_from(length).map_err(|_| MALFORMED)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, WireValue<'a>), SignalError> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => WireValue::Number(self.number()?),
            1 => self.take(8).map(|_| WireValue::Fixed)?,
            2 => {
                let length = self.number()?;
                WireValue::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| WireValue::Fixed)?,
            _ => return Err(MALFORMED),
        };
        match tag >> 3 {
            0 => Err(MALFORMED),
            field => Ok((field, value)),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, WireValue<'a>), SignalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Splits the version byte off: the upper half must be 3, the lower only says what the sender could do besides.
pub(super) fn version(bytes: &[u8]) -> Result<&[u8], SignalError> {
    let (version, rest) = bytes.split_first().ok_or(SignalError::Malformed("empty"))?;
    match version >> 4 {
        3 => Ok(rest),
        other => Err(SignalError::UnsupportedVersion(other)),
    }
}

/// The version byte that is written.
pub(super) const VERSION: u8 = 0x33;

/// Appends a number field; `field` is at most 15, so that its tag is one byte.
pub(super) fn put_number(out: &mut Vec<u8>, field: u8, number: u32) {
    out.push(field << 3);
    put_varint(out, number);
}

/// Appends a bytes field.
pub(super) fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    put_length(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends the beginning of a bytes field: `length` bytes must follow.
pub(super) fn put_length(out: &mut Vec<u8>, field: u8, length: usize) {
    out.push(field << 3 | 2);
    put_varint(out, u32::try_from(length).unwrap_or(u32::MAX));
}

/// Returns the number of bytes that a field of tag and varint takes.
pub(super) const fn number_length(number: usize) -> usize {
    let bits = usize::BITS - (number | 1).leading_zeros();
    1 + bits.div_ceil(7) as usize
}

fn put_varint(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}
