//! Protobuf that comes in pieces: the fields of a message whose members may be larger than the memory that is spent on them.

/// Bytes that are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The treatment of a member that has a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Its bytes are wanted, all at once.
    Whole,
    /// It is a message, and its members are wanted one by one. Only at the outermost level.
    Members,
    /// It is passed over.
    Skip,
}

/// A reader of fields says what it wants, and gets it.
pub(super) trait FieldSink {
    /// Decides on a member of that length.
    fn treatment(&mut self, inside: bool, number: u32, length: u64) -> Treatment;
    /// A number.
    fn whole(&mut self, inside: bool, number: u32, value: u64);
    /// The bytes of a member.
    fn bytes(&mut self, inside: bool, number: u32, bytes: &[u8]);
    /// The message whose members were wanted has begun.
    fn opened(&mut self);
    /// Ends the message whose members were wanted.
    fn closed(&mut self);
}

#[derive(Clone, Copy)]
enum Expected {
    Tag,
    /// The value of a field of this number.
    Whole(u32),
    /// The length of a member of this number.
    Length(u32),
    /// So many more bytes of a member of this number.
    Bytes(u32, u64),
    /// So many bytes that nobody wants.
    Skipped(u64),
}

/// The state between two pieces.
pub(super) struct FieldStream {
    expected: Expected,
    /// The rest of the message whose members are wanted, while inside of it.
    inside: Option<u64>,
    /// A varint that has begun, and the number of its bytes.
    varint: (u64, u32),
    /// A member that has begun.
    held: Vec<u8>,
}

impl FieldStream {
    pub(super) const fn new() -> Self {
        Self { expected: Expected::Tag, inside: None, varint: (0, 0), held: Vec::new() }
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, mut piece: &[u8], sink: &mut impl FieldSink) -> Result<(), Malformed> {
        while !piece.is_empty() {
            self.step(&mut piece, sink)?;
            while self.inside == Some(0) && matches!(self.expected, Expected::Tag) && self.varint.1 == 0 {
                self.inside = None;
                sink.closed();
            }
        }
        Ok(())
    }

    /// Ends the message: nothing more comes.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        let is_between = matches!(self.expected, Expected::Tag) && self.varint.1 == 0;
        if is_between && self.inside.is_none() { Ok(()) } else { Err(Malformed) }
    }

    fn step(&mut self, piece: &mut &[u8], sink: &mut impl FieldSink) -> Result<(), Malformed> {
        match self.expected {
            Expected::Tag => {
                let Some(tag) = self.varint(piece)? else { return Ok(()) };
                let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0).ok_or(Malformed)?;
                self.expected = match tag & 7 {
                    0 => Expected::Whole(number),
                    1 => self.skip(8)?,
                    2 => Expected::Length(number),
                    5 => self.skip(4)?,
                    _ => return Err(Malformed),
                };
            }
            Expected::Whole(number) => {
                let Some(value) = self.varint(piece)? else { return Ok(()) };
                self.expected = Expected::Tag;
                sink.whole(self.inside.is_some(), number, value);
            }
            Expected::Length(number) => {
                let Some(length) = self.varint(piece)? else { return Ok(()) };
                self.begin(number, length, sink)?;
            }
            Expected::Bytes(number, left) => self.bytes(number, left, piece, sink)?,
            Expected::Skipped(left) => {
                let now = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                self.take(piece, now)?;
                let left = left - now as u64;
                self.expected = if left == 0 { Expected::Tag } else { Expected::Skipped(left) };
            }
        }
        Ok(())
    }

    /// Begins a member of that length.
    fn begin(&mut self, number: u32, length: u64, sink: &mut impl FieldSink) -> Result<(), Malformed> {
        if self.inside.is_some_and(|left| length > left) {
            return Err(Malformed);
        }
        let treatment = sink.treatment(self.inside.is_some(), number, length);
        self.expected = match treatment {
            Treatment::Members if self.inside.is_none() => {
                self.inside = Some(length);
                sink.opened();
                Expected::Tag
            }
            Treatment::Whole if length > 0 => Expected::Bytes(number, length),
            Treatment::Whole => {
                sink.bytes(self.inside.is_some(), number, &[]);
                Expected::Tag
            }
            Treatment::Members | Treatment::Skip => self.skip(length)?,
        };
        Ok(())
    }

    fn skip(&self, length: u64) -> Result<Expected, Malformed> {
        if self.inside.is_some_and(|left| length > left) {
            return Err(Malformed);
        }
        Ok(if length == 0 { Expected::Tag } else { Expected::Skipped(length) })
    }

    fn bytes(
        &mut self,
        number: u32,
        left: u64,
        piece: &mut &[u8],
        sink: &mut impl FieldSink,
    ) -> Result<(), Malformed> {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let inside = self.inside.is_some();
        let taken = self.take(piece, now)?;
        let left = left - now as u64;
        if left > 0 {
            self.held.extend_from_slice(taken);
            self.expected = Expected::Bytes(number, left);
            return Ok(());
        }
        self.expected = Expected::Tag;
        if self.held.is_empty() {
            sink.bytes(inside, number, taken);
        } else {
            self.held.extend_from_slice(taken);
            sink.bytes(inside, number, &std::mem::take(&mut self.held));
        }
        Ok(())
    }

    /// Takes so many bytes off the piece.
    fn take<'p>(&mut self, piece: &mut &'p [u8], count: usize) -> Result<&'p [u8], Malformed> {
        let (taken, rest) = piece.split_at_checked(count).ok_or(Malformed)?;
        *piece = rest;
        if let Some(left) = &mut self.inside {
            *left = left.checked_sub(count as u64).ok_or(Malformed)?;
        }
        Ok(taken)
    }

    /// The varint that is expected, once all of it has come.
    fn varint(&mut self, piece: &mut &[u8]) -> Result<Option<u64>, Malformed> {
        while let Some(byte) = piece.first().copied() {
            self.take(piece, 1)?;
            let (value, count) = self.varint;
            if count == 10 {
                return Err(Malformed);
            }
            let value = value | u64::from(byte & 0x7f).wrapping_shl(7 * count);
            if byte & 0x80 == 0 {
                self.varint = (0, 0);
                return Ok(Some(value));
            }
            self.varint = (value, count + 1);
        }
        Ok(None)
    }
}
