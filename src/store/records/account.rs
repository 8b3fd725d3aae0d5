//! The account a device is linked to.

use super::codec;
use crate::crypto::PublicKey;
use crate::store::{Batch, Space, StoreError, Value};
use std::fmt;

/// The account a device is linked to. It exists from the moment the phone's answer was verified.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Own JID by phone number, with device.
    pub jid: String,
    /// Own LID, with device; empty if the server gave none.
    pub lid: String,
    /// The phone's signed statement that this device is its companion, with our signature in it, as it goes into messages.
    pub account_blob: Vec<u8>,
    /// The account's identity key: the phone's.
    pub account_key: PublicKey,
    /// This device's number in the account's list of devices.
    pub key_index: u32,
    /// Name of a business account.
    pub business_name: Option<String>,
    /// The phone's platform, as the server calls it.
    pub platform: String,
    /// The user's name as contacts see it; learned after the first login.
    pub push_name: Option<String>,
    /// Successful logins so far. Goes into the next login.
    pub login_counter: u32,
    /// Set if the server has the prekeys that it is owed: false from linking, and from when it asks for more, until it confirms.
    pub server_has_prekeys: bool,
    /// Set if the account's chats are addressed by LID.
    pub lid_migrated: bool,
    /// The id the next one-time prekey will get.
    pub next_prekey_id: u32,
    /// The first id that the server did not confirm; the ids from here up to the next are stored but may be unknown to it.
    pub first_unsent_prekey_id: u32,
    /// The first ids of the batches of prekeys that were made lately, oldest first.
    pub prekey_batches: Vec<u32>,
    /// The server's clock minus ours.
    pub clock_offset_ms: i64,
    /// When the device was linked, Unix milliseconds by our clock.
    pub linked_ms: i64,
    /// The salt of tokens for people who gave us none; empty until the phone says it.
    pub nct_salt: Vec<u8>,
    /// The hash of the server properties that are held.
    pub props_hash: Option<String>,
    /// The word that shows the media servers that this device may delete a file of its history; empty until the phone says it.
    pub companion_nonce: String,
}

impl AccountRecord {
    /// A new link, nothing done with it yet.
    pub fn new(jid: String, lid: String, account_blob: Vec<u8>, account_key: PublicKey) -> Self {
        AccountRecord {
            jid,
            lid,
            account_blob,
            account_key,
            key_index: 0,
            business_name: None,
            platform: String::new(),
            push_name: None,
            login_counter: 0,
            server_has_prekeys: false,
            lid_migrated: false,
            next_prekey_id: 1,
            first_unsent_prekey_id: 1,
            prekey_batches: Vec::new(),
            clock_offset_ms: 0,
            linked_ms: 0,
            nct_salt: Vec::new(),
            props_hash: None,
            companion_nonce: String::new(),
        }
    }

    /// The record after one more successful login.
    pub fn logged_in(&self) -> Self {
        AccountRecord { login_counter: self.login_counter.saturating_add(1), ..self.clone() }
    }

    /// Adds the writing of this record to a batch.
    pub fn put(&self, batch: &mut Batch) {
        batch.put(Space::Account, Vec::new(), self.encode());
    }

    /// Learns the server's clock from a time that it tells in whole seconds. A host's clock that is within that second is right.
    pub fn learn_time(&mut self, server_s: i64, host_ms: i64) {
        let least = server_s.saturating_mul(1000).saturating_sub(host_ms);
        self.clock_offset_ms = 0_i64.clamp(least, least.saturating_add(999));
    }

    /// The time by the server's clock when it is that time by the host's, both in Unix milliseconds.
    pub fn server_ms(&self, host_ms: i64) -> i64 {
        host_ms.saturating_add(self.clock_offset_ms)
    }

    /// The account's phone number, digits only.
    pub fn phone(&self) -> &str {
        self.jid.split(['@', ':']).next().unwrap_or(&self.jid)
    }

    /// The stored form.
    pub fn encode(&self) -> Value {
        codec::encode(&AccountWire {
            jid: self.jid.clone(),
            lid: self.lid.clone(),
            account_blob: self.account_blob.clone(),
            account_key: self.account_key.0.to_vec(),
            key_index: self.key_index,
            business_name: self.business_name.clone(),
            platform: self.platform.clone(),
            push_name: self.push_name.clone(),
            login_counter: self.login_counter,
            server_has_prekeys: self.server_has_prekeys,
            lid_migrated: self.lid_migrated,
            next_prekey_id: self.next_prekey_id,
            first_unsent_prekey_id: self.first_unsent_prekey_id,
            clock_offset_ms: self.clock_offset_ms,
            linked_ms: self.linked_ms,
            nct_salt: self.nct_salt.clone(),
            props_hash: self.props_hash.clone(),
            companion_nonce: self.companion_nonce.clone(),
            prekey_batches: self.prekey_batches.clone(),
        })
    }

    /// Reads the stored form.
    pub fn decode(value: &[u8]) -> Result<Self, StoreError> {
        let wire: AccountWire = codec::decode(Space::Account, value)?;
        let account_key = PublicKey::from_slice(&wire.account_key)
            .ok_or_else(|| codec::error(Space::Account, "a key has the wrong size"))?;
        Ok(AccountRecord {
            jid: wire.jid,
            lid: wire.lid,
            account_blob: wire.account_blob,
            account_key,
            key_index: wire.key_index,
            business_name: wire.business_name,
            platform: wire.platform,
            push_name: wire.push_name,
            login_counter: wire.login_counter,
            server_has_prekeys: wire.server_has_prekeys,
            lid_migrated: wire.lid_migrated,
            next_prekey_id: wire.next_prekey_id,
            first_unsent_prekey_id: wire.first_unsent_prekey_id,
            clock_offset_ms: wire.clock_offset_ms,
            linked_ms: wire.linked_ms,
            nct_salt: wire.nct_salt,
            props_hash: wire.props_hash,
            companion_nonce: wire.companion_nonce,
            prekey_batches: wire.prekey_batches,
        })
    }
}

impl fmt::Debug for AccountRecord {
    /// Without names and numbers: this may end up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountRecord")
            .field("platform", &self.platform)
            .field("key_index", &self.key_index)
            .field("login_counter", &self.login_counter)
            .field("server_has_prekeys", &self.server_has_prekeys)
            .field("lid_migrated", &self.lid_migrated)
            .field("next_prekey_id", &self.next_prekey_id)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct AccountWire {
    #[prost(string, tag = "1")]
    jid: String,
    #[prost(string, tag = "2")]
    lid: String,
    #[prost(bytes = "vec", tag = "3")]
    account_blob: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    account_key: Vec<u8>,
    #[prost(uint32, tag = "5")]
    key_index: u32,
    #[prost(string, optional, tag = "6")]
    business_name: Option<String>,
    #[prost(string, tag = "7")]
    platform: String,
    #[prost(string, optional, tag = "8")]
    push_name: Option<String>,
    #[prost(uint32, tag = "9")]
    login_counter: u32,
    #[prost(bool, tag = "10")]
    server_has_prekeys: bool,
    #[prost(bool, tag = "11")]
    lid_migrated: bool,
    #[prost(uint32, tag = "12")]
    next_prekey_id: u32,
    #[prost(uint32, tag = "13")]
    first_unsent_prekey_id: u32,
    #[prost(sint64, tag = "14")]
    clock_offset_ms: i64,
    #[prost(int64, tag = "15")]
    linked_ms: i64,
    #[prost(bytes = "vec", tag = "16")]
    nct_salt: Vec<u8>,
    #[prost(uint32, repeated, tag = "17")]
    prekey_batches: Vec<u32>,
    #[prost(string, optional, tag = "18")]
    props_hash: Option<String>,
    #[prost(string, tag = "19")]
    companion_nonce: String,
}
