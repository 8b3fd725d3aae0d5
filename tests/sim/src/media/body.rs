//! The bytes of an answer: whole, or spoilt, cut, held back or slow, as the rules have it.

use std::{io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::time::sleep;

use crate::faults::{Action, Plan};

/// The length of a piece, if no rule says another.
const PIECE: usize = 16 * 1024;

/// The changes that rules make to the bytes of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoilt {
    /// The connection ends after so many bytes.
    cut_at: Option<usize>,
    /// Nothing comes after so many bytes.
    hang_at: Option<usize>,
    /// One bit of that byte is flipped.
    flip_at: Option<usize>,
    /// The last byte is not there, and not announced.
    truncate: bool,
    /// Each piece comes so many milliseconds later.
    slow: Option<u64>,
    /// The length of a piece.
    piece: Option<usize>,
}

impl Spoilt {
    /// Reads what the rules say of bytes.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut spoilt = Self { truncate: plan.wire.truncate, piece: plan.wire.split, ..Self::default() };
        for action in &plan.special {
            match action {
                Action::CutAt(at) => spoilt.cut_at = Some(*at),
                Action::HangAt(at) => spoilt.hang_at = Some(*at),
                Action::FlipAt(at) => spoilt.flip_at = Some(*at),
                Action::Slow(ms) => spoilt.slow = Some(*ms),
                _ => {}
            }
        }
        spoilt
    }

    /// Changes the bytes themselves.
    pub(super) fn change(&self, bytes: Bytes) -> Bytes {
        let mut bytes = bytes;
        if self.truncate {
            bytes.truncate(bytes.len().saturating_sub(1));
        }
        match self.flip_at {
            Some(at) if at < bytes.len() => {
                let mut changed = bytes.to_vec();
                if let Some(byte) = changed.get_mut(at) {
                    *byte ^= 1;
                }
                changed.into()
            }
            _ => bytes,
        }
    }

    /// Makes the body. The bytes are on their way until the receiver is gone.
    pub(super) fn body(&self, bytes: Bytes) -> Body {
        let is_whole = self.cut_at.or(self.hang_at).is_none() && self.slow.is_none() && self.piece.is_none();
        if is_whole {
            return Body::from(bytes);
        }
        let end = self.cut_at.into_iter().chain(self.hang_at).min().unwrap_or(usize::MAX);
        let ending = if self.cut_at.is_some_and(|at| at == end) { Ending::Cut } else { Ending::Hang };
        let ending = if end < bytes.len() { ending } else { Ending::Good };
        let rest = bytes.slice(..end.min(bytes.len()));
        let pieces = Pieces { rest, ending, slow: self.slow, piece: self.piece.unwrap_or(PIECE).max(1) };
        Body::from_stream(stream::unfold(pieces, Pieces::next))
    }
}

/// The end behind the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Good,
    Cut,
    Hang,
    Over,
}

struct Pieces {
    rest: Bytes,
    ending: Ending,
    slow: Option<u64>,
    piece: usize,
}

impl Pieces {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if let Some(ms) = self.slow {
            sleep(Duration::from_millis(ms)).await;
        }
        if !self.rest.is_empty() {
            let piece = self.rest.split_to(self.piece.min(self.rest.len()));
            return Some((Ok(piece), self));
        }
        match self.ending {
            Ending::Good | Ending::Over => None,
            Ending::Cut => {
                // Bytes written before the cut have to reach the client.
                tokio::task::yield_now().await;
                self.ending = Ending::Over;
                Some((Err(io::ErrorKind::ConnectionAborted.into()), self))
            }
            Ending::Hang => std::future::pending().await,
        }
    }
}
