//! Messages between devices in a `protocolMessage`: edits and deletions, which a user sees as such, and the rest.

use std::fmt;

use zeroize::Zeroizing;

use super::body::{self, Body};
use super::context_info::MessageRef;
use super::parse::MAX_ITEMS;
use super::wire::{Field, Fields};
use crate::stanza::Jid;

/// The kinds, by the protocol's numbers.
mod kind {
    pub(super) const REVOKE: u32 = 0;
    pub(super) const EPHEMERAL_SETTING: u32 = 3;
    pub(super) const HISTORY_NOTICE: u32 = 5;
    pub(super) const KEY_SHARE: u32 = 6;
    pub(super) const KEY_REQUEST: u32 = 7;
    pub(super) const APP_STATE_FATAL: u32 = 10;
    pub(super) const EDIT: u32 = 14;
    pub(super) const PEER_REQUEST: u32 = 16;
    pub(super) const PEER_RESPONSE: u32 = 17;
    pub(super) const LID_MIGRATION: u32 = 22;
    pub(super) const MEMBER_LABEL: u32 = 30;
}

/// Each kind's number and word; the rows that this file reads are named above.
const WORDS: &[(u32, &str)] = &[
    (kind::REVOKE, "delete"),
    (kind::EPHEMERAL_SETTING, "disappearing_timer"),
    (4, "disappearing_timer_sync"),
    (kind::HISTORY_NOTICE, "history_sync"),
    (kind::KEY_SHARE, "app_state_key_share"),
    (kind::KEY_REQUEST, "app_state_key_request"),
    (8, "fanout_backfill_request"),
    (9, "security_notification_setting"),
    (kind::APP_STATE_FATAL, "app_state_fatal"),
    (11, "phone_number_shared"),
    (kind::EDIT, "edit"),
    (kind::PEER_REQUEST, "peer_data_request"),
    (kind::PEER_RESPONSE, "peer_data_response"),
    (18, "welcome_request"),
    (19, "bot_feedback"),
    (20, "media_notify"),
    (21, "thread_control"),
    (kind::LID_MIGRATION, "lid_mapping"),
    (23, "reminder"),
    (25, "status_mention"),
    (26, "stop_generation"),
    (27, "limit_sharing"),
    (28, "ai_psi_metadata"),
    (29, "ai_query_fanout"),
    (kind::MEMBER_LABEL, "member_label"),
    (31, "ai_media_collection"),
    (32, "unschedule"),
    (34, "chat_theme"),
    (35, "ai_metadata"),
    (36, "mark_as_verified"),
    (37, "coexistence_state"),
];

/// A message between devices. Most of them are only to be believed from devices of the own account.
#[derive(Clone, PartialEq)]
pub enum Protocol {
    /// Messages in this chat disappear from now on.
    DisappearingTimer {
        /// The seconds after which they disappear; 0 is never.
        seconds: u32,
        /// When that was set, in seconds since 1970.
        set_at: Option<i64>,
    },
    /// The phone has put a part of the history up for us: the serialised `HistorySyncNotification`, with the key of the file in it.
    /// Only from the own phone.
    HistoryNotice(Zeroizing<Vec<u8>>),
    /// Keys of the app state. Only from own devices.
    AppStateKeyShare(Vec<AppStateKey>),
    /// Another own device wants the keys of these ids.
    AppStateKeyRequest(Vec<Vec<u8>>),
    /// These collections of the app state are broken and to be fetched anew. Only from own devices.
    AppStateFatal(Vec<String>),
    /// A request that only a phone answers.
    PeerDataRequest,
    /// The phone's answer to a request of ours. Only from the own phone.
    PeerDataResponse(PeerDataResponse),
    /// The pairs of LID and phone number. Only from the own phone.
    LidMapping(LidMapping),
    /// The label that a member chose for himself in this group; empty for none.
    MemberLabel(String),
    /// Any other kind.
    Other {
        /// The protocol's number.
        kind: u32,
    },
}

impl fmt::Debug for Protocol {
    /// Only which it is: keys and numbers are not printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DisappearingTimer { .. } => "DisappearingTimer",
            Self::HistoryNotice(_) => "HistoryNotice",
            Self::AppStateKeyShare(_) => "AppStateKeyShare",
            Self::AppStateKeyRequest(_) => "AppStateKeyRequest",
            Self::AppStateFatal(_) => "AppStateFatal",
            Self::PeerDataRequest => "PeerDataRequest",
            Self::PeerDataResponse(_) => "PeerDataResponse",
            Self::LidMapping(_) => "LidMapping",
            Self::MemberLabel(_) => "MemberLabel",
            Self::Other { .. } => "Other",
        })
    }
}

/// A key of the app state.
#[derive(Clone, PartialEq, Eq)]
pub struct AppStateKey {
    /// Its id.
    pub id: Vec<u8>,
    /// The key, as a rule 32 bytes.
    pub data: Zeroizing<Vec<u8>>,
    /// The serialised fingerprint of the devices that it was made for.
    pub fingerprint: Vec<u8>,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
}

/// The phone's answer to a request.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PeerDataResponse {
    /// The protocol's number of what was asked: 2 a link preview, 3 history, 4 a message again.
    pub kind: u32,
    /// The id of our request.
    pub request: String,
    /// Messages sent again, each a serialised `WebMessageInfo`.
    pub resent: Vec<Vec<u8>>,
    /// All results, each a serialised `PeerDataOperationResult`.
    pub results: Vec<Vec<u8>>,
}

/// Phone numbers and their LIDs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LidMapping {
    /// Phone number and LID of each account; where an account has been given a new LID, the new one.
    pub pairs: Vec<(Jid, Jid)>,
    /// When the phone's chats were moved to LIDs, in the unit in which the phone wrote it.
    pub migrated_at: Option<u64>,
}

/// The word of a protocol message.
pub(super) fn word(content: &Field<'_>) -> &'static str {
    let mut kind = kind::REVOKE;
    let mut has_key = false;
    for field in Fields::of(content.bytes().unwrap_or_default()) {
        match field.number {
            1 => has_key = MessageRef::of(&field).is_some(),
            2 => kind = field.small().unwrap_or(u32::MAX),
            _ => {}
        }
    }
    // A message without a kind reads as REVOKE; it only is one if it says what to delete.
    if kind == kind::REVOKE && !has_key {
        return "protocol";
    }
    WORDS.iter().find(|(number, _)| *number == kind).map_or("protocol", |(_, word)| word)
}

/// Reads a protocol message that lies in `whole`.
pub(super) fn read(fields: Fields<'_>, whole: &[u8]) -> Option<Body> {
    let mut kind = kind::REVOKE;
    let (mut target, mut at_ms) = (None, None);
    let (mut seconds, mut set_at) = (0, None);
    let mut payloads = Payloads::default();
    for field in fields {
        match field.number {
            1 => target = MessageRef::of(&field),
            2 => kind = field.small()?,
            4 => seconds = field.small().unwrap_or_default(),
            5 => set_at = field.signed(),
            6 => payloads.history = field.bytes(),
            7 => payloads.key_share = field.bytes(),
            8 => payloads.key_request = field.bytes(),
            10 => payloads.fatal = field.bytes(),
            14 => payloads.edited = field.bytes(),
            15 => at_ms = field.signed(),
            17 => payloads.response = field.bytes(),
            23 => payloads.lid_mapping = field.bytes(),
            27 => payloads.label = field.bytes(),
            _ => {}
        }
    }
    Some(Body::Protocol(match kind {
        kind::REVOKE => return Some(Body::Delete { target: target? }),
        kind::EDIT => return Some(Body::Edit(body::edit(target?, at_ms, payloads.edited?, whole))),
        kind::EPHEMERAL_SETTING => Protocol::DisappearingTimer { seconds, set_at },
        kind::HISTORY_NOTICE => Protocol::HistoryNotice(Zeroizing::new(payloads.history?.to_vec())),
        kind::KEY_SHARE => Protocol::AppStateKeyShare(key_share(payloads.key_share?)),
        kind::KEY_REQUEST => Protocol::AppStateKeyRequest(key_request(payloads.key_request?)),
        kind::APP_STATE_FATAL => Protocol::AppStateFatal(texts(payloads.fatal?)),
        kind::PEER_REQUEST => Protocol::PeerDataRequest,
        kind::PEER_RESPONSE => Protocol::PeerDataResponse(response(payloads.response?)),
        kind::LID_MIGRATION => Protocol::LidMapping(lid_mapping(payloads.lid_mapping?)?),
        kind::MEMBER_LABEL => Protocol::MemberLabel(texts(payloads.label?).pop().unwrap_or_default()),
        kind => Protocol::Other { kind },
    }))
}

/// The payloads that are read, of which a message has one.
#[derive(Default)]
struct Payloads<'a> {
    history: Option<&'a [u8]>,
    key_share: Option<&'a [u8]>,
    key_request: Option<&'a [u8]>,
    fatal: Option<&'a [u8]>,
    edited: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    lid_mapping: Option<&'a [u8]>,
    label: Option<&'a [u8]>,
}

/// The messages in the repeated field of that number.
fn each(bytes: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Fields::of(bytes)
        .filter(move |field| field.number == number)
        .filter_map(|field| field.bytes())
        .take(MAX_ITEMS)
}

/// The last content of the field of that number.
fn inside(bytes: &[u8], number: u32) -> Option<&[u8]> {
    each(bytes, number).last()
}

fn texts(bytes: &[u8]) -> Vec<String> {
    each(bytes, 1).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

fn key_share(bytes: &[u8]) -> Vec<AppStateKey> {
    each(bytes, 1).filter_map(key).collect()
}

/// A key; `None` for an id that the other device does not hold a key of.
fn key(bytes: &[u8]) -> Option<AppStateKey> {
    let id = inside(inside(bytes, 1)?, 1)?.to_vec();
    let content = inside(bytes, 2)?;
    let data = Zeroizing::new(inside(content, 1)?.to_vec());
    let fingerprint = inside(content, 2).unwrap_or_default().to_vec();
    let at_ms = Fields::of(content).filter(|field| field.number == 3).last().and_then(|field| field.signed());
    Some(AppStateKey { id, data, fingerprint, at_ms: at_ms.unwrap_or_default() })
}

fn key_request(bytes: &[u8]) -> Vec<Vec<u8>> {
    each(bytes, 1).filter_map(|id| inside(id, 1)).map(<[u8]>::to_vec).collect()
}

fn response(bytes: &[u8]) -> PeerDataResponse {
    let mut out = PeerDataResponse::default();
    for field in Fields::of(bytes) {
        match field.number {
            1 => out.kind = field.small().unwrap_or_default(),
            2 => out.request = field.text().unwrap_or_default(),
            3 if out.results.len() < MAX_ITEMS => {
                let result = field.bytes().unwrap_or_default();
                out.resent.extend(inside(result, 4).and_then(|again| inside(again, 1)).map(<[u8]>::to_vec));
                out.results.push(result.to_vec());
            }
            _ => {}
        }
    }
    out
}

fn lid_mapping(bytes: &[u8]) -> Option<LidMapping> {
    let payload = inside(bytes, 1)?;
    let mut out = LidMapping::default();
    for field in Fields::checked(payload).ok()? {
        match field.number {
            1 if out.pairs.len() < MAX_PAIRS => out.pairs.extend(field.bytes().and_then(pair)),
            2 => out.migrated_at = field.whole(),
            _ => {}
        }
    }
    Some(out)
}

/// Most pairs that are taken from one message: more than a phone has chats.
const MAX_PAIRS: usize = 100_000;

fn pair(bytes: &[u8]) -> Option<(Jid, Jid)> {
    let (mut pn, mut assigned, mut latest) = (0, 0, 0);
    for field in Fields::of(bytes) {
        match field.number {
            1 => pn = field.whole()?,
            2 => assigned = field.whole()?,
            3 => latest = field.whole()?,
            _ => {}
        }
    }
    let lid = if latest == 0 { assigned } else { latest };
    if pn == 0 || lid == 0 {
        return None;
    }
    Some((Jid::user(pn.to_string()), Jid::lid(lid.to_string())))
}
