//! A simulated WhatsApp: the server that companion devices connect to, and the phones they are linked to.
//!
//! It speaks the real wire protocol (WebSocket, Noise, binary stanzas), so any companion client can be tested against
//! it by giving it another address, root key and TLS trust. It rejects what production rejects, with the same codes; and it
//! misbehaves on command.
//!
//! | module | what it is |
//! |---|---|
//! | [`options`] | everything that can be set when it starts |
//! | `world` | what all tasks of one simulator share: keys, model, faults, log |
//! | `model` | accounts, devices, refs: the simulated state, behind one lock |
//! | `server` | one task per connection: handshake, login, pairing, queries |
//! | `phone` | the simulated phones: they type codes, scan, refuse, unlink |
//! | `people` | who is at them: writing, reading and answering messages, with real keys |
//! | `faults` | the rule table of everything that can be made to go wrong |
//! | `control` | the control API (JSON over HTTP) and the page with the phones |
//! | `media` | the media servers: encrypted files over HTTP |
//! | `ledger` | which message keys were used, and whether one was used twice |
//! | `log` | what went over the wires, for tests to read |
//! | `shapes` | whether clients send what the official web client sends |
//! | `settle` | a barrier for tests: all that was written is handled |
//! | `versions` | the newest version of the web client, and the oldest that is let in |
//!
//! It is no place for protocol code: what both ends need comes from the `wa` crate. Code that only a server or a phone needs is
//! here, and only here. Start with [`Simulator::start`].

mod control;
mod faults;
mod json_node;
mod keys;
mod ledger;
mod log;
mod media;
mod model;
pub mod options;
mod people;
mod phone;
mod random;
mod second_reader;
mod server;
mod settle;
mod shapes;
mod simulator;
mod versions;
mod world;

pub use options::Options;
pub use simulator::{Handle, Simulator, Started, State};
