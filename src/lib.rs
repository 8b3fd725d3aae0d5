//! libwa links a program to WhatsApp as a companion device. What ships is a C library; this page is the map of the
//! house for those who work on it.
//!
//! Calls go down only, and no layer knows the one above it:
//!
//! | room | subject |
//! |---|---|
//! | [`ffi`] | the C ABI, one file per C object; the only place with `unsafe`; no logic |
//! | [`client`] | one session = one actor task: it owns the connection, the flows and the session's part of the store |
//! | [`api`] | the vocabulary shared with the host: status codes, configuration keys, events, how methods are described |
//! | [`messaging`] | the engine: what is done with a message that comes, and what it takes to send one |
//! | [`net`] | WebSocket, TLS, proxies: bytes to and from the server |
//! | [`store`] | the storage trait, SQLite and memory; the typed records kept in it |
//! | `standard` | keeps what the library opens off the host's descriptors 0, 1 and 2 |
//! | `threads` | starts every thread of the library, with all signals blocked; pools for jobs |
//!
//! The protocols are a package of their own, `src/protocol`: [`pairing`], [`signal`], [`noise`], [`stanza`], [`media`], [`crypto`],
//! [`proto`], and the contents and stanzas of [`messaging`]. They read no clock, open no socket and draw no randomness but what
//! is handed in, so two ends can be run against each other in memory. `client` is the driver that gives them all three.
//!
//! `src/library` is the package of `libwa.so` and `libwa.a`, which export `ffi` and nothing else; `src/generator` writes what is
//! made from the tables in `api`: header, pages, the bindings' generated files.
//!
//! # The main walks
//!
//! **A code is asked for.** `wa_request_pairing` (`ffi/client.rs`) checks its arguments and posts a
//! `Command` to the session's task. The loop (`client/session/event_loop.rs`) opens the request,
//! `client/session/features/pairing` hands it to [`pairing::Pairing`], and carries out that machine's outputs in
//! order: queries go to the server, events to the host, keys to the store. Stanzas of the server reach the machine
//! through `client/session/dispatch.rs` and `client/session/transitions.rs`. When the phone has confirmed, the account record is
//! stored, the server closes the connection, the session connects again as the new device, and `client/session/login.rs` goes from
//! `<success>` to the event `ready`.
//!
//! **A frame becomes an event.** `net/connection.rs` takes a WebSocket message apart, `noise` decrypts the frame,
//! `protocol/stanza/decode.rs` decodes it in place (`client/transport.rs` holds the three together). The loop
//! (`client/session/event_loop.rs`) gives the stanza to `client/session/dispatch.rs`; a message goes to the engine
//! (`messaging/engine/inbound`), which names the records that it needs. What is not cached is loaded
//! (`client/session/core/prefetch.rs`), and the stanza is dispatched again. `messaging/engine/inbound/decrypt.rs` calls
//! [`signal`], `protocol/messaging/content/parse.rs` reads the content, and the output becomes an event in
//! `client/event_mapping.rs`.
//!
//! **A commit.** Nothing is told to the server or the host that is not stored, but for lines of the log. Handlers add to the unit of work
//! (`client/session/core/unit_of_work.rs`): changes to the store, events, stanzas. At the end of a turn, or some milliseconds later if
//! nobody waits, it is committed as one batch; then the events go through the journal (`client/journal`) to the host's queue (`client/queue.rs`), and
//! the stanzas, acknowledgements among them, to the server in one write. If the commit fails, the record cache is
//! dropped: the store is authoritative.
//!
//! **A text goes out.** `wa_send_text` posts a command with its id. The engine keeps the message in its outbox
//! (`messaging/engine/outbound`), so that it survives the process, queries missing device lists, asks the gate for
//! first contacts, queries missing keys (`messaging/engine/core/queries.rs`), encrypts for each device
//! (`messaging/engine/outbound/direct.rs`, `group.rs`) and hands the stanza out. The
//! server's acknowledgement (`messaging/engine/outbound/acked.rs`) ends the request with one `result` event.
//!
//! **The history comes.** The phone's notice of a part of it is stored (`messaging/engine/inbound/peer_messages.rs`).
//! `client/session/features/history.rs` takes one part after the other: `client/media` fetches its file, checks it and reads it some
//! items at a time (`protocol/messaging/history`), the engine stores what they say of people (`messaging/engine/history.rs`), and the
//! file is deleted at the media server.
//!
//! **No key is used twice.** A ratchet leases its next numbers (`protocol/signal/state.rs`): a commit stores the end of the lease,
//! and a message under a leased number may leave before its own record is stored. After a crash the store's number is the end of
//! the lease, and what was not used is skipped. `tests/session/crash.rs` kills hosts, the simulator's ledger
//! (`tests/sim/src/ledger.rs`) finds a key that comes twice.
//!
//! **An event is acknowledged.** A durable event stays in the journal until `wa_event_ack`. `client/shared_state.rs`
//! collects acknowledgements from any thread; the session stores them with its next commit. What is not
//! acknowledged is handed out again, marked `redelivered`, when the session is opened again.
//!
//! `ffi/mod.rs` has the rules of the C boundary, CONTRIBUTING.md what to touch to add a method, an event or a record.

pub use wa_protocol::{crypto, media, noise, pairing, proto, signal, stanza};

#[forbid(unsafe_code)]
pub mod api;
#[forbid(unsafe_code)]
pub mod client;
#[allow(unsafe_code, reason = "the C boundary: pointers come from the host")]
pub mod ffi;
#[forbid(unsafe_code)]
pub mod messaging;
#[forbid(unsafe_code)]
pub mod net;
#[forbid(unsafe_code)]
mod standard;
#[forbid(unsafe_code)]
pub mod store;
#[forbid(unsafe_code)]
mod threads;
