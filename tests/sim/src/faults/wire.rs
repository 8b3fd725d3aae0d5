//! Sorting a stanza's actions: what changes the stanza, what changes its bytes on the wire, and what follows.

use std::collections::BTreeMap;

use super::{Action, Refusal};

/// The changes to the bytes of one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wire {
    pub(crate) compress: bool,
    pub(crate) replay: bool,
    pub(crate) garble: bool,
    pub(crate) truncate: bool,
    pub(crate) split: Option<usize>,
    pub(crate) coalesce: bool,
    pub(crate) reorder: bool,
    pub(crate) plaintext: Option<String>,
    pub(crate) frame: Option<String>,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By the client, who was told to go; with a close frame if it does not go soon.
    Polite,
    /// With a close frame, at once.
    Close,
    /// Without.
    Cut,
}

/// Everything that is done about one stanza or at one point.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) drop: bool,
    pub(crate) delay: Option<u64>,
    pub(crate) duplicate: bool,
    pub(crate) wire: Wire,
    pub(crate) end_before: Option<End>,
    pub(crate) end_after: Option<End>,
    pub(crate) close_in: Option<u64>,
    pub(crate) silence: bool,
    pub(crate) error: Option<Refusal>,
    pub(crate) failure: Option<BTreeMap<String, String>>,
    pub(crate) stream_error: Option<(Option<String>, Option<String>, Option<String>)>,
    pub(crate) before: Vec<serde_json::Value>,
    pub(crate) after: Vec<serde_json::Value>,
    pub(crate) replace: Option<serde_json::Value>,
    /// Those that mean something at one point only.
    pub(crate) special: Vec<Action>,
}

impl Plan {
    pub(crate) fn of(actions: Vec<Action>) -> Self {
        let mut plan = Self::default();
        for action in actions {
            plan.add(action);
        }
        plan
    }

    fn add(&mut self, action: Action) {
        match action {
            Action::Drop => self.drop = true,
            Action::Delay(ms) => self.delay = Some(ms),
            Action::Duplicate => self.duplicate = true,
            Action::Replay => self.wire.replay = true,
            Action::Garble => self.wire.garble = true,
            Action::Truncate => self.wire.truncate = true,
            Action::Split(size) => self.wire.split = Some(size.max(1)),
            Action::Coalesce => self.wire.coalesce = true,
            Action::Reorder => self.wire.reorder = true,
            Action::Compress => self.wire.compress = true,
            Action::Plaintext(bytes) => self.wire.plaintext = Some(bytes),
            Action::Frame(bytes) => self.wire.frame = Some(bytes),
            Action::Close => self.end_before = Some(End::Close),
            Action::CloseAfter => self.end_after = Some(End::Close),
            Action::Cut => self.end_before = Some(End::Cut),
            Action::CutAfter => self.end_after = Some(End::Cut),
            Action::CloseIn(ms) => self.close_in = Some(ms),
            Action::Silence => self.silence = true,
            Action::Error(refusal) => self.error = Some(refusal),
            Action::Failure(attrs) => self.failure = Some(attrs),
            Action::StreamError { code, conflict, child } => {
                self.stream_error = Some((code, conflict, child))
            }
            Action::Send(node) => self.before.push(node),
            Action::SendAfter(node) => self.after.push(node),
            Action::Replace(node) => self.replace = Some(node),
            Action::Certificate(_)
            | Action::RefuseIk
            | Action::Forge(_)
            | Action::Http(_)
            | Action::CutAt(_)
            | Action::HangAt(_)
            | Action::FlipAt(_)
            | Action::Slow(_) => self.special.push(action),
        }
    }
}
