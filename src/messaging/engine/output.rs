//! The engine's requests to its driver, and its events.

use super::Millis;
use super::group_admin::{GroupAnswer, GroupFailure};
use super::inbound::Target;
use crate::messaging::address::Address;
use crate::messaging::content::{AddonContent, Read};
use crate::messaging::stanzas::group_changes::GroupChange;
use crate::messaging::stanzas::receipts::ReceiptKind;
use crate::stanza::{Jid, Node, Text};

/// Names one query; its answer comes back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Tag(pub(super) u64);

/// The server's refusal to answer a query, or its silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryError {
    /// The code; 0 if the server gave none, or did not answer at all.
    pub(crate) code: u32,
    /// Set if the server did not answer at all.
    pub(crate) is_silence: bool,
    /// The seconds for which the server wants to be left alone, if it says so.
    pub(crate) backoff_s: Option<u64>,
}

impl QueryError {
    /// The server did not answer.
    pub(crate) const SILENCE: Self = Self { code: 0, is_silence: true, backoff_s: None };

    /// A refusal that names no time.
    pub(crate) const fn of(code: u32) -> Self {
        Self { code, is_silence: false, backoff_s: None }
    }
}

/// One thing to do. The driver adds them to its unit of work strictly in order; but for [`Output::SendBeforeCommit`] and
/// [`Output::Log`], they are carried out once everything that the engine has changed is on disk.
#[derive(Debug)]
pub(crate) enum Output {
    /// Send it; no answer is wanted.
    Send(Node),
    /// Send it; the server does not wait for it.
    SendLazily(Node),
    /// Send it, before what has changed is on disk if that takes less time: what must be, an earlier commit has seen to.
    SendBeforeCommit(Node),
    /// Send this iq under an id of the driver's choice and hand in the answer with the tag.
    Query {
        /// To be handed back with the answer.
        tag: Tag,
        /// The iq, without id.
        node: Node,
    },
    /// Tell the host.
    Event(MessagingEvent),
    /// Answer a request of the host.
    Answer {
        /// The request.
        request: u64,
        /// The result.
        answer: Result<AcceptedMessage, SendFailure>,
    },
    /// Answer a request about groups.
    GroupResult {
        /// The request.
        request: u64,
        /// The result.
        answer: Result<GroupAnswer, GroupFailure>,
    },
    /// A message waits for its turn. The host may want to know.
    Waiting {
        /// The request; 0 for a message of an earlier run.
        request: u64,
        /// The message that waits, and its time.
        waiting: Waiting,
    },
    /// A line for the log. It names no person and no content.
    Log(String),
    /// The account record was changed; it goes into the same commit.
    AccountChanged,
    /// The notice of a part of the account's history was stored; the part is yet to be taken.
    HistoryNotice,
}

/// A message that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AcceptedMessage {
    /// Its id.
    pub(crate) id: Text,
    /// Its chat, as it was addressed.
    pub(crate) chat: Jid,
    /// The server's time for it, Unix milliseconds.
    pub(crate) timestamp_ms: i64,
}

/// A message to a person who does not know us, and whose turn has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Its id.
    pub(crate) id: Text,
    /// The chat it goes to.
    pub(crate) chat: Jid,
    /// When it goes out, Unix milliseconds.
    pub(crate) due_ms: i64,
}

/// The reason why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendFailure {
    /// The server refused it, by a code of the protocol.
    #[error("the server refused the message with code {0}")]
    Refused(u32),
    /// The account may not begin chats for some time.
    #[error("the account may not begin new chats for some time (463): answer those who write, and wait")]
    TimeLocked {
        /// The remaining time, as far as it is known.
        wait_ms: Option<i64>,
    },
    /// The server refused it as a first contact, and knows of no lock.
    #[error(
        "the server refused the message as unwanted (463), and names no time-lock: the recipient does not know this account; \
         wait until they write first"
    )]
    NotTrusted,
    /// Nobody is there to receive it.
    #[error("no device of the recipient can be reached: check the number")]
    NoRecipient,
    /// The recipient is not on WhatsApp.
    #[error("the recipient has no WhatsApp account: check the number")]
    NoAccount,
    /// The server did not say which devices the message is for, or did not give their keys, several times.
    #[error(
        "the server did not say which devices the message is for, or gave no keys for them ({}): send it again later",
        code_text(*.code)
    )]
    NoDevices {
        /// The code of its refusal; 0 if it did not answer.
        code: u32,
        /// The time until it is asked again.
        wait_ms: Millis,
    },
    /// The group is not known, or we are no member of it.
    #[error("the group is not known to the server, or this account is no member of it (code {0})")]
    NoGroup(u32),
    /// It is sent in one piece to all devices of both sides, which are so many that it does not fit.
    #[error("the message is too large for so many devices: send less at once")]
    TooLarge,
    /// A chat of a kind that this library cannot send to.
    #[error("messages cannot be sent to an address of this kind")]
    WrongChat,
    /// The host sent another message under this id, in another chat.
    #[error("this id was used for a message in another chat: make ids of the chat too")]
    IdInUse,
    /// A message of somebody else, in a chat with a person, that is to be deleted for everybody.
    #[error(
        "in a chat with a person, only messages of one's own can be deleted for everyone: leave `sender` out, or name this account"
    )]
    NotDeletable,
    /// A message that is called an own one, with a sender who is not this account.
    #[error(
        "`from_me` says that the message is an own one, and `sender` names somebody else: give the one that is true"
    )]
    NotOwn,
    /// A sender who has no part in the chat with a person; the parameter names them.
    #[error("{}", not_of_chat(.0))]
    NotOfChat(&'static str),
    /// A vote in a poll of which nothing is known.
    #[error(
        "the poll is not known here: check its id, and its sender; only polls that came to this session can be voted in"
    )]
    NoPoll,
    /// A vote for something that is no option, or for one twice.
    #[error("the poll has no such options: name each that is chosen once, by its text")]
    NoOption,
    /// A vote for more than the poll allows.
    #[error("the poll lets nobody choose more than {0}")]
    TooManyOptions(u32),
    /// The server did not say that it has it, several times.
    #[error("the server did not acknowledge the message")]
    Unanswered,
    /// The host gave it up.
    #[error("the request was cancelled")]
    Cancelled,
}

fn not_of_chat(parameter: &str) -> String {
    let advice =
        if parameter == "quote" { ", or give the `chat` that the quoted message was sent in" } else { "" };
    format!(
        "the sender in `{parameter}` is neither the person of this chat nor this account: name the one who wrote the message that is meant{advice}"
    )
}

fn code_text(code: u32) -> String {
    if code == 0 { "no answer".to_owned() } else { format!("code {code}") }
}

/// Something the host may want to know.
#[derive(Debug)]
pub(crate) enum MessagingEvent {
    /// A message came. To be kept until the host has acknowledged it.
    Message(Box<InboundMessage>),
    /// A message came that cannot be read (yet).
    Unreadable(Box<Unreadable>),
    /// A recipient received or read messages of ours, or we read theirs on another device. To be kept as well.
    Receipt(Seen),
    /// A person has a new identity key.
    IdentityChanged {
        /// The device.
        device: Address,
        /// The user by phone number, if that is known.
        pn: Option<Jid>,
    },
    /// A group changed.
    Group(Box<GroupNews>),
    /// The account may not begin chats, until then (Unix seconds) if it is known.
    TimeLock {
        /// When it ends.
        until_s: Option<u64>,
    },
}

/// A message that came, without its content: whose it is, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageInfo {
    /// Its id, unique per chat and sender.
    pub(crate) id: Text,
    /// The conversation.
    pub(crate) chat: Jid,
    /// The person that the conversation is with, by phone number, if that is known.
    pub(crate) chat_pn: Option<Jid>,
    /// The sender, without device.
    pub(crate) sender: Jid,
    /// The sender by phone number, if the server or an earlier message said it.
    pub(crate) sender_pn: Option<Jid>,
    /// Set if this account sent it, from another device.
    pub(crate) from_me: bool,
    /// The server's time for it, Unix milliseconds.
    pub(crate) timestamp_ms: i64,
}

/// A message that came.
#[derive(Debug)]
pub(crate) struct InboundMessage {
    pub(crate) info: MessageInfo,
    /// The name that the sender chose for themselves.
    pub(crate) push_name: Option<String>,
    /// Set if it waited at the server.
    pub(crate) offline: bool,
    /// Set if it was encrypted for an identity that the sender has given up since.
    pub(crate) old_identity: bool,
    /// The content.
    pub(crate) content: Read,
    /// The serialised message that `content` was read from, without padding.
    pub(crate) bytes: Vec<u8>,
    /// Set if it answers a message that this account sent.
    pub(crate) quotes_me: bool,
    /// The message that it is about.
    pub(crate) target: Option<Target>,
    /// Set if the host was told that it could not be read, and may still come.
    pub(crate) awaited: bool,
    /// Set if the own phone vouches for what an admin says in it: it showed the message.
    pub(crate) vouched: bool,
    /// The addon in it that was encrypted once more, if it could be opened.
    pub(crate) opened: Option<AddonContent>,
    /// Of a vote: the options that it is for, in the order of the poll.
    pub(crate) chosen: Vec<String>,
}

/// A change to a group.
#[derive(Debug)]
pub(crate) struct GroupNews {
    /// The group.
    pub(crate) group: Jid,
    /// The person who changed it, if the server says.
    pub(crate) author: Option<Jid>,
    /// The same by phone number, if that is known.
    pub(crate) author_pn: Option<Jid>,
    /// The members whom the change is about, by phone number, as far as that is known.
    pub(crate) member_pns: Vec<Option<Jid>>,
    /// The change.
    pub(crate) change: GroupChange,
    /// When, Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// The reason why a message cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnreadableReason {
    /// It could not be decrypted; it was asked for again, as long as that is not given up.
    Undecryptable,
    /// Its content may be viewed on the phone only.
    ViewOnce,
    /// The server does not give its content to this device.
    Unavailable,
}

/// A message that cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) info: MessageInfo,
    /// The reason.
    pub(crate) reason: UnreadableReason,
    /// The number of times it was asked for again.
    pub(crate) retries: u32,
    /// Set if it may still come.
    pub(crate) pending: bool,
    /// Set if the sender wants nothing shown in its place.
    pub(crate) hidden: bool,
}

/// An act of a person on messages.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The conversation.
    pub(crate) chat: Jid,
    /// The person that the conversation is with, by phone number, if that is known.
    pub(crate) chat_pn: Option<Jid>,
    /// The person who did it, without device.
    pub(crate) by: Jid,
    /// The same by phone number, if that is known.
    pub(crate) by_pn: Option<Jid>,
    /// Set if it was this account, on another device.
    pub(crate) by_me: bool,
    /// The event.
    pub(crate) kind: ReceiptKind,
    /// The messages.
    pub(crate) ids: Vec<Text>,
    /// When, Unix milliseconds.
    pub(crate) timestamp_ms: i64,
}
