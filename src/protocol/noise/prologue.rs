//! The client's first bytes, in front of its first frame: where to route the connection, and which protocol it speaks.
//! The server sends nothing of the kind.

use super::frame::frame_prefix;

/// "WA", protocol 6, dictionary 3. It is also the prologue of the handshake.
pub const HEADER: [u8; 4] = [b'W', b'A', 6, 3];

/// The mark in front of routing information.
const EDGE: [u8; 4] = [b'E', b'D', 0, 1];

/// More routing information than a server is ever sent. Real one has some dozen bytes.
const MAX_ROUTING_INFO: usize = 64 * 1024;

/// The bytes in front of the first frame. `routing_info` is what the server handed out on an earlier connection; more than
/// a length of three bytes can tell is left out, as it is a hint only.
#[must_use]
pub fn prologue(routing_info: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(info) = routing_info
        && let Ok(length) = frame_prefix(info.len())
    {
        out.extend_from_slice(&EDGE);
        out.extend_from_slice(&length);
        out.extend_from_slice(info);
    }
    out.extend_from_slice(&HEADER);
    out
}

/// The part of the stream before the first frame, as a server reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prologue {
    /// The routing information, if the client sent some.
    pub routing_info: Option<Vec<u8>>,
    /// The four bytes of the header, as received: "WA" and two numbers.
    pub header: [u8; 4],
    /// The bytes behind the header: the start of the first frame.
    pub rest: Vec<u8>,
}

/// Reads the client's first bytes, however they are split. The server's side of [`prologue()`].
#[derive(Debug, Default)]
pub struct PrologueReader {
    buffer: Vec<u8>,
}

/// The bytes are not those of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection does not start as a client's does")]
pub struct NotAClient;

impl PrologueReader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes; gives the intro once it is complete, then starts afresh.
    ///
    /// # Errors
    /// [`NotAClient`] as soon as the bytes cannot become an intro any more.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Prologue>, NotAClient> {
        self.buffer.extend_from_slice(bytes);
        let Some((start, rest)) = self.buffer.split_first_chunk::<4>() else { return Ok(None) };
        let (routing_info, header, rest) = if *start == EDGE {
            let Some((&[a, b, c], rest)) = rest.split_first_chunk::<3>() else { return Ok(None) };
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > MAX_ROUTING_INFO {
                return Err(NotAClient);
            }
            let Some((info, rest)) = rest.split_at_checked(length) else { return Ok(None) };
            let Some((header, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            (Some(info.to_vec()), *header, rest)
        } else {
            (None, *start, rest)
        };
        if !header.starts_with(b"WA") {
            return Err(NotAClient);
        }
        let rest = rest.to_vec();
        self.buffer = Vec::new();
        Ok(Some(Prologue { routing_info, header, rest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intro_is_read_in_every_split() {
        for routing_info in [None, Some(b"".to_vec()), Some(b"\x08\x02\x10\x02".to_vec())] {
            let mut stream = prologue(routing_info.as_deref());
            let length = stream.len();
            stream.extend_from_slice(b"frame");
            for cut in 0..stream.len() {
                let mut reader = PrologueReader::new();
                let first = reader.push(&stream[..cut]).unwrap();
                assert_eq!(first.is_some(), cut >= length);
                let read = first.map_or_else(
                    || reader.push(&stream[cut..]).unwrap().unwrap(),
                    |mut read| {
                        read.rest.extend_from_slice(&stream[cut..]);
                        read
                    },
                );
                assert_eq!(
                    read,
                    Prologue { routing_info: routing_info.clone(), header: HEADER, rest: b"frame".to_vec() }
                );
            }
        }
    }

    #[test]
    fn what_no_client_sends_is_refused() {
        assert_eq!(PrologueReader::new().push(b"GET / HTTP"), Err(NotAClient));
        assert_eq!(PrologueReader::new().push(b"ED\0\x01\xff\xff\xff"), Err(NotAClient));
        assert_eq!(PrologueReader::new().push(b"ED\0\x01\0\0\x01xGET "), Err(NotAClient));
        assert_eq!(PrologueReader::new().push(b"ED\0\x02"), Err(NotAClient));
    }

    #[test]
    fn routing_info_that_cannot_be_announced_is_left_out() {
        assert_eq!(prologue(Some(&vec![0; 0x100_0000])), HEADER);
    }
}
