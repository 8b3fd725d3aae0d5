//! The parts of a history, and writing one: as a stream, one conversation at a time.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use wa::proto::Message as _;

use super::{
    chat::{Chat, Texts},
    past::Past,
    wire::{self, GlobalSettings, NamePair, PushName, member},
};

/// The types of parts, with the protocol's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    InitialBootstrap = 0,
    InitialStatusV3 = 1,
    Full = 2,
    Recent = 3,
    PushName = 4,
    NonBlockingData = 5,
    OnDemand = 6,
    NoHistory = 7,
}

/// The messages of each chat that a part has. Chunks are counted from 1, and the first has the newest messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// Those of the first part.
    Newest,
    /// A share of the others.
    Older { chunk: u32, chunks: u32 },
    /// A share of all.
    All { chunk: u32, chunks: u32 },
}

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) chunk: u32,
    pub(super) chunks: u32,
}

/// The oddities in the way a part is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// Members that no schema has.
    pub(super) unknown: bool,
    /// Members in descending order: the id of a chat comes behind its messages.
    pub(super) disordered: bool,
    /// One more message with a text of so many bytes.
    pub(super) huge: Option<usize>,
}

impl Part {
    /// The parts that a new companion gets, in their order.
    pub(super) fn all(chunks: u32) -> Vec<Self> {
        let first = [Kind::InitialBootstrap, Kind::PushName].into_iter().flat_map(|kind| Self::of(kind, 1));
        first.chain(Self::of(Kind::Recent, chunks)).chain(Self::of(Kind::NonBlockingData, 1)).collect()
    }

    /// The parts of a type.
    pub(super) fn of(kind: Kind, chunks: u32) -> Vec<Self> {
        let chunks = if matches!(kind, Kind::Recent | Kind::Full) { chunks.max(1) } else { 1 };
        (1..=chunks).map(|chunk| Self { kind, chunk, chunks }).collect()
    }

    /// `chunkOrder`, of the types that have one.
    pub(super) fn chunk_order(self) -> Option<u32> {
        (!matches!(self.kind, Kind::PushName | Kind::NonBlockingData | Kind::NoHistory)).then_some(self.chunk)
    }

    /// `progress`, in percent.
    pub(super) fn progress(self) -> Option<u32> {
        self.chunk_order().map(|chunk| chunk * 100 / self.chunks.max(1))
    }

    fn window(self) -> Option<Window> {
        let Self { chunk, chunks, .. } = self;
        match self.kind {
            Kind::InitialBootstrap => Some(Window::Newest),
            Kind::Recent => Some(Window::Older { chunk, chunks }),
            Kind::Full | Kind::OnDemand => Some(Window::All { chunk, chunks }),
            Kind::InitialStatusV3 | Kind::PushName | Kind::NonBlockingData | Kind::NoHistory => None,
        }
    }

    /// The time of the oldest message in it, Unix seconds.
    pub(super) fn oldest(self, past: &Past) -> Option<u64> {
        let window = self.window()?;
        let of = |chat: &Chat| {
            let range = chat.range(window);
            (!range.is_empty()).then(|| chat.at(range.start))
        };
        past.listed().filter_map(of).min()
    }
}

/// Writes a part as `HistorySync`.
pub(super) fn write(past: &Past, part: Part, style: Style, out: &mut impl Write) -> io::Result<()> {
    let mut head = Vec::new();
    wire::put_number(&mut head, 1, part.kind as u64);
    if style.disordered {
        tail(past, part, out)?;
        conversations(past, part, style, out)?;
        out.write_all(&head)?;
    } else {
        out.write_all(&head)?;
        conversations(past, part, style, out)?;
        tail(past, part, out)?;
    }
    if style.unknown { out.write_all(&wire::unknown_members()) } else { Ok(()) }
}

fn conversations(past: &Past, part: Part, style: Style, out: &mut impl Write) -> io::Result<()> {
    let Some(window) = part.window() else { return Ok(()) };
    for chat in past.listed().cloned().chain(past.bulk()) {
        // The first part has all chats, whatever was said in them.
        if window == Window::Newest || !chat.range(window).is_empty() {
            out.write_all(&conversation(&chat, part, window, style))?;
        }
    }
    let mut chats = past.listed().cloned().chain(past.bulk());
    if let Some((length, chat)) = style.huge.and_then(|length| Some((length, chats.next()?))) {
        let texts = Texts { count: 1, length, ..chat.texts };
        let chat = Chat { texts, landmarks: Vec::new(), ..chat };
        out.write_all(&conversation(&chat, part, Window::All { chunk: 1, chunks: 1 }, style))?;
    }
    Ok(())
}

fn conversation(chat: &Chat, part: Part, window: Window, style: Style) -> Vec<u8> {
    let spoil = if style.unknown { wire::unknown_members() } else { Vec::new() };
    let id = member(1, chat.jid.to_string().as_bytes());
    let is_last = part.chunk == part.chunks && part.kind != Kind::InitialBootstrap;
    let state = chat.state(is_last).encode_to_vec();
    let (before, behind) = if style.disordered { (&state, &id) } else { (&id, &state) };
    let mut body = before.clone();
    chat.put_messages(&mut body, window, &spoil);
    body.extend_from_slice(behind);
    body.extend_from_slice(&spoil);
    member(2, &body)
}

/// The members behind the conversations.
fn tail(past: &Past, part: Part, out: &mut impl Write) -> io::Result<()> {
    let mut numbers = Vec::new();
    for (number, value) in [(5, part.chunk_order()), (6, part.progress())] {
        if let Some(value) = value {
            wire::put_number(&mut numbers, number, u64::from(value));
        }
    }
    out.write_all(&numbers)?;
    match part.kind {
        Kind::PushName => names(past, out),
        Kind::InitialBootstrap => {
            let settings = GlobalSettings { timer: Some(0), lid_migrated_at: past.lid_migrated_at };
            out.write_all(&member(8, &settings.encode_to_vec()))?;
            pairs(past, out)?;
            if let Some(nonce) = &past.nonce {
                out.write_all(&member(16, nonce.as_bytes()))?;
            }
            out.write_all(&member(19, &past.salt))
        }
        _ => Ok(()),
    }
}

fn names(past: &Past, out: &mut impl Write) -> io::Result<()> {
    for name in &past.names {
        out.write_all(&member(7, &name.encode_to_vec()))?;
    }
    for chat in past.bulk() {
        if let Some(person) = chat.person() {
            let name = PushName { id: Some(chat.jid.to_string()), pushname: Some(person.name.clone()) };
            out.write_all(&member(7, &name.encode_to_vec()))?;
        }
    }
    Ok(())
}

fn pairs(past: &Past, out: &mut impl Write) -> io::Result<()> {
    let mut put = |pn: String, lid: String| {
        let pair = NamePair { pn: Some(pn), lid: Some(lid) };
        out.write_all(&member(15, &pair.encode_to_vec()))
    };
    for person in &past.people {
        put(person.pn.to_string(), person.lid.to_string())?;
    }
    for chat in past.bulk() {
        if let Some(person) = chat.person() {
            put(person.pn.to_string(), person.lid.to_string())?;
        }
    }
    Ok(())
}
