//! One session, one actor: [`Client`] is what the host holds, `session` the task behind it.
//!
//! The task owns everything of its session: the connection, the flows, its part of the store. The host's calls come to it
//! as commands, what it has to say goes out through its end of a [`queue::Queue`]. The files beside `session` are what the
//! task is made of, each a plain value with one subject:
//!
//! | file | subject |
//! |---|---|
//! | `client_handle` | the client as the host holds it |
//! | `journal` | durable events: stored, handed out, acknowledged |
//! | `queue`, `runtime`, `shared_state` | what clients have in common with each other and with the host's threads |
//! | `settings`, `device_props` | the configuration, read; how the device presents itself |
//! | `transport` | one encrypted connection |
//! | `media` | encrypted files at the media servers |
//! | `backoff`, `keepalive`, `iq_tracker`, `clock` | time: waits, pings, answers awaited |
//! | `disconnect_reason`, `server_codes`, `status_mapping`, `outcomes` | what went wrong, judged, named and listed |
//! | `event_mapping`, `content_mapping` | what the messaging engine tells, as the host hears it; the contents of messages |
//! | `web_version` | the newest version of WhatsApp Web, learned once for the process |

mod backoff;
mod client_handle;
mod clock;
mod content_mapping;
#[cfg(test)]
mod content_mapping_tests;
mod device_props;
mod disconnect_reason;
mod event_mapping;
mod group_results;
mod iq_tracker;
pub mod journal;
mod keepalive;
mod media;
mod outcomes;
pub mod queue;
mod recipient;
pub mod runtime;
mod server_codes;
mod server_text;
mod session;
mod settings;
mod shared_state;
mod status_mapping;
#[cfg(test)]
mod stored_form_tests;
mod transport;
mod utc;
mod web_version;

pub use client_handle::Client;
pub use outcomes::outcomes;
pub use session::method_table;
