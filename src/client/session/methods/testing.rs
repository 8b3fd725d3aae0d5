//! Parameters for tests of the methods.

use crate::api::MethodInfo;
use serde_json::{Map, Value, json};

/// Returns parameters that fit a method: all of them, or those that it needs.
pub(crate) fn sample_params(method: &MethodInfo, with_optional: bool) -> Value {
    let is_group = method.name.starts_with("group.");
    let wanted = method.params.iter().filter(|param| with_optional || !param.optional);
    let params = wanted.map(|param| (param.name.to_owned(), sample(param.name, param.kind, is_group)));
    Value::Object(params.collect::<Map<_, _>>())
}

/// Returns a parameter that fits a method, by its name in the table.
pub(crate) fn sample(name: &str, kind: &str, is_group: bool) -> Value {
    match (name, kind) {
        ("chat", _) if is_group => json!("120363000000000001@g.us"),
        ("chat" | "user" | "sender", _) => json!("15551234567@s.whatsapp.net"),
        ("message_ids", _) => json!(["A", "B"]),
        ("options", _) => json!(["yes", "no"]),
        ("numbers", _) => json!(["+15551234567"]),
        ("members" | "mentions", _) => json!(["15551234567@s.whatsapp.net"]),
        ("quote", _) => json!({ "message_id": "A", "sender": "15551234567@s.whatsapp.net", "text": "?" }),
        ("contacts", _) => json!([{ "name": "Ada", "vcard": "BEGIN:VCARD" }]),
        ("latitude" | "longitude", _) => json!(1.5),
        ("activity", _) => json!("typing"),
        ("emoji", _) => json!("\u{1f44d}"),
        (_, "text") => json!("text"),
        (_, "integer") => json!(1),
        (_, "boolean") => json!(true),
        (other, kind) => panic!("teach this test a {other} of kind {kind}"),
    }
}
