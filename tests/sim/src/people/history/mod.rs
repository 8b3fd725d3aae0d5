//! A phone's past, and handing it to companions: INITIAL_BOOTSTRAP, names, recent chunks and the rest, each announced by a
//! peer message.
//!
//! Nothing is made under the model's lock: a history can be large. What is to be sent is a `Job`; `serve` works the jobs off
//! one after the other.
//!
//! | module | what it is |
//! |---|---|
//! | `order` | what the control API is told of a past, and of a part to send |
//! | `past` | what the phone knows, made of an order and of what the simulator has |
//! | `chat` | one chat of it, with its settings and its messages |
//! | `content` | polls and events, with their secrets |
//! | `bulk` | chats with invented people, made while they are written |
//! | `wire` | the protobuf messages of a history |
//! | `part` | the parts, and writing one as a stream |
//! | `flaw` | what can be wrong with a part |
//! | `parcel` | a part packed, encrypted and put up |
//! | `notice` | announcing a part to a companion, and what became of it |
//! | `complaint` | `server-error` receipts: a companion cannot read the file |
//! | `chunk_retry` | `HISTORY_SYNC_CHUNK_RETRY`: a companion asks for a part again |

mod bulk;
mod chat;
mod chunk_retry;
mod complaint;
mod content;
mod flaw;
mod job;
mod notice;
mod order;
mod parcel;
mod part;
mod past;
mod wire;

pub(crate) use chunk_retry::answer as answer_chunk_retry;
pub(crate) use complaint::take as take_complaint;
pub(crate) use job::{Jobs, provision, send, serve};
pub(crate) use notice::{History, noted_receipt};
pub(crate) use past::set;
pub(crate) use wire::PushName;
