//! A companion's description of itself at the end of the handshake: "link me" ([`registration`]) or "I am linked" ([`login`]).
//!
//! The shape is that of the browser client: other combinations of platform, sub-platform and history flags have been seen
//! refused without a word. Fields that are false or zero are written where browsers write them.

use std::fmt;
use std::str::FromStr;

use md5::{Digest, Md5};

use crate::crypto::{KeyPair, PublicKey, Random};
use crate::proto::Message;
use crate::proto::companion::device_props::{self, PlatformType};
use crate::proto::companion::{DeviceProps, HistorySyncConfig};
use crate::proto::payload::user_agent::{self, Platform, ReleaseChannel};
use crate::proto::payload::web_info::WebSubPlatform;
use crate::proto::payload::{
    ClientPayload, ConnectReason, ConnectType, DevicePairingRegistrationData, UserAgent, WebInfo,
};

/// The version of the web client that is presented, as three numbers. A server refuses one that is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppVersion(pub [u32; 3]);

impl AppVersion {
    /// The version that was current when this was written.
    pub const BUILT_IN: Self = Self([2, 3000, 1_049_950_004]);

    /// Returns the MD5 of the version's text, which registration carries beside the version. It identifies, it protects nothing.
    #[must_use]
    pub fn build_hash(&self) -> [u8; 16] {
        Md5::digest(self.to_string()).into()
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [primary, secondary, tertiary] = self.0;
        write!(f, "{primary}.{secondary}.{tertiary}")
    }
}

/// A text is no version of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version is three numbers with dots between them, as in 2.3000.1045649367")]
pub struct InvalidVersion;

impl FromStr for AppVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let mut parts = text.split('.').map(|part| {
            // `parse` alone would take a plus sign.
            if part.bytes().all(|b| b.is_ascii_digit()) { part.parse().ok() } else { None }
        });
        let mut next = || parts.next().flatten().ok_or(InvalidVersion);
        let version = Self([next()?, next()?, next()?]);
        if parts.next().is_some() { Err(InvalidVersion) } else { Ok(version) }
    }
}

/// The device's presentation of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceDescription {
    /// The version of the web client.
    pub version: AppVersion,
    /// Language, lower case, as in "en".
    pub language: String,
    /// Country, upper case, as in "US".
    pub country: String,
    /// The properties that the phone shows under "Linked devices", and the history asked for.
    pub props: DeviceProps,
}

impl DeviceDescription {
    /// A browser on the operating system that `os` names; with `platform` it decides name and icon in the phone's list.
    #[must_use]
    pub fn browser(os: &str, platform: PlatformType) -> Self {
        Self {
            version: AppVersion::BUILT_IN,
            language: "en".to_owned(),
            country: "US".to_owned(),
            props: DeviceProps {
                os: Some(os.to_owned()),
                version: None,
                platform_type: Some(platform.into()),
                require_full_sync: Some(false),
                history_sync_config: Some(browser_history()),
            },
        }
    }

    /// Sets the operating system's version, which only a system with a version of dotted numbers has.
    #[must_use]
    pub fn with_os_version(mut self, [primary, secondary, tertiary]: [u32; 3]) -> Self {
        self.props.version = Some(device_props::AppVersion {
            primary: Some(primary),
            secondary: Some(secondary),
            tertiary: Some(tertiary),
            ..Default::default()
        });
        self
    }
}

impl Default for DeviceDescription {
    fn default() -> Self {
        Self::browser("Linux", PlatformType::Chrome)
    }
}

/// Returns a browser's abilities with history.
fn browser_history() -> HistorySyncConfig {
    let yes = Some(true);
    HistorySyncConfig {
        storage_quota_mb: Some(10_240),
        inline_initial_payload_in_e2ee_msg: yes,
        support_call_log_history: yes,
        support_bot_user_agent_chat_history: yes,
        support_cag_reactions_and_polls: yes,
        support_biz_hosted_msg: yes,
        support_recent_sync_chunk_message_count_tuning: yes,
        support_hosted_group_msg: yes,
        support_fbid_bot_chat_history: yes,
        support_message_association: yes,
        support_group_history: yes,
        thumbnail_sync_days_limit: Some(60),
        support_manus_history: yes,
        support_hatch_history: yes,
        ..Default::default()
    }
}

/// The keys that a device registers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationKeys {
    /// 1 to 16380 is what every client agrees on.
    pub registration_id: u32,
    /// The identity key.
    pub identity: PublicKey,
    /// The signed prekey's id; 24 bits are sent.
    pub signed_prekey_id: u32,
    /// The signed prekey.
    pub signed_prekey: PublicKey,
    /// The identity key's signature over the signed prekey with its type byte.
    pub signature: [u8; 64],
}

impl RegistrationKeys {
    /// Signs the prekey. Draws 64 random bytes.
    #[must_use]
    pub fn signed(
        registration_id: u32,
        identity: &KeyPair,
        signed_prekey_id: u32,
        signed_prekey: PublicKey,
        rng: &mut dyn Random,
    ) -> Self {
        let signature = identity.sign(&[&signed_prekey.with_type_byte()], rng);
        Self { registration_id, identity: identity.public(), signed_prekey_id, signed_prekey, signature }
    }
}

/// The login of a linked device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The phone number as an integer, for every account.
    pub username: u64,
    /// The device number of the own JID.
    pub device: u32,
    /// The number of successful logins since the device was linked.
    pub login_counter: u32,
    /// Set if the server shall hold the offline queue back until the client says it is active. Browsers send false.
    pub passive: bool,
    /// Set if the own store is keyed by LID.
    pub lid_migrated: bool,
    /// The number of connections that succeeded in this process, if it is to be reported.
    pub connect_attempt_count: Option<u32>,
}

/// The payload of a device that wants to be linked.
#[must_use]
pub fn registration(device: &DeviceDescription, keys: &RegistrationKeys) -> ClientPayload {
    let [_, prekey_id @ ..] = keys.signed_prekey_id.to_be_bytes();
    ClientPayload {
        passive: Some(false),
        pull: Some(false),
        device_pairing_data: Some(DevicePairingRegistrationData {
            e_regid: Some(keys.registration_id.to_be_bytes().to_vec()),
            e_keytype: Some(vec![5]),
            e_ident: Some(keys.identity.0.to_vec()),
            e_skey_id: Some(prekey_id.to_vec()),
            e_skey_val: Some(keys.signed_prekey.0.to_vec()),
            e_skey_sig: Some(keys.signature.to_vec()),
            build_hash: Some(device.version.build_hash().to_vec()),
            device_props: Some(device.props.encode_to_vec()),
        }),
        ..common(device)
    }
}

/// The payload of a device that is linked.
#[must_use]
pub fn login(device: &DeviceDescription, login: &Login) -> ClientPayload {
    ClientPayload {
        username: Some(login.username),
        passive: Some(login.passive),
        connect_attempt_count: login.connect_attempt_count,
        device: Some(login.device),
        // A device that logs in two thousand million times has lost count, and so may we.
        lc: Some(i32::try_from(login.login_counter).unwrap_or(i32::MAX)),
        pull: Some(true),
        lid_db_migrated: Some(login.lid_migrated),
        ..common(device)
    }
}

fn common(device: &DeviceDescription) -> ClientPayload {
    let text = |text: &str| Some(text.to_owned());
    let [primary, secondary, tertiary] = device.version.0;
    ClientPayload {
        user_agent: Some(UserAgent {
            platform: Some(Platform::Web.into()),
            app_version: Some(user_agent::AppVersion {
                primary: Some(primary),
                secondary: Some(secondary),
                tertiary: Some(tertiary),
                ..Default::default()
            }),
            mcc: text("000"),
            mnc: text("000"),
            os_version: text("0.1"),
            manufacturer: text(""),
            device: text("Desktop"),
            os_build_number: text("0.1"),
            release_channel: Some(ReleaseChannel::Release.into()),
            locale_language_iso_639_1: text(&device.language),
            locale_country_iso_3166_1_alpha_2: text(&device.country),
            ..Default::default()
        }),
        web_info: Some(WebInfo {
            web_sub_platform: Some(WebSubPlatform::WebBrowser.into()),
            ..Default::default()
        }),
        connect_type: Some(ConnectType::WifiUnknown.into()),
        connect_reason: Some(ConnectReason::UserActivated.into()),
        ..Default::default()
    }
}
