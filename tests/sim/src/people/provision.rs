//! A phone's messages to a new companion: the key of the app state, and the history; that of a phone without a past is empty.

use std::io::Write as _;

use wa::{
    crypto::random_array,
    proto::{
        Message as _,
        message::{
            AppStateSyncKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId,
            AppStateSyncKeyShare, HistorySyncNotification, Message, ProtocolMessage, protocol_message::Type,
        },
    },
};

use super::{
    Scene, act,
    history::{self, PushName},
    send,
};
use crate::{
    model::{DeviceAddress, Model},
    world::{World, unix_millis},
};

/// `INITIAL_BOOTSTRAP` and `PUSH_NAME`.
const BOOTSTRAP: u32 = 0;
const PUSH_NAME: u32 = 4;

/// A part of the history, without conversations.
#[derive(Clone, PartialEq, prost::Message)]
struct HistorySync {
    #[prost(uint32, optional, tag = "1")]
    sync_type: Option<u32>,
    #[prost(uint32, optional, tag = "5")]
    chunk_order: Option<u32>,
    #[prost(uint32, optional, tag = "6")]
    progress: Option<u32>,
    #[prost(message, repeated, tag = "7")]
    pushnames: Vec<PushName>,
    #[prost(bytes = "vec", optional, tag = "19")]
    nct_salt: Option<Vec<u8>>,
}

/// Provisions a companion, once: as soon as it has uploaded prekeys.
pub(crate) fn provision(world: &World, model: &mut Model, companion: &DeviceAddress) {
    let Some(phone) = model.phones.get_mut(&companion.number) else { return };
    if !phone.behaviour.provisions {
        return;
    }
    let (account, raw_id, index) = (phone.lid(0).to_string(), phone.raw_id, phone.last_key_index);
    let number = wa::stanza::Jid::user(companion.number.as_str()).to_string();
    let name = phone.name.clone();
    let indexes = phone.valid_indexes();
    let key: [u8; 32] = random_array(&mut world.random());
    let key = *phone.app_state_key.get_or_insert(key);
    let salt: [u8; 32] = random_array(&mut world.random());
    let salt = *phone.nct_salt.get_or_insert(salt);
    let Some(device) = phone.devices.get_mut(&companion.device) else { return };
    if std::mem::replace(&mut device.provisioned, true) {
        return;
    }
    let names = [number, account].map(|id| PushName { id: Some(id), pushname: Some(name.clone()) });
    let mut messages = vec![protocol(ProtocolMessage {
        r#type: Some(Type::AppStateSyncKeyShare.into()),
        app_state_sync_key_share: Some(key_share(&key, raw_id, index, indexes)),
        ..ProtocolMessage::default()
    })];
    if !history::provision(world, model, companion) {
        messages.push(part(&HistorySync {
            sync_type: Some(BOOTSTRAP),
            chunk_order: Some(1),
            progress: Some(100),
            pushnames: vec![],
            nct_salt: Some(salt.to_vec()),
        }));
        messages.push(part(&HistorySync {
            sync_type: Some(PUSH_NAME),
            pushnames: names.to_vec(),
            ..HistorySync::default()
        }));
    }
    let address = DeviceAddress { number: companion.number.clone(), device: 0 };
    act(world, model, &address, |model, actor| {
        let mut scene = Scene { world, model, address: &address };
        for message in messages {
            if let Err(why) = send::send_peer(&mut scene, actor, companion, &message) {
                world.log.note(None, format!("{} is not provisioned: {why:?}", companion.jid()));
            }
        }
    });
}

fn protocol(message: ProtocolMessage) -> Vec<u8> {
    Message { protocol_message: Some(message), ..Message::default() }.encode_to_vec()
}

/// The key under which the account's app state is encrypted. Its id is the device that made it and a counter.
fn key_share(
    key: &[u8; 32],
    raw_id: u32,
    current_index: u32,
    device_indexes: Vec<u32>,
) -> AppStateSyncKeyShare {
    let fingerprint = AppStateSyncKeyFingerprint {
        raw_id: Some(raw_id),
        current_index: Some(current_index),
        device_indexes,
    };
    AppStateSyncKeyShare {
        keys: vec![AppStateSyncKey {
            key_id: Some(AppStateSyncKeyId { key_id: Some(vec![0, 0, 0, 0, 0, 1]) }),
            key_data: Some(AppStateSyncKeyData {
                key_data: Some(key.to_vec()),
                fingerprint: Some(fingerprint),
                timestamp: i64::try_from(unix_millis()).ok(),
            }),
        }],
    }
}

/// A part of the history, all of it in the notice.
fn part(history: &HistorySync) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(&history.encode_to_vec());
    let payload = encoder.finish().unwrap_or_default();
    protocol(ProtocolMessage {
        r#type: Some(Type::HistorySyncNotification.into()),
        history_sync_notification: Some(HistorySyncNotification {
            sync_type: history.sync_type,
            chunk_order: history.chunk_order,
            progress: history.progress,
            initial_hist_bootstrap_inline_payload: Some(payload),
            ..HistorySyncNotification::default()
        }),
        ..ProtocolMessage::default()
    })
}
