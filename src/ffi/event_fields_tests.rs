//! Holds each accessor to the list of event types in its comment: it gives something for those, and nothing for all others.

use super::super::event::wa_event_free;
use super::super::handle;
use super::super::message_fields::*;
use super::*;
use crate::api::{EVENTS, Event};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns whether an accessor gives something, by its name.
fn gives(name: &str, event: *const wa_event) -> bool {
    let text = |lent: *const c_char| !lent.is_null();
    // SAFETY: the event is alive; no out-pointer is given.
    unsafe {
        match name {
            "wa_event_code" => text(wa_event_code(event)),
            "wa_event_code_display" => text(wa_event_code_display(event)),
            "wa_event_qr_payload" => text(wa_event_qr_payload(event)),
            "wa_event_passkey_options" => text(wa_event_passkey_options(event)),
            "wa_event_stage" => text(wa_event_stage(event)),
            "wa_event_outcome" => text(wa_event_outcome(event)),
            "wa_event_user_text" => text(wa_event_user_text(event)),
            "wa_event_text" => text(wa_event_text(event)),
            "wa_event_state" => text(wa_event_state(event)),
            "wa_event_reason" => text(wa_event_reason(event)),
            "wa_event_jid" => text(wa_event_jid(event)),
            "wa_event_expires_at_ms" => wa_event_expires_at_ms(event) != 0,
            "wa_event_retry_after_ms" => wa_event_retry_after_ms(event) != 0,
            "wa_event_is_retryable" => wa_event_is_retryable(event),
            "wa_event_is_final" => wa_event_is_final(event),
            "wa_event_is_refreshing" => wa_event_is_refreshing(event),
            // A sample's status is WA_OK, which is also the answer for "none".
            "wa_event_status" => has_status(event),
            "wa_event_chat" => text(wa_event_chat(event)),
            "wa_event_sender" => text(wa_event_sender(event)),
            "wa_event_message_id" => text(wa_event_message_id(event)),
            "wa_event_message_kind" => text(wa_event_message_kind(event)),
            "wa_event_is_from_me" => wa_event_is_from_me(event),
            "wa_event_result" => text(wa_event_result(event, std::ptr::null_mut())),
            "wa_event_qr_image" => ["text", "svg", "png"].iter().all(|format| {
                let format = std::ffi::CString::new(*format).unwrap();
                !wa_event_qr_image(event, format.as_ptr(), std::ptr::null_mut()).is_null()
            }),
            _ => panic!("teach this test to call {name}"),
        }
    }
}

fn has_status(event: *const wa_event) -> bool {
    handle::get::<EventObject>(event).unwrap().event.body.status().is_some()
}

/// Accessors with the event types that their comments list; what stands in brackets is not a type.
fn documented() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut comment = String::new();
    for line in [include_str!("event_fields.rs"), include_str!("message_fields.rs")].concat().lines() {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
        } else if let Some(rest) = line.strip_prefix("pub unsafe extern \"C\" fn ") {
            let name = rest.split('(').next().unwrap().to_owned();
            let list =
                comment.split_once("Event types: ").unwrap_or_else(|| panic!("{name} lists no types")).1;
            let list = list.split('@').next().unwrap();
            let words = list.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'));
            let known = words.map(|word| word.trim_end_matches('.'));
            let types = known.filter(|word| EVENTS.iter().any(|info| info.name == *word)).map(str::to_owned);
            found.insert(name, types.collect());
            comment.clear();
        } else if !line.starts_with("#[") {
            comment.clear();
        }
    }
    found
}

#[test]
fn every_accessor_serves_exactly_the_types_that_it_lists() {
    let documented = documented();
    assert!(documented.len() > 15);
    for info in EVENTS {
        let event = handle::insert(Arc::new(EventObject::new(Event::new(1, 1, (info.sample)())))).unwrap();
        for (name, types) in &documented {
            let listed = types.iter().any(|listed| listed == info.name);
            assert_eq!(gives(name, event), listed, "{name} and {}", info.name);
        }
        // SAFETY: the event is ours.
        unsafe { wa_event_free(event) };
    }
}
