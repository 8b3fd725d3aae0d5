//! The objects within events, with their fields: what a message is about, what it answers, contacts.
//!
//! In an object every field has its key; one without a value is null.

use super::content::ObjectInfo;
use super::field::{FieldInfo, FieldType, Hidden};
use std::borrow::Cow;

macro_rules! objects {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $fdoc:literal])+ $field:ident: $type:ty,)+ })+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
            #[serde(default)]
            pub struct $name { $($(#[doc = $fdoc])+ pub $field: $type,)+ }

            impl $name {
                const INFO: &'static ObjectInfo = &ObjectInfo {
                    name: stringify!($name),
                    sentence: concat!($($doc),+).trim_ascii(),
                    fields: &[$(FieldInfo::of::<$type>(stringify!($field), concat!($($fdoc),+)),)+],
                };
            }

            impl FieldType for $name {
                const KIND: &'static str = "object";
                const OBJECT: Option<&'static ObjectInfo> = Some($name::INFO);
                fn sample() -> Self { $name { $($field: <$type as FieldType>::sample(),)+ } }
            }

            impl FieldType for Vec<$name> {
                const KIND: &'static str = "array of objects";
                const OBJECT: Option<&'static ObjectInfo> = Some($name::INFO);
                fn sample() -> Self { vec![$name::sample()] }
            }
        )+
    };
}

objects! {
    /// The message that another one is about.
    MessageTarget {
        /// Its id.
        message_id: String,
        /// True if this account sent it.
        from_me: bool,
        /// The JID of its sender, if that is known.
        sender: Option<String>,
        /// The phone number of its sender, digits only, if that is known.
        sender_phone: Option<String>,
    }
    /// The message that another one answers. All that it says of the message is the word of the one who answers: nothing proves it.
    QuotedMessage {
        /// Its id.
        message_id: String,
        /// The JID of its sender, if that is known.
        sender: Option<String>,
        /// True if this account sent it.
        from_me: bool,
        /// The JID of the conversation that it was sent in, if that is another one, such as `status@broadcast`.
        chat: Option<String>,
        /// The kind of it, as the field `kind` of a message; `unknown` if no copy of it came along.
        kind: Cow<'static, str>,
        /// Its text, or its caption.
        text: Option<Hidden>,
    }
    /// A contact in a message.
    SharedContact {
        /// The name to show.
        name: Hidden,
        /// The vCard.
        vcard: Hidden,
    }
}
