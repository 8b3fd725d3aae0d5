//! The content of a message: what belongs to its kind, and what a message of any kind may have.

use super::content_table::{COMMON_CONTENT, CONTENTS, CommonContent};
use super::event::EVENTS;
use super::field::{FieldInfo, FieldType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::fmt;

/// One row of the table: a type of content.
#[derive(Debug, Clone, Copy)]
pub struct ContentInfo {
    /// The name of the type, `ImageContent`.
    pub name: &'static str,
    /// The kinds of messages that have it, each with its meaning.
    pub kinds: &'static [(&'static str, &'static str)],
    /// Its description.
    pub sentence: &'static str,
    /// The fields beside those that any kind may have.
    pub fields: &'static [FieldInfo],
}

/// An object within an event: a message that another one is about, a contact.
#[derive(Debug)]
pub struct ObjectInfo {
    /// The name of the type, `MessageTarget`.
    pub name: &'static str,
    /// Its description.
    pub sentence: &'static str,
    /// Its fields.
    pub fields: &'static [FieldInfo],
}

impl ContentInfo {
    /// Returns the row of a kind of message, if the table has it.
    pub fn of_kind(kind: &str) -> Option<&'static ContentInfo> {
        CONTENTS.iter().find(|row| row.kinds.iter().any(|(word, _)| *word == kind))
    }
}

/// Returns every object within an event, in the order of the tables.
pub fn event_objects() -> Vec<&'static ObjectInfo> {
    let of_events = EVENTS.iter().flat_map(|row| row.fields);
    let of_contents = CONTENTS.iter().flat_map(|row| row.fields);
    let mut all: Vec<&ObjectInfo> = Vec::new();
    for object in of_events.chain(COMMON_CONTENT).chain(of_contents).filter_map(|field| field.object) {
        if all.iter().all(|known| known.name != object.name) {
            all.push(object);
        }
    }
    all
}

/// The content of a message as hosts get it: a JSON object without nulls. It is made of the structs of the table, so that it
/// has no key that the table does not have. One that comes from the store keeps the keys of the version that stored it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageContent(Map<String, Value>);

impl MessageContent {
    /// Adds what a message of any kind may have.
    pub fn with(mut self, common: &CommonContent) -> Self {
        common.put(&mut self);
        self
    }

    /// Adds a key, unless its value is null. There is nothing in a table that could fail to serialise.
    pub(super) fn put(&mut self, name: &'static str, value: &impl Serialize) {
        match serde_json::to_value(value) {
            Ok(Value::Null) | Err(_) => {}
            Ok(value) => {
                self.0.insert(name.to_owned(), value);
            }
        }
    }

    /// The keys that it has.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for MessageContent {
    /// Only its keys: what people write is not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

impl FieldType for MessageContent {
    const KIND: &'static str = "object";
    fn sample() -> Self {
        MessageContent::default().with(&CommonContent::sample())
    }
}

/// Something that is said of a message if it is so: the key is missing if it is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.then_some(true).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Flag(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl FieldType for Flag {
    const KIND: &'static str = "boolean";
    const OPTIONAL: bool = true;
    fn sample() -> Self {
        Flag(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::content_table::{PollVoteContent, TextContent};
    use super::*;
    use std::collections::BTreeSet;

    fn text(content: &MessageContent) -> String {
        serde_json::to_string(content).unwrap()
    }

    #[test]
    fn each_kind_and_each_key_has_one_row() {
        let kinds: Vec<&str> = CONTENTS.iter().flat_map(|row| row.kinds).map(|(word, _)| *word).collect();
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
        for row in CONTENTS {
            assert!(row.name.ends_with("Content") && row.sentence.ends_with('.'), "{}", row.name);
            assert!(row.kinds.iter().all(|(_, sentence)| sentence.ends_with('.')), "{}", row.name);
            let fields: Vec<&FieldInfo> = COMMON_CONTENT.iter().chain(row.fields).collect();
            assert!(fields.iter().all(|field| field.sentence.ends_with('.')), "{}", row.name);
            let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), fields.len(), "{}: a field has the name of a common one", row.name);
        }
        assert!(COMMON_CONTENT.iter().all(|field| field.optional));
        assert_eq!(ContentInfo::of_kind("video_note").unwrap().name, "VideoContent");
        assert!(ContentInfo::of_kind("nothing").is_none());
    }

    #[test]
    fn what_is_not_said_has_no_key() {
        let none = MessageContent::from(TextContent { link: None, title: None });
        assert_eq!(text(&none.with(&CommonContent::default())), "{}");
        let vote = MessageContent::from(PollVoteContent { selected: Some(Vec::new()) });
        let common =
            CommonContent { expires_in_s: Some(60), forwarded: Flag(true), ..CommonContent::default() };
        assert_eq!(text(&vote.with(&common)), r#"{"expires_in_s":60,"forwarded":true,"selected":[]}"#);
    }

    #[test]
    fn a_stored_content_keeps_what_a_later_version_put_in() {
        let stored = r#"{"later":{"than":"this"},"link":"https://a.example"}"#;
        let content: MessageContent = serde_json::from_str(stored).unwrap();
        assert_eq!(text(&content), stored);
        assert_eq!(format!("{content:?}"), r#"{"later", "link"}"#);
    }
}
