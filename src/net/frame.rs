//! WebSocket frames (RFC 6455), the client's side: no I/O, no buffer of its own.
//!
//! The protocol above treats all binary messages as one stream of bytes, so a message is never put together here: payload
//! is handed on as it comes. A connection that is idle keeps a few dozen bytes for this.
//!
//! Main types: [`WsDecoder`]; [`write_binary`] and [`write_control`] are the way out.

use super::NetError;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
/// End of the connection.
pub(super) const CLOSE: u8 = 8;
const PING: u8 = 9;
/// Answer to a ping.
pub(super) const PONG: u8 = 10;

/// The largest payload of a control frame.
const MAX_CONTROL: usize = 125;
/// Two bytes, and up to eight of length. Frames from a server have no mask.
const MAX_HEAD: usize = 10;

/// A control frame that needs an action.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// To be answered with a pong of the same payload.
    Ping(Vec<u8>),
    /// The peer ends the connection. The status code, if there is one, means nothing to us.
    Close,
}

/// The state of the decoder.
#[derive(Debug)]
enum State {
    /// In a frame's head, of which this much is there.
    Head { bytes: [u8; MAX_HEAD], have: usize },
    /// In a data frame's payload.
    Data { left: u64, keep: bool },
    /// In a control frame's payload.
    Control { opcode: u8, left: usize, payload: Vec<u8> },
}

/// Takes frames apart as their bytes come in.
#[derive(Debug)]
pub(super) struct WsDecoder {
    state: State,
    /// A fragmented message has begun; whether its payload is wanted.
    fragmented: Option<bool>,
    /// Payload of the current message so far.
    message: u64,
    max_message: u64,
}

fn broken(what: &str) -> NetError {
    NetError::Protocol { what: what.to_owned() }
}

impl WsDecoder {
    /// A decoder at the beginning of the stream.
    pub(super) fn new(max_message: u64) -> Self {
        let state = State::Head { bytes: [0; MAX_HEAD], have: 0 };
        WsDecoder { state, fragmented: None, message: 0, max_message }
    }

    /// Returns whether the stream could end here without cutting anything off.
    pub(super) fn is_between_messages(&self) -> bool {
        self.fragmented.is_none() && matches!(self.state, State::Head { have: 0, .. })
    }

    /// Takes bytes from `input`, appends payload of binary messages to `data`, and stops after a control frame or at the
    /// end of `input`.
    pub(super) fn feed(
        &mut self,
        input: &mut &[u8],
        data: &mut Vec<u8>,
    ) -> Result<Option<Control>, NetError> {
        while !input.is_empty() {
            match &mut self.state {
                State::Head { bytes, have } => {
                    let (Some(slot), Some((first, rest))) = (bytes.get_mut(*have), input.split_first())
                    else {
                        return Err(broken("an impossible frame head"));
                    };
                    *slot = *first;
                    *have += 1;
                    *input = rest;
                    let (bytes, have) = (*bytes, *have);
                    if let Some(length) = head_length(&bytes, have) {
                        self.begin(&bytes, length)?;
                    }
                }
                State::Data { left, keep } => {
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    let (payload, rest) = input.split_at(take);
                    if *keep {
                        data.extend_from_slice(payload);
                    }
                    *left -= take as u64;
                    *input = rest;
                }
                State::Control { left, payload, .. } => {
                    let take = (*left).min(input.len());
                    let (part, rest) = input.split_at(take);
                    payload.extend_from_slice(part);
                    *left -= take;
                    *input = rest;
                }
            }
            if let Some(control) = self.end()? {
                return Ok(Some(control));
            }
        }
        Ok(None)
    }

    /// A frame's head is complete.
    fn begin(&mut self, head: &[u8; MAX_HEAD], length: u64) -> Result<(), NetError> {
        let (first, opcode) = (head[0], head[0] & 0x0f);
        let last = first & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err(broken("an extension nobody agreed on"));
        }
        if head[1] & 0x80 != 0 {
            return Err(broken("a masked frame from a server"));
        }
        if opcode >= CLOSE {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if !matches!(opcode, CLOSE | PING | PONG) {
                return Err(broken("an unknown frame type"));
            }
            if !last || length > MAX_CONTROL || (opcode == CLOSE && length == 1) {
                return Err(broken("a malformed control frame"));
            }
            self.state = State::Control { opcode, left: length, payload: Vec::new() };
            return Ok(());
        }
        let keep = match (opcode, self.fragmented) {
            (CONTINUATION, Some(keep)) => keep,
            (CONTINUATION, None) => return Err(broken("a continuation of nothing")),
            (TEXT | BINARY, None) => opcode == BINARY,
            (TEXT | BINARY, Some(_)) => return Err(broken("a message within a message")),
            _ => return Err(broken("an unknown frame type")),
        };
        if opcode != CONTINUATION {
            self.message = 0;
        }
        self.message = self.message.saturating_add(length);
        if self.message > self.max_message {
            return Err(NetError::TooLarge);
        }
        self.fragmented = if last { None } else { Some(keep) };
        self.state = State::Data { left: length, keep };
        Ok(())
    }

    /// Goes on to the next head if the current frame is complete.
    fn end(&mut self) -> Result<Option<Control>, NetError> {
        let control = match &mut self.state {
            State::Data { left: 0, .. } => None,
            State::Control { opcode, left: 0, payload } => match *opcode {
                PING => Some(Control::Ping(std::mem::take(payload))),
                CLOSE => Some(Control::Close),
                _ => None,
            },
            _ => return Ok(None),
        };
        self.state = State::Head { bytes: [0; MAX_HEAD], have: 0 };
        Ok(control)
    }
}

/// The payload's length, once enough of the head is there to know it.
fn head_length(bytes: &[u8; MAX_HEAD], have: usize) -> Option<u64> {
    let [_, second, long @ ..] = *bytes;
    let [a, b, ..] = long;
    match (second & 0x7f, have) {
        (_, 0..=1) => None,
        (126, 4) => Some(u64::from(u16::from_be_bytes([a, b]))),
        (127, 10) => Some(u64::from_be_bytes(long)),
        (126 | 127, _) => None,
        (short, _) => Some(u64::from(short)),
    }
}

/// Appends a whole binary message, masked.
pub(super) fn write_binary(out: &mut Vec<u8>, payload: &[u8], mask: [u8; 4]) {
    write(out, BINARY, payload, mask);
}

/// Appends a control frame, masked. Its payload is cut to what a control frame may hold.
pub(super) fn write_control(out: &mut Vec<u8>, opcode: u8, payload: &[u8], mask: [u8; 4]) {
    let payload = payload.get(..MAX_CONTROL).unwrap_or(payload);
    write(out, opcode, payload, mask);
}

/// The largest size of a frame beside its payload.
pub(super) const AROUND: usize = MAX_HEAD + 4;

fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8], mask: [u8; 4]) {
    out.reserve(payload.len() + AROUND);
    out.push(0x80 | opcode);
    match payload.len() {
        short @ 0..=125 => out.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(payload);
    let [a, b, c, d] = mask;
    let mask = [a, b, c, d, a, b, c, d];
    let (words, tail) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(mask)).to_ne_bytes();
    }
    tail.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(decoder: &mut WsDecoder, mut input: &[u8]) -> Result<(Vec<u8>, Vec<Control>), NetError> {
        let (mut data, mut controls) = (Vec::new(), Vec::new());
        while !input.is_empty() {
            controls.extend(decoder.feed(&mut input, &mut data)?);
        }
        Ok((data, controls))
    }

    #[test]
    fn any_split_gives_the_same() {
        let mut stream =
            vec![0x82, 3, 1, 2, 3, 0x81, 2, b'h', b'i', 0x89, 2, 7, 7, 0x02, 1, 4, 0x8a, 0, 0x80, 1, 5];
        stream.extend([0x82, 126, 1, 0]);
        stream.extend([6; 256]);
        stream.extend([0x82, 0, 0x88, 2, 3, 0xe8]);
        let expected_data: Vec<u8> = [1, 2, 3, 4, 5].into_iter().chain([6; 256]).collect();
        let expected_controls = [Control::Ping(vec![7, 7]), Control::Close];
        for size in 1..stream.len() {
            let mut decoder = WsDecoder::new(1000);
            let (mut data, mut controls) = (Vec::new(), Vec::new());
            for part in stream.chunks(size) {
                let (more_data, more_controls) = all(&mut decoder, part).unwrap();
                data.extend(more_data);
                controls.extend(more_controls);
            }
            assert_eq!(data, expected_data);
            assert_eq!(controls, expected_controls);
            assert!(decoder.is_between_messages());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_input_does_harm(bytes: Vec<u8>, size in 1usize..20) {
            let mut whole = WsDecoder::new(100);
            let expected = all(&mut whole, &bytes);
            let mut pieces = WsDecoder::new(100);
            let mut result = Ok((Vec::new(), Vec::new()));
            for part in bytes.chunks(size) {
                result = result.and_then(|(mut data, mut controls)| {
                    let (more_data, more_controls) = all(&mut pieces, part)?;
                    data.extend(more_data);
                    controls.extend(more_controls);
                    Ok((data, controls))
                });
            }
            proptest::prop_assert_eq!(result, expected);
        }
    }

    #[test]
    fn violations_are_named() {
        for (bytes, what) in [
            (&[0xc2, 0][..], "extension"),
            (&[0x82, 0x80], "masked"),
            (&[0x83, 0], "unknown"),
            (&[0x8b, 0], "unknown"),
            (&[0x09, 0], "control"),
            (&[0x89, 126, 0, 126], "control"),
            (&[0x88, 1], "control"),
            (&[0x80, 0], "nothing"),
            (&[0x02, 0, 0x82, 0], "within"),
        ] {
            match all(&mut WsDecoder::new(1000), bytes) {
                Err(NetError::Protocol { what: said }) => assert!(said.contains(what), "{bytes:?}: {said}"),
                other => panic!("{bytes:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_message_has_a_limit_also_in_fragments() {
        let mut huge = vec![0x82, 127];
        huge.extend(u64::MAX.to_be_bytes());
        assert_eq!(all(&mut WsDecoder::new(1000), &huge), Err(NetError::TooLarge));
        let mut fragments = vec![0x02, 126, 2, 0];
        fragments.extend([0; 512]);
        fragments.extend([0x80, 126, 2, 0]);
        assert_eq!(all(&mut WsDecoder::new(1000), &fragments), Err(NetError::TooLarge));
        assert!(all(&mut WsDecoder::new(1024), &fragments).is_ok());
    }

    #[test]
    fn what_is_written_is_masked_and_has_the_shortest_length() {
        for length in [0, 1, 125, 126, 0xffff, 0x1_0000] {
            let payload: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut out = Vec::new();
            write_binary(&mut out, &payload, [1, 2, 3, 4]);
            let head = out.len() - length;
            assert_eq!(
                head,
                6 + if length > 0xffff {
                    8
                } else if length > 125 {
                    2
                } else {
                    0
                }
            );
            assert_eq!(out[0], 0x82);
            let unmasked: Vec<u8> =
                out[head..].iter().enumerate().map(|(i, b)| b ^ [1, 2, 3, 4][i % 4]).collect();
            assert_eq!(unmasked, payload);
        }
        let mut out = Vec::new();
        write_control(&mut out, CLOSE, &1000u16.to_be_bytes(), [0; 4]);
        assert_eq!(out, [0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]);
    }
}
