//! The protobuf wire format, read in place: fields of a message one after the other, without knowing its schema.
//!
//! A chat message is walked with this and not decoded as a whole. Unused fields cost nothing, the bytes stay what they were,
//! nesting is followed only as deep as a caller loops, and a text that is not quite UTF-8 is still shown.

use std::ops::Range;

use prost::encoding::{WireType, encode_key, encode_varint};

use crate::stanza::Jid;

/// Bytes that are no protobuf message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a protobuf message")]
pub(in crate::messaging) struct Malformed;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(in crate::messaging) struct Field<'a> {
    /// Its number in the schema.
    pub(in crate::messaging) number: u32,
    /// The field as it was written, tag included.
    pub(in crate::messaging) raw: &'a [u8],
    value: FieldValue<'a>,
}

#[derive(Debug, Clone, Copy)]
enum FieldValue<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
    /// A group, which the protocol does not use: passed over.
    Group,
}

impl<'a> Field<'a> {
    /// The content of a string, bytes or message field; `None` for any other.
    pub(in crate::messaging) fn bytes(&self) -> Option<&'a [u8]> {
        match self.value {
            FieldValue::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Returns the field as a string. Bytes that are not UTF-8 become U+FFFD, as in other clients, which do not check.
    pub(in crate::messaging) fn text(&self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// An address; `None` if the text is none.
    pub(in crate::messaging) fn jid(&self) -> Option<Jid> {
        std::str::from_utf8(self.bytes()?).ok()?.parse().ok()
    }

    /// A number of any integer type; negative ones come as two's complement.
    pub(in crate::messaging) fn whole(&self) -> Option<u64> {
        match self.value {
            FieldValue::Varint(value) => Some(value),
            _ => None,
        }
    }

    /// A signed number.
    pub(in crate::messaging) fn signed(&self) -> Option<i64> {
        self.whole().map(u64::cast_signed)
    }

    /// A number that the schema limits to 32 bits; the upper ones are cut off, as every protobuf reader does.
    pub(in crate::messaging) fn small(&self) -> Option<u32> {
        self.whole().map(|value| value as u32)
    }

    /// A truth value; `false` if the field is of another type.
    pub(in crate::messaging) fn flag(&self) -> bool {
        self.whole().is_some_and(|value| value != 0)
    }

    /// A floating-point number of either size.
    pub(in crate::messaging) fn float(&self) -> Option<f64> {
        match self.value {
            FieldValue::Fixed64(bits) => Some(f64::from_bits(bits)),
            FieldValue::Fixed32(bits) => Some(f64::from(f32::from_bits(bits))),
            _ => None,
        }
    }
}

/// The fields of one message, in the order in which they were written. Ends at the end or where the bytes make no sense;
/// [`Fields::checked`] tells the two apart beforehand.
#[derive(Debug, Clone)]
pub(in crate::messaging) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `bytes`, as far as they can be read.
    pub(in crate::messaging) const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The fields of `bytes`, once all of them can be read. Nested messages are not looked into.
    pub(in crate::messaging) fn checked(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut walk = Self::of(bytes);
        while walk.try_next()?.is_some() {}
        Ok(Self::of(bytes))
    }

    /// The next field; `None` at the end.
    pub(in crate::messaging) fn try_next(&mut self) -> Result<Option<Field<'a>>, Malformed> {
        if self.rest.is_empty() { Ok(None) } else { self.step().map(Some) }
    }

    fn step(&mut self) -> Result<Field<'a>, Malformed> {
        let start = self.rest;
        let (number, kind) = self.tag()?;
        let value = match kind {
            0 => FieldValue::Varint(self.varint()?),
            1 => FieldValue::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                FieldValue::Bytes(self.take(usize::try_from(length).map_err(|_| Malformed)?)?)
            }
            3 => self.group()?,
            5 => FieldValue::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Malformed),
        };
        let raw = start.get(..start.len() - self.rest.len()).unwrap_or_default();
        Ok(Field { number, raw, value })
    }

    /// Passes over a group and all groups in it, whose depth is only counted.
    fn group(&mut self) -> Result<FieldValue<'a>, Malformed> {
        let mut open = 1_usize;
        while open > 0 {
            match self.tag()?.1 {
                0 => drop(self.varint()?),
                1 => drop(self.take(8)?),
                2 => {
                    let length = self.varint()?;
                    self.take(usize::try_from(length).map_err(|_| Malformed)?)?;
                }
                3 => open += 1,
                4 => open -= 1,
                5 => drop(self.take(4)?),
                _ => return Err(Malformed),
            }
        }
        Ok(FieldValue::Group)
    }

    fn tag(&mut self) -> Result<(u32, u32), Malformed> {
        let tag = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        if tag >> 3 == 0 { Err(Malformed) } else { Ok((tag >> 3, tag & 7)) }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (place, byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(place + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        self.try_next().unwrap_or_else(|Malformed| {
            self.rest = &[];
            None
        })
    }
}

/// Appends a string, bytes or message field.
pub(in crate::messaging) fn put(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// The message with a string, bytes or message field put in, before the first of a higher number.
pub(in crate::messaging) fn with(message: &[u8], number: u32, content: &[u8]) -> Vec<u8> {
    let before: usize =
        Fields::of(message).take_while(|field| field.number <= number).map(|field| field.raw.len()).sum();
    let (before, after) = message.split_at_checked(before).unwrap_or((message, &[]));
    let mut out = Vec::with_capacity(message.len() + content.len() + 10);
    out.extend_from_slice(before);
    put(&mut out, number, content);
    out.extend_from_slice(after);
    out
}

/// The message without the fields of that number, and what they held: several messages in a row read as one, merged. Not for fields of
/// text, of which the last one counts.
pub(in crate::messaging) fn without(message: &[u8], number: u32) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut rest = Vec::with_capacity(message.len());
    let mut held: Option<Vec<u8>> = None;
    for field in Fields::of(message) {
        match field.bytes() {
            Some(bytes) if field.number == number => held.get_or_insert_default().extend_from_slice(bytes),
            _ => rest.extend_from_slice(field.raw),
        }
    }
    (rest, held)
}

/// Returns the range of `part`, which was read out of `whole`; an empty range at its start if it lies elsewhere.
pub(in crate::messaging) fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    match start.checked_add(part.len()) {
        Some(end) if end <= whole.len() => start..end,
        _ => 0..0,
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
