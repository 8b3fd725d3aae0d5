//! The cipher of the established connection: a key and a counter for each direction.
//!
//! A frame's place in the stream is its nonce, so a frame that is lost, repeated, moved or changed does not open, and after
//! that nothing does: the direction is broken and its key is gone. There is no rekeying.

use super::NoiseError;
use super::frame::{MAX_FRAME, frame_prefix};
use super::symmetric::nonce;
use crate::crypto::{Secret, gcm};

/// The longest plaintext of one frame.
pub const MAX_PLAINTEXT: usize = MAX_FRAME - gcm::TAG_LENGTH;

/// Key and counter of one direction; empty when it may not be used any more.
///
/// The key is made ready when it is needed, and kept so until the connection rests: an idle one is spared up to two kilobytes
/// of round keys.
#[derive(Debug)]
struct Direction {
    key: Option<Secret<32>>,
    ready: Option<Box<gcm::Key>>,
    /// The nonce of the next frame; `None` when all are used up.
    counter: Option<u32>,
}

impl Direction {
    const fn new(key: Secret<32>) -> Self {
        Self { key: Some(key), ready: None, counter: Some(0) }
    }

    /// The key and the nonce for one frame. The nonce is spent, whatever becomes of the frame.
    fn advance(&mut self) -> Result<(&gcm::Key, u32), NoiseError> {
        let key = self.key.as_ref().ok_or(NoiseError::Broken)?;
        let counter = self.counter.ok_or(NoiseError::CounterExhausted)?;
        self.counter = counter.checked_add(1);
        let ready = self.ready.get_or_insert_with(|| Box::new(gcm::Key::new(key.as_bytes())));
        Ok((ready, counter))
    }
}

/// The sending half.
#[derive(Debug)]
pub struct Sealer(Direction);

impl Sealer {
    /// Seals `plaintext` into the content of one frame, without its length. Frames have to reach the wire in the order in
    /// which they were sealed.
    ///
    /// # Errors
    /// [`NoiseError::TooLong`] (nothing is spent then) and [`NoiseError::CounterExhausted`].
    pub fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, NoiseError> {
        if plaintext.len() > MAX_PLAINTEXT {
            return Err(NoiseError::TooLong(plaintext.len()));
        }
        let (key, counter) = self.0.advance()?;
        let mut sealed = Vec::with_capacity(plaintext.len() + gcm::TAG_LENGTH);
        sealed.extend_from_slice(plaintext);
        key.seal_tail(&nonce(counter), &[], &mut sealed, 0);
        Ok(sealed)
    }

    /// Seals `plaintext` and appends the whole frame, length included, to `out`: several frames can leave in one write.
    ///
    /// # Errors
    /// As [`seal`](Self::seal); `out` is unchanged then.
    pub fn seal_into(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), NoiseError> {
        let length = plaintext.len().saturating_add(gcm::TAG_LENGTH);
        let prefix = frame_prefix(length).map_err(|_| NoiseError::TooLong(plaintext.len()))?;
        let (key, counter) = self.0.advance()?;
        out.reserve(prefix.len() + length);
        out.extend_from_slice(&prefix);
        let start = out.len();
        out.extend_from_slice(plaintext);
        key.seal_tail(&nonce(counter), &[], out, start);
        Ok(())
    }

    /// Nothing more is to be sealed for now.
    pub fn rest(&mut self) {
        self.0.ready = None;
    }
}

/// The receiving half.
#[derive(Debug)]
pub struct Opener(Direction);

impl Opener {
    /// Opens the content of one frame, in place.
    ///
    /// # Errors
    /// [`NoiseError::FrameNotAuthentic`], after which the connection has to be closed: every later call is
    /// [`NoiseError::Broken`]. [`NoiseError::CounterExhausted`] when the other side sends more than it can count.
    pub fn open(&mut self, mut body: Vec<u8>) -> Result<Vec<u8>, NoiseError> {
        let (key, counter) = self.0.advance()?;
        if key.open_in_place(&nonce(counter), &[], &mut body) {
            Ok(body)
        } else {
            (self.0.key, self.0.ready) = (None, None);
            Err(NoiseError::FrameNotAuthentic(counter))
        }
    }

    /// Nothing more is to be opened for now.
    pub fn rest(&mut self) {
        self.0.ready = None;
    }
}

/// Both halves of the established connection.
#[derive(Debug)]
pub struct Transport {
    sealer: Sealer,
    opener: Opener,
}

impl Transport {
    pub(super) const fn new(write: Secret<32>, read: Secret<32>) -> Self {
        Self { sealer: Sealer(Direction::new(write)), opener: Opener(Direction::new(read)) }
    }

    /// See [`Sealer::seal`].
    ///
    /// # Errors
    /// See there.
    pub fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, NoiseError> {
        self.sealer.seal(plaintext)
    }

    /// See [`Sealer::seal_into`].
    ///
    /// # Errors
    /// See there.
    pub fn seal_into(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), NoiseError> {
        self.sealer.seal_into(plaintext, out)
    }

    /// See [`Opener::open`].
    ///
    /// # Errors
    /// See there.
    pub fn open(&mut self, body: Vec<u8>) -> Result<Vec<u8>, NoiseError> {
        self.opener.open(body)
    }

    /// The halves, for a reader and a writer that work side by side.
    #[must_use]
    pub fn into_split(self) -> (Sealer, Opener) {
        (self.sealer, self.opener)
    }
}

#[cfg(test)]
mod tests {
    use super::super::write_frame;
    use super::*;

    fn pair() -> (Transport, Transport) {
        let (a, b) = (Secret::new([1; 32]), Secret::new([2; 32]));
        (Transport::new(a.clone(), b.clone()), Transport::new(b, a))
    }

    #[test]
    fn both_directions_count_for_themselves() {
        let (mut client, mut server) = pair();
        for round in 0u8..5 {
            let sealed = client.seal(&[round; 40]).unwrap();
            assert_eq!(sealed.len(), 56);
            assert_eq!(server.open(sealed).unwrap(), [round; 40]);
        }
        let sealed = server.seal(b"").unwrap();
        assert_eq!(client.open(sealed).unwrap(), b"");
    }

    #[test]
    fn a_whole_frame_is_length_and_sealed_content() {
        let (mut client, _) = pair();
        let (mut same, _) = pair();
        let (mut frames, mut expected) = (b"before".to_vec(), b"before".to_vec());
        for plain in [b"one".as_slice(), b"", b"three"] {
            client.seal_into(plain, &mut frames).unwrap();
            write_frame(&mut expected, &same.seal(plain).unwrap()).unwrap();
        }
        assert_eq!(frames, expected);
    }

    #[test]
    fn a_repeated_frame_breaks_the_connection() {
        let (mut client, mut server) = pair();
        let (first, second) = (client.seal(b"1").unwrap(), client.seal(b"2").unwrap());
        assert_eq!(server.open(first.clone()).unwrap(), b"1");
        assert_eq!(server.open(first), Err(NoiseError::FrameNotAuthentic(1)));
        assert_eq!(server.open(second), Err(NoiseError::Broken), "even the right one comes too late");
    }

    #[test]
    fn a_lost_a_moved_a_cut_and_a_reflected_frame_are_seen() {
        let frames = |client: &mut Transport| [client.seal(b"1").unwrap(), client.seal(b"2").unwrap()];
        let (mut client, mut server) = pair();
        let [_, second] = frames(&mut client);
        assert_eq!(server.open(second), Err(NoiseError::FrameNotAuthentic(0)));

        let (mut client, _) = pair();
        let [first, _] = frames(&mut client);
        assert_eq!(client.open(first.clone()), Err(NoiseError::FrameNotAuthentic(0)));

        for length in 0..first.len() {
            let (_, mut server) = pair();
            assert_eq!(server.open(first[..length].to_vec()), Err(NoiseError::FrameNotAuthentic(0)));
        }
        for index in 0..first.len() {
            let (_, mut server) = pair();
            let mut changed = first.clone();
            changed[index] ^= 1;
            assert_eq!(server.open(changed), Err(NoiseError::FrameNotAuthentic(0)));
        }
    }

    #[test]
    fn the_counter_does_not_wrap() {
        let (mut client, mut server) = pair();
        client.sealer.0.counter = Some(u32::MAX);
        server.opener.0.counter = Some(u32::MAX);
        let last = client.seal(b"last").unwrap();
        assert_eq!(server.open(last.clone()).unwrap(), b"last");
        assert_eq!(client.seal(b"more"), Err(NoiseError::CounterExhausted));
        let mut out = vec![1];
        assert_eq!(client.seal_into(b"more", &mut out), Err(NoiseError::CounterExhausted));
        assert_eq!(out, [1]);
        assert_eq!(server.open(last), Err(NoiseError::CounterExhausted));
    }

    #[test]
    fn the_longest_plaintext_fits_and_a_longer_one_spends_nothing() {
        let (mut client, mut server) = pair();
        let long = vec![5; MAX_PLAINTEXT + 1];
        let mut out = Vec::new();
        assert_eq!(client.seal(&long), Err(NoiseError::TooLong(long.len())));
        assert_eq!(client.seal_into(&long, &mut out), Err(NoiseError::TooLong(long.len())));
        assert!(out.is_empty());
        client.seal_into(&long[1..], &mut out).unwrap();
        assert_eq!(out.len(), 3 + MAX_FRAME);
        assert!(server.open(out.split_off(3)).unwrap() == long[1..]);
    }

    #[test]
    fn keys_are_not_printed() {
        let (client, _) = pair();
        assert!(!format!("{client:?}").contains("1, 1"), "{client:?}");
    }
}
