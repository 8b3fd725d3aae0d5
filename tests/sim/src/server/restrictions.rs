//! The time-lock that keeps an account from writing to people who do not know it: who is under it, and how it is told.

use serde_json::{Value, json};
use wa::stanza::{Jid, Node, NodeRef};

use super::devices;
use crate::{
    model::{DeviceAddress, Model, Phone},
    phone::Behaviour,
    world::{World, unix_seconds},
};

/// The number of the request in the clients that ask it.
const QUERY: &str = "23983697327930364";

/// Returns whether the lock of these switches holds.
pub(super) fn is_locked(switches: &Behaviour) -> bool {
    switches.timelock && switches.timelock_ends.is_none_or(|ends| ends > unix_seconds())
}

/// Answers a question that is put in JSON: that after the lock, and others with the error that they are not known. `None` if that
/// after the lock is not named in its body.
pub(super) fn answer(world: &World, address: &DeviceAddress, query: Option<NodeRef<'_>>) -> Option<Node> {
    let query = query.filter(|query| query.is("query_id", QUERY));
    if query.is_some_and(|query| !names_itself(query)) && !world.options.lenient {
        return None;
    }
    let model = world.model.lock();
    let answer = match (query, model.phones.get(&address.number)) {
        (Some(_), Some(phone)) => json!({ "data": { "xwa2_fetch_account_reachout_timelock": lock(phone) } }),
        _ => {
            let unknown = json!({ "message": "unknown query", "extensions": { "error_code": 400 } });
            json!({ "data": null, "errors": [unknown] })
        }
    };
    Some(Node::new("result").text(answer.to_string()))
}

fn names_itself(query: NodeRef<'_>) -> bool {
    let body = query.bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    body.is_some_and(|body| body["queryId"] == QUERY)
}

/// Tells the account's devices how it stands.
pub(crate) fn tell(world: &World, model: &mut Model, number: &str) {
    let Some(phone) = model.phones.get(number) else { return };
    let json = json!({ "data": { "xwa2_notify_account_reachout_timelock": lock(phone) } });
    let update = Node::new("update").attr("op_name", "NotificationUserReachoutTimelockUpdate");
    let node = Node::new("notification")
        .attr("from", Jid::server())
        .attr("type", "mex")
        .attr("t", unix_seconds())
        .child(update.text(json.to_string()));
    devices::to_account(world, model, number, node);
}

fn lock(phone: &Phone) -> Value {
    let switches = &phone.behaviour;
    if !is_locked(switches) {
        return json!({ "is_active": false, "time_enforcement_ends": "0" });
    }
    let ends = switches.timelock_ends.unwrap_or(0).to_string();
    json!({ "is_active": true, "time_enforcement_ends": ends, "enforcement_type": "DEFAULT" })
}
