//! The types of the fields of events. The tables take a field's type from its Rust type, so a page cannot say anything else
//! than what is serialised.

use super::content::ObjectInfo;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroize;

/// One field of an event, as the pages and the run-time listing show it.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// The key in the event's JSON.
    pub name: &'static str,
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// Set if it may be null.
    pub optional: bool,
    /// All values, where they are a closed list.
    pub values: &'static [&'static str],
    /// The same with their meaning.
    pub words: Option<&'static Words>,
    /// The fields of the object, or of the objects in the array, where they are listed.
    pub object: Option<&'static ObjectInfo>,
    /// Set if it is for the host alone and no log may show it.
    pub secret: bool,
    /// The sentence that describes it.
    pub sentence: &'static str,
}

/// The kinds of values: what a field, a parameter or a result is in JSON.
pub const KINDS: [&str; 8] =
    ["text", "integer", "number", "boolean", "array of text", "object", "array of objects", "json"];

/// A closed list of words, for bindings that make a type of it.
#[derive(Debug)]
pub struct Words {
    /// The name of the type, `ConnectionState`.
    pub name: &'static str,
    /// The sentence that describes it.
    pub sentence: &'static str,
    /// The words, each with its meaning.
    pub list: &'static [(&'static str, &'static str)],
}

impl FieldInfo {
    /// A field of the type `T`.
    pub(super) const fn of<T: FieldType>(name: &'static str, sentence: &'static str) -> FieldInfo {
        FieldInfo {
            name,
            kind: T::KIND,
            optional: T::OPTIONAL,
            values: T::VALUES,
            words: T::WORDS,
            object: T::OBJECT,
            secret: T::SECRET,
            sentence: sentence.trim_ascii(),
        }
    }

    /// The unit, which the name carries: times end in `_at_ms` or `_at`, durations in `_ms` or `_s`.
    pub fn unit(&self) -> Option<&'static str> {
        match self.name {
            name if name.ends_with("_at_ms") || name == "time_ms" => Some("milliseconds since 1970 UTC"),
            name if name.ends_with("_ms") => Some("milliseconds"),
            name if name.ends_with("_at") => Some("seconds since 1970 UTC"),
            name if name.ends_with("_s") => Some("seconds"),
            _ => None,
        }
    }
}

/// A type that a field may have.
pub trait FieldType: Serialize + DeserializeOwned {
    /// The name of the type on pages and in listings.
    const KIND: &'static str;
    /// Set if it serialises to null at times.
    const OPTIONAL: bool = false;
    /// The closed list of values, if there is one.
    const VALUES: &'static [&'static str] = &[];
    /// The same with their meaning.
    const WORDS: Option<&'static Words> = None;
    /// The fields of the object, or of the objects in the array.
    const OBJECT: Option<&'static ObjectInfo> = None;
    /// Set if no log may show it.
    const SECRET: bool = false;
    /// Some value, for tests and for the examples in the pages.
    fn sample() -> Self;
}

macro_rules! field_types {
    (@secret) => {
        const SECRET: bool = true;
    };
    ($($rust:ty: $kind:literal $($secret:ident)? = $sample:expr;)+) => {
        $(impl FieldType for $rust {
            const KIND: &'static str = $kind;
            $(field_types!(@$secret);)?
            fn sample() -> Self { $sample }
        })+
    };
}

field_types! {
    bool: "boolean" = true;
    u32: "integer" = 1;
    u64: "integer" = 1;
    i64: "integer" = 1_767_225_600_000;
    f64: "number" = 1.5;
    String: "text" = "text".to_owned();
    Cow<'static, str>: "text" = Cow::Borrowed("text");
    Hidden: "text" secret = Hidden::new("text");
    Vec<String>: "array of text" = vec!["text".to_owned()];
    Value: "json" = Value::Object(serde_json::Map::new());
    super::Status: "integer" = super::Status::OK;
}

impl<T: FieldType> FieldType for Option<T> {
    const KIND: &'static str = T::KIND;
    const OPTIONAL: bool = true;
    const VALUES: &'static [&'static str] = T::VALUES;
    const WORDS: Option<&'static Words> = T::WORDS;
    const OBJECT: Option<&'static ObjectInfo> = T::OBJECT;
    const SECRET: bool = T::SECRET;
    fn sample() -> Self {
        Some(T::sample())
    }
}

impl<T: FieldType> FieldType for Box<T> {
    const KIND: &'static str = T::KIND;
    const OPTIONAL: bool = T::OPTIONAL;
    const VALUES: &'static [&'static str] = T::VALUES;
    const WORDS: Option<&'static Words> = T::WORDS;
    const OBJECT: Option<&'static ObjectInfo> = T::OBJECT;
    const SECRET: bool = T::SECRET;
    fn sample() -> Self {
        Box::new(T::sample())
    }
}

/// Text that the host gets and no log may show: codes, QR payloads, passkey challenges. Zeroised when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hidden(String);

impl Hidden {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Hidden(text.into())
    }

    /// The text itself, on its way to the host.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Hidden(text)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Hidden)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(hidden, {} bytes)", self.0.len())
    }
}

/// Declares an enumeration whose values cross the boundary as words.
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident = $word:literal,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub enum $name { $($(#[doc = $vdoc])+ $variant,)+ }

            impl $name {
                /// The word that crosses the boundary.
                pub const fn word(self) -> &'static str {
                    match self { $($name::$variant => $word,)+ }
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.word())
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let word = String::deserialize(deserializer)?;
                    match word.as_str() {
                        $($word => Ok($name::$variant),)+
                        _ => Err(serde::de::Error::custom("a word of a newer version")),
                    }
                }
            }

            impl $crate::api::field::FieldType for $name {
                const KIND: &'static str = "text";
                const VALUES: &'static [&'static str] = &[$($word,)+];
                const WORDS: Option<&'static $crate::api::Words> = Some(&$crate::api::Words {
                    name: stringify!($name),
                    sentence: concat!($($doc),+).trim_ascii(),
                    list: &[$(($word, concat!($($vdoc),+).trim_ascii()),)+],
                });
                fn sample() -> Self { [$($name::$variant,)+][0] }
            }
        )+
    };
}
pub(super) use words;
