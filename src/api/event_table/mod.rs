//! The table of events: one struct for each type, with its fields, from which JSON, pages and C constants are made. One file has the
//! rows of one subject.
//!
//! Numbers go in ranges by subject, with room: 100 the session, 200 pairing, 300 messages, 400 requests, 500 the
//! library itself. They are never renumbered.

use super::content::MessageContent;
use super::content_objects::QuotedMessage;
use super::enums::*;
use super::event::{EventInfo, EventKind, Keep};
use super::field::{FieldInfo, FieldType, Hidden};
use super::status::Status;
use serde_json::Value;
use std::borrow::Cow;

mod library;
mod messages;
mod pairing;
mod session;

use library::library_events;
use messages::messages_events;
use pairing::pairing_events;
use session::session_events;

/// Makes the structs of events, and what all of them have in common.
macro_rules! events {
    ($(
        $(#[doc = $doc:literal])+
        $number:literal $name:literal = $constant:literal, $keep:ident, $since:literal,
        $body:ident { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)* }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, serde::Deserialize)]
            pub struct $body { $($(#[doc = $fdoc])+ pub $field: $type,)* }

            impl $body {
                const FIELDS: &'static [FieldInfo] = &[$(FieldInfo::of::<$type>(stringify!($field), concat!($($fdoc),+)),)*];

                fn sample() -> Body {
                    Body::$body($body { $($field: <$type as FieldType>::sample(),)* })
                }
            }

            impl From<$body> for Body {
                fn from(body: $body) -> Body { Body::$body(body) }
            }
        )+

        /// The content of an event: one variant for each type.
        #[derive(Debug, Clone)]
        pub enum Body { $($(#[doc = $doc])+ $body($body),)+ }

        impl Body {
            /// Returns the kind of the event.
            pub fn kind(&self) -> EventKind {
                match self { $(Body::$body(_) => EventKind::new($number),)+ }
            }

            /// Returns what becomes of the event when nobody takes it.
            pub fn keep(&self) -> Keep {
                match self { $(Body::$body(_) => Keep::$keep,)+ }
            }

            /// The body of that kind as it was written by `serialize_fields`, from a JSON object that may hold more.
            pub(super) fn from_json(kind: EventKind, json: Value) -> Option<Body> {
                match kind.number() {
                    $($number => serde_json::from_value(json).ok().map(Body::$body),)+
                    _ => None,
                }
            }

            pub(super) fn serialize_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $(Body::$body(body) => { $(map.serialize_entry(stringify!($field), &body.$field)?;)* let _ = body; })+
                }
                Ok(())
            }
        }

        /// Every event there is, in the order of the numbers.
        pub static EVENTS: &[EventInfo] = &[$(EventInfo {
            kind: EventKind::new($number),
            name: $name,
            constant: $constant,
            keep: Keep::$keep,
            since: $since,
            sentence: concat!($($doc),+).trim_ascii(),
            fields: $body::FIELDS,
            sample: $body::sample,
        },)+];
    };
}

/// Calls `events` with the rows of these files, in this order.
macro_rules! gather {
    ([] $($rows:tt)*) => { events! { $($rows)* } };
    ([$first:ident $($left:ident)*] $($rows:tt)*) => { $first! { [$($left)*] $($rows)* } };
}

gather! { [session_events pairing_events messages_events library_events] }

impl RequestResult {
    /// The answer to a request that succeeded.
    pub fn ok(method: impl Into<Cow<'static, str>>, result: Value) -> Self {
        let status = Status::OK;
        let name = Cow::Borrowed(status.name());
        RequestResult {
            method: method.into(),
            status,
            name,
            text: None,
            key: None,
            retryable: false,
            retry_after_ms: 0,
            result,
        }
    }

    /// The answer to a request that failed.
    pub fn failed(method: impl Into<Cow<'static, str>>, error: super::Error) -> Self {
        RequestResult {
            method: method.into(),
            status: error.status,
            name: Cow::Borrowed(error.status.name()),
            text: Some(Cow::Owned(error.text)),
            key: error.key,
            retryable: error.retryable,
            retry_after_ms: error.retry_after_ms,
            result: Value::Null,
        }
    }
}
