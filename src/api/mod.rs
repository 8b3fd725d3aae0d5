//! The vocabulary shared with the host: status codes, configuration keys, events and methods.
//!
//! Four tables stand here and nowhere else: [`STATUSES`], [`KEYS`], [`EVENTS`] and [`CONTENTS`]. Methods are described here ([`MethodInfo`]);
//! their rows stand with their handlers, above this room, and are handed in. The checks, the listing at run
//! time ([`reference_json`]), the constants of the C header and the pages in `include/` are all made from them, so that none
//! of these can disagree. A new status, key, event, field or method is added to its table; everything else follows.
//!
//! This room has no behaviour of its own: it knows neither sessions nor pointers.

mod accessors;
mod config;
mod config_keys;
mod content;
mod content_objects;
mod content_table;
mod enums;
mod error;
mod event;
mod event_table;
mod field;
mod methods;
mod reference;
mod status;
mod user_text;

pub use config::Config;
pub use config_keys::{KEYS, KeyInfo, KeyType};
pub use content::{ContentInfo, Flag, MessageContent, ObjectInfo, event_objects};
pub use content_objects::{MessageTarget, QuotedMessage, SharedContact};
pub use content_table::*;
pub use enums::*;
pub use error::Error;
pub use event::{EVENTS, Event, EventInfo, EventKind, Keep};
pub use event_table::*;
pub use field::{FieldInfo, FieldType, Hidden, KINDS, Words};
pub use methods::{MethodInfo, ParamInfo};
pub(crate) use methods::{check_params, param};
pub use reference::{OutcomeInfo, pages, reference_json};
pub use status::{STATUSES, Status, StatusInfo};

/// A duration in milliseconds as the host sees it: 32 bits, and what is longer is shown as the longest.
pub fn millis(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
