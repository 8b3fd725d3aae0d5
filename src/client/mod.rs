//! One session, one actor: [`Client`] is what the host holds, `session` the task behind it.
//!
//! The task owns everything of its session: the connection, the flows, its part of the store. The host's calls come to it
//! as commands, what it has to say goes out through its end of a [`queue::Queue`]. The files beside `session` are what the
//! task is made of, each a plain value with one subject:
//!
//! | file | subject |
//! |---|---|
//! | `handle` | the client as the host holds it |
//! | `journal` | durable events: stored, handed out, acknowledged |
//! | `queue`, `runtime`, `shared` | what clients have in common with each other and with the host's threads |
//! | `settings`, `device` | the configuration, read; how the device presents itself |
//! | `link` | one encrypted connection |
//! | `backoff`, `keepalive`, `pending`, `clock` | time: waits, pings, answers awaited |
//! | `ending`, `failure`, `outcomes` | what went wrong, judged, named and listed |
//! | `methods` | what can be called by name |
//! | `web_version` | the newest version of WhatsApp Web, learned once for the process |

mod backoff;
mod chat;
mod clock;
mod device;
mod ending;
mod failure;
mod groups;
mod handle;
pub mod journal;
mod keepalive;
mod link;
mod methods;
mod outcomes;
mod pending;
pub mod queue;
pub mod runtime;
mod server_text;
mod session;
mod settings;
mod shared;
mod told;
mod web_version;

pub use handle::Client;
pub use outcomes::outcomes;
