//! The end that code, QR and passkey have in common: sign the companion, upload, wait until it has answered.

use std::{sync::Arc, time::Duration};

use prost::Message;
use tokio::time::{sleep, timeout};
use wa::{
    crypto::{KeyPair, PublicKey, Random, Secret, hmac_sha256},
    pairing::account::DeviceGrant,
    proto::{
        adv::{AdvEncryptionType, AdvSignedDeviceIdentity, AdvSignedDeviceIdentityHmac},
        companion::ClientPairingProps,
    },
};

use super::{Behaviour, Outcome};
use crate::{
    faults::{Action, Forgery, Plan, Point, Subject},
    model::Screen,
    server::pair::{self, Upload},
    world::{World, unix_seconds},
};

/// The companion that the phone is about to link.
pub(super) struct Companion {
    pub(super) reference: String,
    pub(super) noise: PublicKey,
    pub(super) identity: PublicKey,
    pub(super) adv_secret: Secret<32>,
    pub(super) connection: u64,
}

/// A copy of the phone's switches.
pub(super) fn behaviour(world: &World, number: &str) -> Behaviour {
    world.model.lock().phones.get(number).map_or_else(Behaviour::default, |phone| phone.behaviour.clone())
}

/// The secret of the QR that was withdrawn last.
pub(super) fn stale_secret(world: &World, number: &str) -> Option<Secret<32>> {
    world.model.lock().phones.get(number)?.stale_secrets.last().copied().map(Secret::new)
}

/// Returns an error unless one more companion may be linked.
pub(super) fn check_room(world: &World, number: &str) -> Result<(), Outcome> {
    let model = world.model.lock();
    let full =
        model.phones.get(number).is_some_and(|phone| phone.devices.len() >= phone.behaviour.max_devices);
    if full { Err(Outcome::too_many_devices()) } else { Ok(()) }
}

/// Puts the end of an attempt on the phone's screen.
pub(super) fn show(world: &World, number: &str, outcome: &Outcome) {
    world.log.note(None, format!("phone {number}: {}", outcome.outcome));
    if let Some(phone) = world.model.lock().phones.get_mut(number) {
        phone.confirm = None;
        phone.screen = if outcome.device.is_some() {
            Screen::Devices
        } else {
            Screen::Failed { outcome: outcome.outcome.to_owned() }
        };
    }
    world.changed.notify_waiters();
}

/// Links the companion and waits until it has signed.
pub(super) async fn link(world: &Arc<World>, number: &str, companion: Companion) -> Outcome {
    let subject = || Subject::at(Point::PairSuccess, companion.connection, Some(number.to_owned().into()));
    let plan = Plan::of(world.faults.hit(subject));
    if let Some(ms) = plan.delay {
        sleep(Duration::from_millis(ms)).await;
    }
    if plan.drop || plan.silence {
        return Outcome::stopped();
    }
    if let Some(refusal) = &plan.error {
        return Outcome::upload_refused().refused_with(refusal);
    }
    let forgery = plan.special.iter().find_map(|action| match action {
        Action::Forge(forgery) => Some(*forgery),
        _ => None,
    });
    let mut random = world.random();
    let Some((identity, mut grant, lid_migrated)) = grant(world, number) else {
        return Outcome::bad_answer();
    };
    let key_index = grant.key_index;
    let container = container(&mut grant, &identity, &companion, forgery, &mut random);
    let uploaded = pair::upload(
        world,
        Upload {
            number,
            reference: &companion.reference,
            noise: companion.noise,
            container,
            key_index,
            client_props: lid_migrated.map(|migrated| {
                ClientPairingProps { is_chat_db_lid_migrated: Some(migrated), ..Default::default() }
                    .encode_to_vec()
            }),
            forgery,
        },
    );
    let (address, answered) = match uploaded {
        Ok(uploaded) => uploaded,
        Err(refusal) if refusal.code == 404 => return Outcome::expired().refused_with(&refusal),
        Err(refusal) => return Outcome::upload_refused().refused_with(&refusal),
    };
    match timeout(world.options.phone_patience(), answered).await {
        Ok(Ok(Ok(()))) => Outcome::linked_as(address.jid().to_string()),
        Ok(Ok(Err((code, text)))) => Outcome::companion_refused().with_code(&code, &text),
        Ok(Err(_)) => Outcome::companion_gone(),
        Err(_) => {
            pair::give_up(world, &address);
            Outcome::no_answer()
        }
    }
}

/// The next device of this account, with the key that signs it. The key index is used up, whatever becomes of the link.
fn grant(world: &World, number: &str) -> Option<(KeyPair, DeviceGrant, Option<bool>)> {
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(number)?;
    phone.last_key_index += 1;
    let grant = DeviceGrant::new(phone.raw_id, unix_seconds(), phone.last_key_index);
    Some((phone.identity.clone(), grant, phone.behaviour.lid_migrated))
}

/// The signed and authenticated identity, rightly or with one fault.
fn container(
    grant: &mut DeviceGrant,
    account: &KeyPair,
    companion: &Companion,
    forgery: Option<Forgery>,
    random: &mut dyn Random,
) -> Vec<u8> {
    use Forgery as F;
    match forgery {
        Some(F::KeyIndexZero) => grant.key_index = 0,
        Some(F::Hosted | F::HostedFlag) => grant.hosted_account = true,
        _ => {}
    }
    let identity = match forgery {
        Some(F::OtherIdentity) => KeyPair::generate(random).public(),
        _ => companion.identity,
    };
    let good = grant.sign(account, &identity, &companion.adv_secret, random);
    match forgery {
        Some(F::WrongMac) => changed(&good, |container| {
            flip_first(&mut container.hmac);
        }),
        Some(F::WrongSignature) => resealed(&good, &companion.adv_secret, |signed| {
            flip_first(&mut signed.account_signature);
        }),
        Some(F::LowOrderKey) => resealed(&good, &companion.adv_secret, |signed| {
            signed.account_signature_key = Some(vec![0; 32]);
        }),
        // A field nobody knows, which a reader has to skip: the identity verifies and is too long.
        Some(F::Oversize) => changed(&good, |container| {
            if let Some(signed) = &mut container.details {
                signed.extend([0xfa, 0x01, 0xd8, 0x04]);
                signed.extend([0; 600]);
                container.hmac = Some(hmac_sha256(companion.adv_secret.as_bytes(), &[signed]).to_vec());
            }
        }),
        Some(F::HostedFlag) => changed(&good, |container| {
            if let Some(signed) = &container.details {
                container.hmac = Some(hmac_sha256(companion.adv_secret.as_bytes(), &[signed]).to_vec());
            }
            container.account_type = Some(AdvEncryptionType::Hosted as i32);
        }),
        Some(F::Truncated) => good.get(..good.len() / 2).unwrap_or_default().to_vec(),
        _ => good,
    }
}

fn changed(container: &[u8], change: impl FnOnce(&mut AdvSignedDeviceIdentityHmac)) -> Vec<u8> {
    let mut container = AdvSignedDeviceIdentityHmac::decode(container).unwrap_or_default();
    change(&mut container);
    container.encode_to_vec()
}

/// Changes what is signed and authenticates it again.
fn resealed(
    container: &[u8],
    secret: &Secret<32>,
    change: impl FnOnce(&mut AdvSignedDeviceIdentity),
) -> Vec<u8> {
    changed(container, |container| {
        let details = container.details.as_deref().unwrap_or_default();
        let mut signed = AdvSignedDeviceIdentity::decode(details).unwrap_or_default();
        change(&mut signed);
        let signed = signed.encode_to_vec();
        container.hmac = Some(hmac_sha256(secret.as_bytes(), &[&signed]).to_vec());
        container.details = Some(signed);
    })
}

fn flip_first(bytes: &mut Option<Vec<u8>>) {
    if let Some(byte) = bytes.as_mut().and_then(|bytes| bytes.first_mut()) {
        *byte ^= 1;
    }
}
