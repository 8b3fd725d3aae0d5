//! One chat of a past: its settings, and its messages, which are made when they are written.

use wa::{crypto::sha256, proto::Message as _, proto::message::MessageKey, stanza::Jid};

use super::{
    content::{Special, with_secret},
    part::Window,
    wire::{ChatState, Entry, KeptMessage, Member, put},
};

/// The number of the newest messages that the first part has of each chat.
pub(super) const IN_BOOTSTRAP: u64 = 3;
/// Seconds between two messages.
const PAUSE: u64 = 60;
/// `status` of a message that was read.
const READ: u32 = 4;

/// Somebody, under both names.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) pn: Jid,
    pub(super) lid: Jid,
    pub(super) name: String,
}

/// The other side of a chat.
#[derive(Clone, Debug)]
pub(super) enum Other {
    Person(Known),
    /// A group: its subject, its members with their ranks, and one of them who writes.
    Group {
        subject: String,
        members: Vec<(Jid, u32)>,
        writer: Option<(Jid, String)>,
    },
}

/// A token that the person has given, and when.
pub(super) type Token = (Vec<u8>, u64);

/// The settings of a chat.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) timer: Option<u32>,
    pub(super) token: Option<Token>,
    /// When the account gave its own.
    pub(super) gave: Option<u64>,
}

/// The texts of a chat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Texts {
    pub(super) count: u64,
    /// The time of the last one.
    pub(super) last_s: u64,
    /// Bytes of each.
    pub(super) length: usize,
}

/// A poll or an event, older than all texts.
#[derive(Clone, Debug)]
pub(super) struct Landmark {
    pub(super) id: String,
    pub(super) what: Special,
    pub(super) from_me: bool,
    pub(super) secret: [u8; 32],
}

/// A chat.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) jid: Jid,
    pub(super) other: Other,
    pub(super) settings: Settings,
    pub(super) texts: Texts,
    pub(super) landmarks: Vec<Landmark>,
}

impl Chat {
    /// The other side, if it is one person.
    pub(super) fn person(&self) -> Option<&Known> {
        match &self.other {
            Other::Person(person) => Some(person),
            Other::Group { .. } => None,
        }
    }

    /// The number of all messages.
    pub(super) fn count(&self) -> u64 {
        self.texts.count + self.landmarks.len() as u64
    }

    /// The time of a message; the oldest is number 0.
    pub(super) fn at(&self, index: u64) -> u64 {
        let newer = self.count().saturating_sub(index + 1);
        self.texts.last_s.saturating_sub(newer * PAUSE)
    }

    /// Returns the messages that a part has, the oldest first.
    pub(super) fn range(&self, window: Window) -> std::ops::Range<u64> {
        let count = self.count();
        let older = count.saturating_sub(IN_BOOTSTRAP);
        let split = |all: u64, chunk: u32, chunks: u32| {
            let share = |n: u32| all * u64::from(n) / u64::from(chunks.max(1));
            all - share(chunk)..all - share(chunk.saturating_sub(1))
        };
        match window {
            Window::Newest => older..count,
            Window::Older { chunk, chunks } => split(older, chunk, chunks),
            Window::All { chunk, chunks } => split(count, chunk, chunks),
        }
    }

    /// Appends the messages of a part, the newest first; `spoil` comes behind each.
    pub(super) fn put_messages(&self, out: &mut Vec<u8>, window: Window, spoil: &[u8]) {
        for index in self.range(window).rev() {
            let entry = Entry { message: Some(self.message(index)), order: Some(index + 1) };
            let mut bytes = entry.encode_to_vec();
            bytes.extend_from_slice(spoil);
            put(out, 2, &bytes);
        }
    }

    fn message(&self, index: u64) -> KeptMessage {
        let at = self.at(index);
        let landmark = usize::try_from(index).ok().and_then(|index| self.landmarks.get(index));
        let (id, from_me) = match landmark {
            Some(landmark) => (landmark.id.clone(), landmark.from_me),
            None => (self.text_id(index), index % 2 == 1),
        };
        let writer = match &self.other {
            Other::Group { writer, .. } if !from_me => writer.clone(),
            _ => None,
        };
        let (content, secret) = match landmark {
            // Phones have the secret at either of the two places.
            Some(mark) if mark.from_me => (with_secret(&mark.what.content(at), &mark.secret), None),
            Some(mark) => (mark.what.content(at), Some(mark.secret.to_vec())),
            None => (self.text(index), None),
        };
        let name = match &self.other {
            Other::Person(person) => Some(person.name.clone()),
            Other::Group { .. } => writer.as_ref().map(|(_, name)| name.clone()),
        };
        let participant = writer.map(|(jid, _)| jid.to_string());
        KeptMessage {
            key: Some(MessageKey {
                remote_jid: Some(self.jid.to_string()),
                from_me: Some(from_me),
                id: Some(id),
                participant: participant.clone(),
            }),
            message: Some(content),
            timestamp: Some(at),
            status: Some(READ),
            participant,
            push_name: name.filter(|_| !from_me),
            secret,
        }
    }

    /// The same in every part and in every run.
    fn text_id(&self, index: u64) -> String {
        let [a, b, c, d, e, f, g, h, i, ..] =
            sha256(&[b"wa-sim past", self.jid.to_string().as_bytes(), &index.to_be_bytes()]);
        let digits: String = [a, b, c, d, e, f, g, h, i].iter().map(|byte| format!("{byte:02X}")).collect();
        format!("3EB0{digits}")
    }

    /// `conversation`: a text of the wanted length.
    fn text(&self, index: u64) -> Vec<u8> {
        const WORDS: &str =
            "the kettle is on and the tea will be ready in a minute or two, so come over when you can; ";
        let mut text = format!("past {index} ");
        while text.len() < self.texts.length {
            let wanted = self.texts.length - text.len();
            text.push_str(WORDS.get(..wanted.min(WORDS.len())).unwrap_or_default());
        }
        super::wire::member(1, text.as_bytes())
    }

    /// The members of the conversation behind its messages.
    pub(super) fn state(&self, is_all: bool) -> ChatState {
        let last = self.texts.last_s;
        let (token, token_at) = self.settings.token.clone().unzip();
        let mut state = ChatState {
            last_message: Some(last),
            unread: Some(0),
            is_all: Some(is_all),
            timer: self.settings.timer,
            timer_set_ms: self.settings.timer.and_then(|_| i64::try_from(self.at(0) * 1_000).ok()),
            end: Some(u32::from(is_all)),
            last: Some(last),
            token,
            token_at,
            token_given_at: self.settings.gave,
            ..ChatState::default()
        };
        match &self.other {
            Other::Person(person) => {
                // The other name than that by which the chat is called, as phones have it.
                state.pn = Some(person.pn.to_string()).filter(|_| self.jid.is_lid());
                state.lid = Some(person.lid.to_string()).filter(|_| !self.jid.is_lid());
            }
            Other::Group { subject, members, .. } => {
                state.name = Some(subject.clone());
                state.members = members
                    .iter()
                    .map(|(jid, rank)| Member { jid: Some(jid.to_string()), rank: Some(*rank) })
                    .collect();
            }
        }
        state
    }
}
