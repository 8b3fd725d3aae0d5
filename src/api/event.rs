//! Events: what a client tells its host, in the order in which it happened.

use super::event_table::Body;
use super::field::FieldInfo;
use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};
use std::io::{self, Write};
use zeroize::Zeroize;

/// A kind of event: a row of [`EVENTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKind(u32);

/// The handling of an event that nobody takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It stays in the store until the host acknowledges it, across restarts.
    Durable,
    /// It waits in memory for as long as the client lives.
    Waits,
    /// It waits in memory, but others can cause any number of it: the oldest is dropped when more of these wait than the queue's
    /// capacity, and counted by an `overflow` event.
    Bounded,
    /// It may be dropped, oldest first, when the queue is over its capacity; an `overflow` event counts what was dropped.
    Droppable,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct EventInfo {
    /// The number, also the value of the C constant.
    pub kind: EventKind,
    /// The dotted name, `pairing.code`.
    pub name: &'static str,
    /// The name of the C constant, `WA_EVENT_PAIRING_CODE`.
    pub constant: &'static str,
    /// The handling of it when nobody takes it.
    pub keep: Keep,
    /// The version that brought it.
    pub since: &'static str,
    /// The sentence that describes it.
    pub sentence: &'static str,
    /// The fields beside those that every event has.
    pub fields: &'static [FieldInfo],
    /// An event of this kind with every field filled.
    pub sample: fn() -> Body,
}

impl EventKind {
    pub(super) const fn new(number: u32) -> Self {
        EventKind(number)
    }

    /// The number that crosses the boundary.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The row of this kind.
    pub fn info(self) -> &'static EventInfo {
        // Only `bodies.rs` makes values of the type, all of them with a row; the first row is there for the compiler.
        EVENTS.iter().find(|info| info.kind == self).unwrap_or(&EVENTS[0])
    }

    /// The dotted name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Returns whether it is kept in the store until it is acknowledged.
    pub fn is_durable(self) -> bool {
        self.info().keep == Keep::Durable
    }
}

pub use super::event_table::EVENTS;

/// One event on its way to the host.
#[derive(Debug, Clone)]
pub struct Event {
    /// Strictly increasing per client. Set by the queue.
    pub id: u64,
    /// The client it comes from. Set by the queue.
    pub client: u64,
    /// The request it belongs to, 0 if to none.
    pub request: u64,
    /// When it happened, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// Set if it was delivered before, in an earlier life of the session, and not acknowledged.
    pub redelivered: bool,
    /// The room it takes in the queue if it is durable: large ones count for several.
    pub weight: u32,
    /// The sentence that describes it.
    pub body: Body,
}

impl Event {
    /// An event that belongs to `request` (0: to none). The queue fills in id and client.
    pub fn new(request: u64, time_ms: i64, body: impl Into<Body>) -> Self {
        Event { id: 0, client: 0, request, time_ms, redelivered: false, weight: 1, body: body.into() }
    }

    /// Returns the kind of the event.
    pub fn kind(&self) -> EventKind {
        self.body.kind()
    }

    /// Appends the event as the store keeps it until it is acknowledged.
    pub fn store_into(&self, out: &mut Vec<u8>) {
        // As in `to_json`, there is nothing in a body that could fail.
        let _ = serde_json::to_writer(out, self);
    }

    /// An event that the store kept, marked as redelivered. `None` if it is damaged, or of a newer version's kind.
    pub fn from_stored(stored: &[u8]) -> Option<Event> {
        let json: serde_json::Value = serde_json::from_slice(stored).ok()?;
        let name = json.get("type")?.as_str()?;
        let kind = EVENTS.iter().find(|info| info.name == name)?.kind;
        let request = json.get("request")?.as_u64()?;
        let time_ms = json.get("time_ms")?.as_i64()?;
        let body = super::event_table::Body::from_json(kind, json)?;
        Some(Event { redelivered: true, ..Event::new(request, time_ms, body) })
    }

    /// The whole event as one JSON object.
    pub fn to_json(&self) -> String {
        // Every body is made of strings, numbers, truth values and JSON values, which cannot fail to serialise.
        let mut json = WipedBuffer::default();
        let _ = self.serialize(&mut serde_json::Serializer::with_formatter(&mut json, WithoutNul));
        String::from_utf8(json.0).unwrap_or_default()
    }
}

/// JSON in which a NUL is U+FFFD, as in the texts that C gets: a host could not hand such a text back.
struct WithoutNul;

impl Formatter for WithoutNul {
    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(0) => out.write_all("\u{FFFD}".as_bytes()),
            other => CompactFormatter.write_char_escape(out, other),
        }
    }
}

/// Bytes in the making, of which no copies are left behind when they become more. There is room for one byte behind them.
#[derive(Default)]
struct WipedBuffer(Vec<u8>);

impl Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.0.len() + bytes.len();
        if length >= self.0.capacity() {
            let mut larger = Vec::with_capacity((2 * length).max(256));
            larger.extend_from_slice(&self.0);
            std::mem::replace(&mut self.0, larger).zeroize();
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The fields that every event has, before its own.
pub(super) const COMMON: &[FieldInfo] = &[
    field("type", "text", "The dotted name of the event's type."),
    field("id", "integer", "Number of the event, strictly increasing for each client."),
    field("client", "integer", "The client it comes from: see wa_client_id."),
    field("request", "integer", "The request it belongs to, 0 if to none."),
    field("time_ms", "integer", "When it happened."),
    field(
        "redelivered",
        "boolean",
        "Whether an earlier run of the program got it already and did not acknowledge it.",
    ),
];

const fn field(name: &'static str, kind: &'static str, sentence: &'static str) -> FieldInfo {
    FieldInfo { name, kind, optional: false, values: &[], words: None, object: None, secret: false, sentence }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind().name())?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("client", &self.client)?;
        map.serialize_entry("request", &self.request)?;
        map.serialize_entry("time_ms", &self.time_ms)?;
        map.serialize_entry("redelivered", &self.redelivered)?;
        self.body.serialize_fields(&mut map)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_nul_in_a_text_is_the_same_to_all_hosts() {
        let text = "a\0b \\u0000 \n";
        let log =
            crate::api::Log { level: crate::api::LogLevel::Warn, target: "test".into(), text: text.into() };
        let event = Event::new(0, 1, log);
        let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
        assert_eq!(json["text"], text.replace('\0', "\u{FFFD}"));
    }

    #[test]
    fn a_stored_event_comes_back_whole_and_marked() {
        for info in EVENTS {
            let event = Event::new(7, 1_767_225_600_000, (info.sample)());
            let mut stored = Vec::new();
            event.store_into(&mut stored);
            let again = Event::from_stored(&stored).unwrap();
            assert!(again.redelivered);
            assert_eq!(Event { redelivered: false, ..again }.to_json(), event.to_json(), "{}", info.name);
        }
        assert!(Event::from_stored(b"{}").is_none());
        assert!(Event::from_stored(br#"{"type": "from.the.future", "request": 0, "time_ms": 0}"#).is_none());
    }

    #[test]
    fn json_and_table_have_the_same_fields() {
        for info in EVENTS {
            let event = Event::new(7, 1, (info.sample)());
            assert_eq!(event.kind(), info.kind);
            let json: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
            let seen: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
            let named: Vec<&str> = COMMON.iter().chain(info.fields).map(|field| field.name).collect();
            assert_eq!(seen, named.iter().copied().collect(), "{}", info.name);
            assert_eq!(seen.len(), named.len(), "{}: a field has the name of a common one", info.name);
            for field in COMMON.iter().chain(info.fields) {
                let value = &json[field.name];
                let fits = match field.kind {
                    "text" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "array of text" => {
                        value.as_array().is_some_and(|list| list.iter().all(serde_json::Value::is_string))
                    }
                    "object" => value.is_object(),
                    "json" => true,
                    _ => false,
                };
                assert!(fits, "{}.{}: {value}", info.name, field.name);
                assert!(field.sentence.ends_with('.'), "{}.{}", info.name, field.name);
                assert!(field.values.is_empty() || field.values.contains(&value.as_str().unwrap()));
            }
        }
    }

    #[test]
    fn rows_are_in_order_and_named_alike() {
        for pair in EVENTS.windows(2) {
            assert!(pair[0].kind.number() < pair[1].kind.number(), "{}", pair[1].name);
        }
        for info in EVENTS {
            assert_eq!(info.constant, format!("WA_EVENT_{}", info.name.to_uppercase().replace('.', "_")));
            assert!(info.sentence.ends_with('.'), "{}", info.name);
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let event = Event::new(
            1,
            1,
            super::super::PairingCode {
                code: "ABCDEFGH".to_owned().into(),
                display: "ABCD-EFGH".to_owned().into(),
                expires_at_ms: 1,
                expires_in_ms: 1,
                custom: false,
                generation: 1,
            },
        );
        assert!(event.to_json().contains("ABCDEFGH"));
        let shown = format!("{event:?}");
        assert!(!shown.contains("EFGH") && shown.contains("hidden"), "{shown}");
    }
}
