//! The server's restrictions of an account: the time-lock on beginning chats.
//!
//! The server reports it in JSON, unasked when it changes, and on request. The same notification reports other things,
//! mostly about channels.

use serde_json::{Value, json};

use super::parse::child_text;
use crate::stanza::{Node, NodeRef, build};

/// The request's name in the client that Baileys follows. Such names change from one client to the next, and the server
/// takes old ones for long.
const TIME_LOCK_QUERY: &str = "23983697327930364";

const TIME_LOCK_ANSWER: &str = "xwa2_fetch_account_reachout_timelock";
const TIME_LOCK_NOTICE: &str = "xwa2_notify_account_reachout_timelock";
const TIME_LOCK_CHANGE: &str = "NotificationUserReachoutTimelockUpdate";

/// Longest text that is kept of a reason.
const MAX_REASON: usize = 64;

/// The state of the restriction on writing to people who have not written to the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimeLock {
    /// Set if the restriction applies.
    pub is_active: bool,
    /// The end, Unix seconds; `None` if it is not said. WhatsApp Web takes it to be a minute then.
    pub ends: Option<u64>,
    /// The reason, in the server's words: `DEFAULT`, `BIZ_COMMERCE_VIOLATION_...`
    pub reason: Option<String>,
}

/// Asks for the time-lock; still without an id. The official web client asks when a message is refused, not at each login.
pub fn fetch_time_lock() -> Node {
    let body = json!({ "queryId": TIME_LOCK_QUERY, "variables": {} }).to_string();
    build::get("w:mex").child(Node::new("query").attr("query_id", TIME_LOCK_QUERY).text(body))
}

/// Reads the answer to [`fetch_time_lock`]; `None` if there is no time-lock in it.
pub fn time_lock_answer(reply: &NodeRef<'_>) -> Option<TimeLock> {
    TimeLock::read(child_text(reply, "result")?, TIME_LOCK_ANSWER)
}

/// Reads a `<notification type="mex">`; `None` if it is about something else.
pub fn time_lock_notice(notification: &NodeRef<'_>) -> Option<TimeLock> {
    TimeLock::read(child_text(notification, "update")?, TIME_LOCK_NOTICE)
}

/// Returns whether a `<notification type="mex">` is about the time-lock, even if it does not give its state.
pub fn is_time_lock_notice(notification: &NodeRef<'_>) -> bool {
    notification.child("update").is_some_and(|update| update.is("op_name", TIME_LOCK_CHANGE))
}

impl TimeLock {
    fn read(json: &str, key: &str) -> Option<Self> {
        let whole: Value = serde_json::from_str(json).ok()?;
        let lock = whole.get("data")?.get(key)?.as_object()?;
        let ends = lock.get("time_enforcement_ends").and_then(|ends| match ends {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        let reason = lock.get("enforcement_type").and_then(Value::as_str);
        Some(Self {
            is_active: lock.get("is_active").and_then(Value::as_bool).unwrap_or(false),
            ends: ends.filter(|ends| *ends != 0),
            reason: reason.filter(|reason| reason.len() <= MAX_REASON).map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::reading;
    use super::*;

    fn answer(json: &str) -> Option<TimeLock> {
        let node = Node::new("iq").child(Node::new("result").text(json));
        reading(node, |node| time_lock_answer(&node))
    }

    #[test]
    fn asking() {
        assert_eq!(
            fetch_time_lock().xml(),
            format!(
                "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"w:mex\"><query query_id=\"23983697327930364\">\
                 <!-- 46 bytes: {} --></query></iq>",
                hex::encode("{\"queryId\":\"23983697327930364\",\"variables\":{}}")
            )
        );
    }

    #[test]
    fn answers() {
        let json = r#"{"data":{"xwa2_fetch_account_reachout_timelock":{"is_active":true,
            "time_enforcement_ends":"1767225600","enforcement_type":"DEFAULT"}}}"#;
        let reason = Some("DEFAULT".to_owned());
        assert_eq!(answer(json), Some(TimeLock { is_active: true, ends: Some(1_767_225_600), reason }));
        let free = r#"{"data":{"xwa2_fetch_account_reachout_timelock":{"time_enforcement_ends":"0"}}}"#;
        assert_eq!(answer(free), Some(TimeLock { is_active: false, ends: None, reason: None }));
        assert_eq!(answer(r#"{"data":{"xwa2_fetch_account_reachout_timelock":null}}"#), None);
        assert_eq!(answer(r#"{"errors":[]}"#), None);
        assert_eq!(answer(&"[".repeat(100_000)), None);
    }

    #[test]
    fn notices() {
        let update = |json: &str| {
            let update =
                Node::new("update").attr("op_name", "NotificationUserReachoutTimelockUpdate").text(json);
            reading(Node::new("notification").child(update), |node| time_lock_notice(&node))
        };
        let json = r#"{"data":{"xwa2_notify_account_reachout_timelock":{"is_active":true,
            "time_enforcement_ends":1767225600}}}"#;
        assert_eq!(update(json), Some(TimeLock { is_active: true, ends: Some(1_767_225_600), reason: None }));
        assert_eq!(update(r#"{"data":{"xwa2_notify_newsletter_on_join":{"id":"1@newsletter"}}}"#), None);
    }
}
