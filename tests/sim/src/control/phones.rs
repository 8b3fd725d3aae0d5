//! `/phones`: the simulated phones.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, ApiError, Shared, body, past, people};
use crate::{
    json_node,
    model::{Device, DeviceAddress, Phone, Queued},
    phone::{self, Behaviour, code::Typed},
    server::{account, link_code, presence, queue, restrictions, unlink},
    world::{World, unix_seconds},
};

/// Makes a phone.
pub(crate) fn create(
    world: &World,
    number: &str,
    name: &str,
    switches: Option<&Map<String, Value>>,
) -> Result<(), ApiError> {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || number.starts_with('0') || !(7..=15).contains(&number.len()) {
        return Err(ApiError::bad(
            "bad_number",
            "a number is 7 to 15 digits with country code, without + and leading 0",
        ));
    }
    let behaviour = switches.map(|switches| overlaid(&Behaviour::default(), switches)).transpose()?;
    let mut model = world.model.lock();
    if model.phones.contains_key(number) {
        return Err(ApiError::conflict("phone_exists", "there is a phone with this number"));
    }
    phone::add(world, &mut model, number, name);
    if let (Some(behaviour), Some(phone)) = (behaviour, model.phones.get_mut(number)) {
        phone.behaviour = behaviour;
    }
    drop(model);
    world.changed.notify_waiters();
    Ok(())
}

/// The switches with some of them changed.
fn overlaid(behaviour: &Behaviour, switches: &Map<String, Value>) -> Result<Behaviour, ApiError> {
    let mut all = serde_json::to_value(behaviour).unwrap_or_default();
    for (key, new) in switches {
        match all.get_mut(key) {
            Some(old) => *old = new.clone(),
            None => return Err(ApiError::bad("unknown_switch", &format!("there is no switch {key:?}"))),
        }
    }
    serde_json::from_value(all).map_err(|error| ApiError::bad("bad_switch", &error.to_string()))
}

/// Changes switches and the name.
pub(crate) fn patch(world: &World, number: &str, switches: &Value) -> Result<(), ApiError> {
    let mut switches =
        switches.as_object().cloned().ok_or(ApiError::bad("bad_body", "switches are an object"))?;
    let name = switches.remove("name");
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(number).ok_or_else(|| ApiError::no_phone(number))?;
    let new = overlaid(&phone.behaviour, &switches)?;
    let lock = |switches: &Behaviour| (switches.timelock, switches.timelock_ends);
    let lock_changed = lock(&phone.behaviour) != lock(&new);
    let privacy_changed = phone.behaviour.hides_reading != new.hides_reading;
    phone.behaviour = new;
    if let Some(name) = name.as_ref().and_then(Value::as_str) {
        phone.name = name.to_owned();
    }
    if !phone.behaviour.away {
        crate::people::back(world, &mut model, number);
    }
    if lock_changed {
        restrictions::tell(world, &mut model, number);
    }
    if privacy_changed {
        account::tell_privacy(world, &mut model, number);
    }
    drop(model);
    world.changed.notify_waiters();
    Ok(())
}

/// One phone as JSON.
pub(crate) fn show(world: &World, number: &str) -> Option<Value> {
    world.model.lock().phones.get(number).map(to_json)
}

fn to_json(phone: &Phone) -> Value {
    let companions: Vec<Value> =
        phone.devices.iter().map(|(number, device)| device_json(phone, *number, device)).collect();
    json!({
        "number": phone.number,
        "name": phone.name,
        "lid": phone.lid(0).to_string(),
        "screen": phone.screen,
        "codes_asked": phone.codes_asked,
        "request": phone.request.as_ref().map(|request| json!({
            "display": request.display,
            "push": request.push,
            "ref": request.reference,
            "connection": request.connection,
            "asked_ms": request.made_ms,
        })),
        "companions": companions,
        "switches": phone.behaviour,
        "past": phone.history.show(),
    })
}

fn device_json(phone: &Phone, number: u16, device: &Device) -> Value {
    let address = DeviceAddress { number: phone.number.clone(), device: number };
    json!({
        "device": number,
        "jid": address.jid().to_string(),
        "lid": phone.lid(number).to_string(),
        "os": device.props.os,
        "platform": device.props.platform_type().as_str_name(),
        "key_index": device.key_index,
        "signed": device.signed_identity.is_some(),
        "simulated": device.keys.secrets.is_some(),
        "online": device.connection.is_some(),
        "connection": device.connection,
        "logins": device.logins,
        "version": device.version,
        "prekeys": device.keys.prekeys.len(),
        "queued": device.queue.iter().map(|queued| queued.id.as_str()).collect::<Vec<_>>(),
        "phash_mismatches": device.phash_mismatches,
        "linked_ms": device.linked_ms,
        "last_seen_ms": device.last_seen_ms,
    })
}

pub(super) async fn get_all(State(world): Shared) -> Answer {
    let phones: Vec<Value> = world.model.lock().phones.values().map(to_json).collect();
    Ok(Json(json!({ "phones": phones })))
}

pub(super) async fn post(State(world): Shared, bytes: Bytes) -> Answer {
    let mut switches: Map<String, Value> = body(&bytes)?;
    let mut text = |key: &str| switches.remove(key).and_then(|value| value.as_str().map(str::to_owned));
    let number = text("number").ok_or_else(|| ApiError::bad("bad_body", "a phone has a number, as text"))?;
    let name = text("name").unwrap_or_else(|| "Phone".to_owned());
    create(&world, &number, &name, Some(&switches))?;
    get_one(State(world), Path(number)).await
}

pub(super) async fn get_one(State(world): Shared, Path(number): Path<String>) -> Answer {
    show(&world, &number).map(Json).ok_or_else(|| ApiError::no_phone(&number))
}

pub(super) async fn patch_one(State(world): Shared, Path(number): Path<String>, bytes: Bytes) -> Answer {
    patch(&world, &number, &body(&bytes)?)?;
    get_one(State(world), Path(number)).await
}

pub(super) async fn remove(State(world): Shared, Path(number): Path<String>) -> Answer {
    unlink::from_phone(&world, &number, unlink::Which::All).ok_or_else(|| ApiError::no_phone(&number))?;
    world.model.lock().remove_phone(&number);
    world.changed.notify_waiters();
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    qr: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unlink {
    device: Option<u16>,
    #[serde(default)]
    all: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshCode {
    #[serde(default)]
    force_manual: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    same: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reinstall {
    #[serde(default = "yes")]
    unlink: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Presence {
    available: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    device: u16,
    stanza: Value,
}

pub(super) async fn act(
    State(world): Shared,
    Path((number, verb)): Path<(String, String)>,
    bytes: Bytes,
) -> Answer {
    let no_phone = || ApiError::no_phone(&number);
    match verb.as_str() {
        "enter" => {
            let typed: Typed = body(&bytes)?;
            let outcome = phone::code::enter(&world, &number, typed).await.ok_or_else(no_phone)?;
            Ok(Json(json!(outcome)))
        }
        "scan" => {
            let Scan { qr } = body(&bytes)?;
            let outcome = phone::qr::scan(&world, &number, &qr).await.ok_or_else(no_phone)?;
            Ok(Json(json!(outcome)))
        }
        "unlink" => {
            let which = match body(&bytes)? {
                Unlink { all: true, device: None } => unlink::Which::All,
                Unlink { all: false, device: Some(device) } => unlink::Which::One(device),
                _ => return Err(ApiError::bad("bad_body", "either a device number or all")),
            };
            let unlinked = unlink::from_phone(&world, &number, which).ok_or_else(no_phone)?;
            Ok(Json(json!({ "unlinked": unlinked })))
        }
        "refresh_code" => {
            let RefreshCode { force_manual } = body(&bytes)?;
            link_code::refresh_code(&world, &number, force_manual)
                .ok_or_else(|| ApiError::conflict("no_request", "no code waits for this phone"))?;
            Ok(Json(json!({})))
        }
        "confirm" => {
            let Confirm { same } = body(&bytes)?;
            confirm(&world, &number, same)?;
            Ok(Json(json!({})))
        }
        "reinstall" => {
            let Reinstall { unlink } = body(&bytes)?;
            phone::reinstall(&world, &number, unlink).ok_or_else(no_phone)?;
            Ok(Json(json!({})))
        }
        "presence" => {
            let Presence { available } = body(&bytes)?;
            let mut model = world.model.lock();
            model.phones.get(&number).ok_or_else(no_phone)?;
            presence::at_the_phone(&mut model, &number, available);
            Ok(Json(json!({})))
        }
        "token" => {
            let Token { to } = body(&bytes)?;
            let mut model = world.model.lock();
            model.phones.get(&number).ok_or_else(no_phone)?;
            model.phones.get(&to).ok_or_else(|| ApiError::no_phone(&to))?;
            account::give_token(&world, &mut model, &number, &to, unix_seconds());
            Ok(Json(json!({})))
        }
        "past" => past::set(&world, &number, &body(&bytes)?).map(Json),
        "push" => {
            let Push { device, stanza } = body(&bytes)?;
            Ok(Json(json!({ "id": push(&world, &number, device, &stanza)? })))
        }
        verb if people::VERBS.contains(&verb) => people::act(&world, &number, verb, &body(&bytes)?).map(Json),
        _ => Err(ApiError::not_found(
            "a phone can enter, scan, unlink, refresh_code, confirm, reinstall, presence, token, past, push, send, react, \
             edit, delete, send_raw, read, typing, forget and add_device",
        )),
    }
}

/// The user says whether the codes of a passkey exchange are the same.
pub(crate) fn confirm(world: &World, number: &str, same: bool) -> Result<(), ApiError> {
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(number).ok_or_else(|| ApiError::no_phone(number))?;
    let waiting = phone
        .confirm
        .take()
        .ok_or_else(|| ApiError::conflict("nothing_to_confirm", "no code is being compared"))?;
    // The companion may have gone meanwhile; the attempt says so.
    let _ = waiting.send(same);
    Ok(())
}

/// Queues a stanza for a companion, as if the server had it for it; gives its id.
pub(crate) fn push(world: &World, number: &str, device: u16, stanza: &Value) -> Result<String, ApiError> {
    let node = json_node::from_json(stanza).map_err(|why| ApiError::bad("bad_stanza", &why))?;
    let id = match node.get("id").and_then(|id| id.as_text()) {
        Some(id) => id.to_owned(),
        None => world.stanza_id(),
    };
    let node = node.attr("id", id.clone());
    let address = DeviceAddress { number: number.to_owned(), device };
    let mut model = world.model.lock();
    if model.device(&address).is_none() {
        return Err(ApiError::not_found("there is no such companion"));
    }
    queue::push(world, &mut model, &address, Queued::new(id.clone(), node));
    Ok(id)
}
