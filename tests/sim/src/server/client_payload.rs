//! Reading the client payload: who the client says it is, and whether that can be.
//!
//! Beside what cannot be done without, the parts of a payload must fit together as those of the official web client do:
//! combinations that no official client makes have been seen refused without a word, and accounts lost over them. `--lenient` takes
//! them.

use wa::{
    crypto::{PublicKey, verify},
    noise::client_payload::AppVersion,
    proto::{
        Message,
        companion::DeviceProps,
        companion::device_props::PlatformType,
        payload::{
            ClientPayload, ConnectReason, ConnectType, DevicePairingRegistrationData, UserAgent,
            user_agent::{Platform, ReleaseChannel},
            web_info::WebSubPlatform,
        },
    },
};

use super::register::Registration;
use crate::{
    model::{DeviceAddress, SignedPrekey},
    options::Options,
};

/// The payload after all checks.
pub(super) enum Wish {
    /// To be linked.
    Register(Box<Registration>),
    /// To log in as a device.
    LogIn(Login),
}

/// The login payload of a linked device.
pub(super) struct Login {
    pub(super) address: DeviceAddress,
    /// RecordRequirements its queue only after it has said `active`.
    pub(super) passive: bool,
    /// The number of logins it has counted.
    pub(super) counted: Option<i32>,
    pub(super) version: String,
}

/// Refused with this failure reason; the text is for the log.
pub(super) struct Refused {
    pub(super) reason: u16,
    pub(super) why: &'static str,
}

impl Refused {
    pub(super) fn new(reason: u16, why: &'static str) -> Self {
        Self { reason, why }
    }
}

/// Reads and checks a payload.
pub(super) fn read(
    bytes: &[u8],
    noise: PublicKey,
    oldest: AppVersion,
    options: &Options,
) -> Result<Wish, Refused> {
    let payload =
        ClientPayload::decode(bytes).map_err(|_| Refused::new(400, "the payload does not parse"))?;
    let agent = payload.user_agent.as_ref().ok_or(Refused::new(409, "no user agent"))?;
    let version = version(agent).ok_or(Refused::new(409, "no version"))?;
    if version < oldest {
        return Err(Refused::new(405, "the version is too old"));
    }
    if !options.lenient {
        fits_together(&payload, agent)?;
    }
    match (payload.device_pairing_data, payload.username, payload.device) {
        (Some(data), None, _) => Ok(Wish::Register(Box::new(registration(&data, noise, version, options)?))),
        (None, Some(number), Some(device)) => Ok(Wish::LogIn(Login {
            address: DeviceAddress {
                number: number.to_string(),
                device: u16::try_from(device).map_err(|_| Refused::new(400, "no such device number"))?,
            },
            passive: payload.passive.unwrap_or(false),
            counted: payload.lc,
            version: version.to_string(),
        })),
        (Some(_), Some(_), _) => Err(Refused::new(400, "both a user name and pairing data")),
        (None, ..) => Err(Refused::new(400, "neither a device nor pairing data")),
    }
}

fn version(agent: &UserAgent) -> Option<AppVersion> {
    let version = agent.app_version.as_ref()?;
    Some(AppVersion([version.primary?, version.secondary.unwrap_or(0), version.tertiary.unwrap_or(0)]))
}

/// Checks the fields that every payload of a web client has, and those that none has.
fn fits_together(payload: &ClientPayload, agent: &UserAgent) -> Result<(), Refused> {
    let check = |fits: bool, reason, why| if fits { Ok(()) } else { Err(Refused::new(reason, why)) };
    let platform = agent.platform.map(|_| agent.platform());
    let sub_platform = payload.web_info.as_ref().map(|info| info.web_sub_platform());
    let is_ours = match platform {
        Some(Platform::Web) => sub_platform.is_some(),
        Some(Platform::Macos) => sub_platform == Some(WebSubPlatform::Darwin),
        Some(Platform::Windows) => {
            matches!(sub_platform, Some(WebSubPlatform::Win32 | WebSubPlatform::WinHybrid))
        }
        _ => false,
    };
    check(is_ours, 409, "the platform is not that of a web client")?;
    let released = agent.release_channel.is_some() && agent.release_channel() == ReleaseChannel::Release;
    check(released, 409, "the channel is not that of releases")?;
    check(agent.phone_id.is_none(), 409, "a web client has no id of a phone")?;
    let network = [agent.mcc.as_deref(), agent.mnc.as_deref()];
    check(network == [Some("000"); 2], 409, "a web client knows of no mobile network")?;
    let texts = [&agent.os_version, &agent.os_build_number, &agent.device];
    let are_given = texts.iter().all(|text| text.as_deref().is_some_and(|text| !text.is_empty()));
    check(are_given, 409, "the user agent does not describe its machine")?;
    let language = agent.locale_language_iso_639_1.as_deref().unwrap_or_default();
    let country = agent.locale_country_iso_3166_1_alpha_2.as_deref().unwrap_or_default();
    let is_locale = (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase());
    check(is_locale, 409, "the locale is none")?;
    check(payload.push_name.is_none(), 400, "a web client gives no push name")?;
    let is_wifi = payload.connect_type.is_some() && payload.connect_type() == ConnectType::WifiUnknown;
    let is_wanted =
        payload.connect_reason.is_some() && payload.connect_reason() == ConnectReason::UserActivated;
    check(is_wifi && is_wanted, 400, "a web client connects over Wi-Fi, for its user")?;
    let registers = payload.device_pairing_data.is_some();
    let asks = (payload.passive, payload.pull);
    if registers {
        check(
            asks == (Some(false), Some(false)),
            400,
            "one that registers is not passive and does not pull",
        )?;
        let counts = payload.lc.is_some() || payload.lid_db_migrated.is_some() || payload.device.is_some();
        check(!counts, 400, "one that registers is no device yet")
    } else {
        check(asks.0.is_some() && asks.1 == Some(true), 400, "a login pulls, and says whether it is passive")
    }
}

/// Checks the device's properties under "Linked devices", and the history that it wants.
fn props_fit(props: &DeviceProps) -> Result<(), Refused> {
    let check = |fits: bool, why| if fits { Ok(()) } else { Err(Refused::new(400, why)) };
    let os = props.os.as_deref().unwrap_or_default();
    check(!os.is_empty() && os.len() <= 256, "deviceProps names no operating system")?;
    let platform = props.platform_type.and_then(|platform| PlatformType::try_from(platform).ok());
    let platform = platform.ok_or(Refused::new(400, "deviceProps has no platform that is known"))?;
    let full = props.require_full_sync.ok_or(Refused::new(400, "requireFullSync is missing"))?;
    let history = props.history_sync_config.as_ref().ok_or(Refused::new(400, "no historySyncConfig"))?;
    check(history.inline_initial_payload_in_e2ee_msg(), "a web client takes its first history inline")?;
    check(history.storage_quota_mb.is_none_or(|quota| quota > 0), "there is no room for a history")?;
    // There are two shapes: the browser's, and that of the hybrid application of Windows.
    let asks_on_demand = history.on_demand_ready() || history.full_sync_days_limit.is_some();
    check(full || !asks_on_demand, "one that does not want all of the history limits none")?;
    check(platform != PlatformType::Uwp || full, "the application of Windows wants all of the history")
}

fn registration(
    data: &DevicePairingRegistrationData,
    noise: PublicKey,
    version: AppVersion,
    options: &Options,
) -> Result<Registration, Refused> {
    fn field<'a, const N: usize>(
        value: &'a Option<Vec<u8>>,
        why: &'static str,
    ) -> Result<&'a [u8; N], Refused> {
        value.as_deref().and_then(|bytes| bytes.try_into().ok()).ok_or(Refused::new(400, why))
    }
    let registration_id = u32::from_be_bytes(*field::<4>(&data.e_regid, "eRegid is not 4 bytes")?);
    if field::<1>(&data.e_keytype, "eKeytype is not 1 byte")? != &[5] {
        return Err(Refused::new(400, "eKeytype is not 5"));
    }
    let identity = PublicKey(*field::<32>(&data.e_ident, "eIdent is not 32 bytes")?);
    let [a, b, c] = *field::<3>(&data.e_skey_id, "eSkeyId is not 3 bytes")?;
    let key = PublicKey(*field::<32>(&data.e_skey_val, "eSkeyVal is not 32 bytes")?);
    let signature = field::<64>(&data.e_skey_sig, "eSkeySig is not 64 bytes")?;
    if !verify(&identity, &[&key.with_type_byte()], signature) {
        return Err(Refused::new(400, "eSkeySig does not verify"));
    }
    let build_hash = field::<16>(&data.build_hash, "buildHash is not 16 bytes")?;
    if *build_hash != version.build_hash() && !options.lenient {
        return Err(Refused::new(400, "buildHash is not that of the version"));
    }
    let props = data.device_props.as_deref().ok_or(Refused::new(400, "no deviceProps"))?;
    let props = DeviceProps::decode(props).map_err(|_| Refused::new(400, "deviceProps does not parse"))?;
    if !options.lenient {
        props_fit(&props)?;
    }
    Ok(Registration {
        noise,
        identity,
        registration_id,
        signed_prekey: SignedPrekey {
            id: u32::from_be_bytes([0, a, b, c]),
            key,
            signature: signature.to_vec(),
        },
        props,
        version: version.to_string(),
    })
}
