//! Reading the client payload: who the client says it is, and whether that can be.

use wa::{
    crypto::{PublicKey, verify},
    proto::{
        Message,
        companion::DeviceProps,
        payload::{ClientPayload, DevicePairingRegistrationData, UserAgent},
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
    LogIn {
        address: DeviceAddress,
        /// Wants its queue only after it has said `active`.
        passive: bool,
    },
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
pub(super) fn read(bytes: &[u8], noise: PublicKey, options: &Options) -> Result<Wish, Refused> {
    let payload =
        ClientPayload::decode(bytes).map_err(|_| Refused::new(400, "the payload does not parse"))?;
    let agent = payload.user_agent.as_ref().ok_or(Refused::new(409, "no user agent"))?;
    let version = version(agent).ok_or(Refused::new(409, "no version"))?;
    if version < parse_version(&options.min_version) {
        return Err(Refused::new(405, "the version is too old"));
    }
    if payload.push_name.is_some() && !options.lenient {
        return Err(Refused::new(400, "a web client gives no push name"));
    }
    match (payload.device_pairing_data, payload.username, payload.device) {
        (Some(data), None, _) => {
            let text = version.map(|part| part.to_string()).join(".");
            Ok(Wish::Register(Box::new(registration(&data, noise, text)?)))
        }
        (None, Some(number), Some(device)) => Ok(Wish::LogIn {
            address: DeviceAddress {
                number: number.to_string(),
                device: u16::try_from(device).map_err(|_| Refused::new(400, "no such device number"))?,
            },
            passive: payload.passive.unwrap_or(false),
        }),
        (Some(_), Some(_), _) => Err(Refused::new(400, "both a user name and pairing data")),
        (None, ..) => Err(Refused::new(400, "neither a device nor pairing data")),
    }
}

fn version(agent: &UserAgent) -> Option<[u32; 3]> {
    let version = agent.app_version.as_ref()?;
    Some([version.primary?, version.secondary.unwrap_or(0), version.tertiary.unwrap_or(0)])
}

fn parse_version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn registration(
    data: &DevicePairingRegistrationData,
    noise: PublicKey,
    version: String,
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
    field::<16>(&data.build_hash, "buildHash is not 16 bytes")?;
    let props = data.device_props.as_deref().ok_or(Refused::new(400, "no deviceProps"))?;
    let props = DeviceProps::decode(props).map_err(|_| Refused::new(400, "deviceProps does not parse"))?;
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
        version,
    })
}
