//! Stanzas as JSON, for the control API: `{"tag","attrs":{…},"children":[…]}` or `"text"` or `"bytes"` (base64) for content.
//!
//! An attribute that reads like an address is sent as one (some clients insist); `{"text":"…"}` in its place is sent as
//! text whatever it looks like.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};
use wa::stanza::{Content, Jid, Node, Value};

/// A stanza from JSON; the error says what is wrong with it.
pub(crate) fn from_json(json: &Json) -> Result<Node, String> {
    let object = json.as_object().ok_or("a stanza is an object with a tag")?;
    if let Some(key) =
        object.keys().find(|key| !["tag", "attrs", "children", "text", "bytes"].contains(&key.as_str()))
    {
        return Err(format!("{key:?} is no part of a stanza"));
    }
    let tag = object.get("tag").and_then(Json::as_str).ok_or("a stanza has a tag")?;
    let mut node = Node::new(tag);
    if let Some(attrs) = object.get("attrs") {
        for (key, value) in attrs.as_object().ok_or("attrs is an object")? {
            node = node.attr(key, attr_from_json(key, value)?);
        }
    }
    match (object.get("children"), object.get("text"), object.get("bytes")) {
        (None, None, None) => Ok(node),
        (Some(children), None, None) => {
            let children = children.as_array().ok_or("children is a list")?;
            Ok(node.children(children.iter().map(from_json).collect::<Result<Vec<_>, _>>()?))
        }
        (None, Some(text), None) => Ok(node.bytes(text.as_str().ok_or("text is a string")?.as_bytes())),
        (None, None, Some(bytes)) => {
            let text = bytes.as_str().ok_or("bytes is base64 text")?;
            Ok(node.bytes(STANDARD.decode(text).map_err(|error| format!("bytes: {error}"))?))
        }
        _ => Err("children, text and bytes exclude each other".to_owned()),
    }
}

fn attr_from_json(key: &str, value: &Json) -> Result<Value, String> {
    match value {
        Json::String(text) if text.contains('@') || text == "s.whatsapp.net" => {
            Ok(text.parse::<Jid>().map_or_else(|_| Value::from(text.clone()), Value::from))
        }
        Json::String(text) => Ok(Value::from(text.clone())),
        Json::Number(number) => Ok(Value::from(number.to_string())),
        Json::Bool(yes) => Ok(Value::from(*yes)),
        Json::Object(object) => match object.get("text").and_then(Json::as_str) {
            Some(text) => Ok(Value::from(text.to_owned())),
            None => Err(format!("attribute {key:?} is neither text nor number")),
        },
        _ => Err(format!("attribute {key:?} is neither text nor number")),
    }
}

/// A stanza as JSON. Content that is printable text is given as such.
pub(crate) fn to_json(node: &Node) -> Json {
    let attrs: Map<String, Json> =
        node.attrs().map(|(key, value)| (key.to_owned(), Json::String(attr_text(value)))).collect();
    let mut json = json!({ "tag": node.tag(), "attrs": attrs });
    match node.content() {
        Content::None => {}
        Content::Children(children) => json["children"] = children.iter().map(to_json).collect(),
        Content::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => json["text"] = text.into(),
            _ => json["bytes"] = STANDARD.encode(bytes).into(),
        },
    }
    json
}

fn attr_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Jid(jid) => jid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_survives_the_way_through_json() {
        let json = json!({
            "tag": "iq",
            "attrs": { "from": "s.whatsapp.net", "type": "set", "n": 3, "code": { "text": "1@2" } },
            "children": [
                { "tag": "ref", "attrs": {}, "text": "2@abc" },
                { "tag": "key", "attrs": {}, "bytes": "AP8=" },
            ],
        });
        let node = from_json(&json).unwrap();
        assert!(matches!(node.get("from"), Some(Value::Jid(_))));
        assert!(matches!(node.get("code"), Some(Value::Text(_))));
        let back = to_json(&node);
        assert_eq!(back["attrs"]["from"], "s.whatsapp.net");
        assert_eq!(back["attrs"]["n"], "3");
        assert_eq!(back["children"], json["children"]);
    }

    #[test]
    fn what_is_no_stanza_is_refused() {
        for bad in [
            json!("iq"),
            json!({}),
            json!({ "tag": "iq", "attrs": [] }),
            json!({ "tag": "iq", "attrs": { "a": null } }),
            json!({ "tag": "iq", "children": {} }),
            json!({ "tag": "iq", "bytes": "?" }),
            json!({ "tag": "iq", "text": "a", "bytes": "AA==" }),
            json!({ "tag": "iq", "content": "a" }),
        ] {
            assert!(from_json(&bad).is_err(), "{bad}");
        }
    }
}
