//! The session against wa-sim, from the host's side: a client, its events, a simulated phone.
//!
//! `world` is what each test starts from; the other files are one subject each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/c.rs"]
mod c;
mod chat_timers;
mod clock;
mod conformance;
mod crash;
mod damage;
mod disk;
mod durable;
mod ends;
mod failing_store;
mod fanout;
mod faults;
mod given_up;
mod groups;
mod history;
mod interruptions;
mod killable;
mod linking;
mod many;
mod masked;
mod messages;
mod names;
mod offline;
mod passkey;
mod polls;
mod prekeys;
mod query_limits;
mod ration;
mod reach;
mod refusals;
mod repeats;
mod restored;
mod resumption;
mod sealing;
mod server_events;
mod silence;
mod sizes;
mod store_failure;
mod stream_ends;
mod targets;
mod trace;
mod unreadable;
mod version;
mod world;
