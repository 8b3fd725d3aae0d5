//! Protobuf read without a schema: members by their numbers.

/// The value of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u64),
    Bytes(Vec<u8>),
    Fixed(Vec<u8>),
}

/// The members of a message, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members(pub(crate) Vec<(u64, Value)>);

impl Members {
    /// Reads a whole message.
    pub(crate) fn read(mut bytes: &[u8]) -> Self {
        let mut members = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let value = match key & 7 {
                0 => Value::Number(varint(&mut bytes)),
                1 => Value::Fixed(take(&mut bytes, 8)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)).unwrap();
                    Value::Bytes(take(&mut bytes, length))
                }
                5 => Value::Fixed(take(&mut bytes, 4)),
                other => panic!("wire type {other}"),
            };
            members.push((key >> 3, value));
        }
        Self(members)
    }

    /// All members of that number that have a length.
    pub(crate) fn all(&self, number: u64) -> Vec<Vec<u8>> {
        let bytes = |(key, value): &'_ (u64, Value)| match value {
            Value::Bytes(bytes) if *key == number => Some(bytes.clone()),
            _ => None,
        };
        self.0.iter().filter_map(bytes).collect()
    }

    /// The member of that number.
    pub(crate) fn bytes(&self, number: u64) -> Option<&[u8]> {
        self.0.iter().rev().find_map(|(key, value)| match value {
            Value::Bytes(bytes) if *key == number => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// The message in the member of that number; an empty one if there is none.
    pub(crate) fn message(&self, number: u64) -> Self {
        self.bytes(number).map(Self::read).unwrap_or_default()
    }

    /// All messages in the members of that number.
    pub(crate) fn messages(&self, number: u64) -> Vec<Self> {
        self.all(number).iter().map(|bytes| Self::read(bytes)).collect()
    }

    /// The text in the member of that number.
    pub(crate) fn text(&self, number: u64) -> Option<String> {
        self.bytes(number).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The number in the member of that number.
    pub(crate) fn number(&self, number: u64) -> Option<u64> {
        self.0.iter().rev().find_map(|(key, value)| match value {
            Value::Number(value) if *key == number => Some(*value),
            _ => None,
        })
    }

    /// The numbers of the members, in their order.
    pub(crate) fn keys(&self) -> Vec<u64> {
        self.0.iter().map(|(key, _)| *key).collect()
    }
}

fn take(bytes: &mut &[u8], length: usize) -> Vec<u8> {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken.to_vec()
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// Writes a member with a length.
pub(crate) fn put(number: u64, content: &[u8]) -> Vec<u8> {
    [put_varint(number << 3 | 2), put_varint(content.len() as u64), content.to_vec()].concat()
}

/// Writes a member with a number.
pub(crate) fn put_number(number: u64, value: u64) -> Vec<u8> {
    [put_varint(number << 3), put_varint(value)].concat()
}

fn put_varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}
