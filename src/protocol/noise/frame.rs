//! Frames: a length of three bytes, big-endian, then that many bytes. The same in both directions and from the first frame
//! to the last.

use std::collections::VecDeque;

/// The longest frame that three bytes can announce.
pub const MAX_FRAME: usize = 0xff_ffff;

/// The longest frame accepted before the other side has proven who it is. Real ones are below 1 KiB.
pub const MAX_HANDSHAKE_FRAME: usize = 64 * 1024;

/// The memory, in bytes, reserved for a frame when its first bytes arrive, whatever length was announced.
const RESERVED_AT_FIRST: usize = 4 * 1024;

/// Length of the announcement.
const PREFIX: usize = 3;

/// The reason why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame is announced, or was to be written, that is longer than allowed at this point.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    TooLong {
        /// The length announced.
        length: usize,
        /// The limit at this point.
        limit: usize,
    },
}

/// Appends one frame to `out`.
///
/// # Errors
/// [`FrameError::TooLong`] if `body` is longer than [`MAX_FRAME`]; `out` is unchanged then.
pub fn write_frame(out: &mut Vec<u8>, body: &[u8]) -> Result<(), FrameError> {
    out.extend_from_slice(&frame_prefix(body.len())?);
    out.extend_from_slice(body);
    Ok(())
}

pub(super) fn frame_prefix(length: usize) -> Result<[u8; PREFIX], FrameError> {
    match u32::try_from(length).map(u32::to_be_bytes) {
        Ok([0, a, b, c]) => Ok([a, b, c]),
        _ => Err(FrameError::TooLong { length, limit: MAX_FRAME }),
    }
}

/// Cuts a stream of bytes, however it is split, into frames.
///
/// [`push`](Self::push) what came, then call [`next`](Self::next) until it gives `None`. It starts with the narrow limit of the
/// handshake; [`established`](Self::established) widens it. An idle reader owns no memory: thousands of connections wait most of
/// the time.
#[derive(Debug, Default)]
pub struct FrameReader {
    established: bool,
    prefix: [u8; PREFIX],
    /// The number of bytes of `prefix` that are there. Once all are, `body` is being filled.
    prefix_length: usize,
    body: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
    failed: Option<FrameError>,
}

impl FrameReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The other side has proven who it is: frames may be as long as they can be from here on. Frames that were pushed
    /// before are not looked at again.
    pub fn established(&mut self) {
        self.established = true;
    }

    /// Takes bytes from the stream. After an error the rest of the stream means nothing and is dropped.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while self.failed.is_none() && !bytes.is_empty() {
            bytes = self.take(bytes);
        }
    }

    /// The next whole frame's content, if there is one.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] when a frame over the limit is announced, once the frames before it have been handed out;
    /// again and again from then on.
    #[expect(clippy::should_implement_trait, reason = "an iterator's None is an end; here it means not yet")]
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let frame = self.ready.pop_front();
        if self.ready.is_empty() {
            self.ready = VecDeque::new();
        }
        match (frame, self.failed) {
            (None, Some(error)) => Err(error),
            (frame, _) => Ok(frame),
        }
    }

    /// Bytes that are held but do not make a whole frame yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.prefix_length + self.body.len()
    }

    /// Takes what belongs to the current frame and gives back the rest.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while let Some(slot) = self.prefix.get_mut(self.prefix_length) {
            let Some((first, others)) = rest.split_first() else { return rest };
            *slot = *first;
            self.prefix_length += 1;
            rest = others;
        }
        let [a, b, c] = self.prefix;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let limit = if self.established { MAX_FRAME } else { MAX_HANDSHAKE_FRAME };
        if length > limit {
            self.failed = Some(FrameError::TooLong { length, limit });
            self.body = Vec::new();
            return &[];
        }
        let missing = length - self.body.len();
        let (now, rest) = rest.split_at(missing.min(rest.len()));
        if self.body.capacity() - self.body.len() < now.len() {
            // Doubling keeps the copying linear; never more than the frame needs, so that what is handed out is no larger
            // than what came.
            let ahead = now.len().max(self.body.len()).max(RESERVED_AT_FIRST);
            self.body.reserve_exact(ahead.min(missing));
        }
        self.body.extend_from_slice(now);
        if self.body.len() == length {
            self.ready.push_back(std::mem::take(&mut self.body));
            self.prefix_length = 0;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames_of(reader: &mut FrameReader) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn frames_survive_every_split(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
            cuts in prop::collection::vec(1usize..50, 1..20),
        ) {
            let mut stream = Vec::new();
            for body in &bodies {
                write_frame(&mut stream, body).unwrap();
            }
            let mut reader = FrameReader::new();
            let mut got = Vec::new();
            let (mut rest, mut cuts) = (stream.as_slice(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                reader.push(now);
                got.extend(frames_of(&mut reader));
                rest = later;
            }
            prop_assert_eq!(got, bodies);
            prop_assert_eq!(reader.pending(), 0);
            prop_assert_eq!(reader.body.capacity() + reader.ready.capacity(), 0);
        }

        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let mut reader = FrameReader::new();
            reader.push(&bytes);
            let mut out = Vec::new();
            while let Ok(Some(body)) = reader.next() {
                write_frame(&mut out, &body).unwrap();
            }
            prop_assert_eq!(&out[..], &bytes[..out.len()]);
        }
    }

    #[test]
    fn a_long_frame_waits_for_the_end_of_the_handshake() {
        let long = vec![7; MAX_HANDSHAKE_FRAME + 1];
        let mut stream = Vec::new();
        write_frame(&mut stream, b"first").unwrap();
        write_frame(&mut stream, &long).unwrap();

        let mut reader = FrameReader::new();
        reader.push(&stream);
        assert_eq!(reader.next().unwrap().unwrap(), b"first");
        let error = FrameError::TooLong { length: long.len(), limit: MAX_HANDSHAKE_FRAME };
        assert_eq!(reader.next(), Err(error));
        reader.push(&stream);
        assert_eq!(reader.next(), Err(error));

        let mut reader = FrameReader::new();
        reader.established();
        reader.push(&stream);
        assert_eq!(frames_of(&mut reader), [b"first".to_vec(), long]);
    }

    #[test]
    fn an_announcement_alone_costs_little() {
        let mut reader = FrameReader::new();
        reader.established();
        reader.push(&[0xff, 0xff, 0xff, 1]);
        assert!(reader.body.capacity() <= RESERVED_AT_FIRST);
        assert_eq!(reader.pending(), 4);
        assert_eq!(reader.next(), Ok(None));
    }

    #[test]
    fn the_longest_frame_passes_in_small_pieces_and_no_longer_one_is_written() {
        let body = vec![3; MAX_FRAME];
        let mut stream = Vec::new();
        write_frame(&mut stream, &body).unwrap();
        let mut reader = FrameReader::new();
        reader.established();
        for chunk in stream.chunks(10_000) {
            reader.push(chunk);
        }
        let frame = reader.next().unwrap().unwrap();
        assert_eq!(frame.capacity(), MAX_FRAME);
        assert!(frame == body);

        let mut out = vec![1];
        let error = FrameError::TooLong { length: MAX_FRAME + 1, limit: MAX_FRAME };
        assert_eq!(write_frame(&mut out, &vec![0; MAX_FRAME + 1]), Err(error));
        assert_eq!(out, [1]);
    }

    #[test]
    fn an_empty_frame_is_a_frame() {
        let mut reader = FrameReader::new();
        reader.push(&[0, 0, 0, 0, 0]);
        assert_eq!(reader.next(), Ok(Some(Vec::new())));
        assert_eq!(reader.next(), Ok(None));
        reader.push(&[1, 9]);
        assert_eq!(reader.next(), Ok(Some(vec![9])));
    }
}
