//! Companions that are simulated like the phone itself: other devices of a contact.

use wa::{
    crypto::{KeyPair, Secret, random_array},
    pairing::{account::DeviceGrant, identity},
};

use crate::{
    model::{Device, DeviceAddress, KeyStore, Queue, RecentlySent},
    server::devices,
    world::{World, unix_millis, unix_seconds},
};

/// Links a simulated companion; gives its number. `None` if the account has no room, or does not exist.
pub(crate) fn add_companion(world: &World, number: &str) -> Option<u16> {
    let mut random = world.random();
    let identity = KeyPair::generate(&mut random);
    let secret = Secret::new(random_array(&mut random));
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(number)?;
    if phone.devices.len() >= phone.behaviour.max_devices {
        return None;
    }
    phone.last_key_index += 1;
    let grant = DeviceGrant::new(phone.raw_id, unix_seconds(), phone.last_key_index);
    let container = grant.sign(&phone.identity, &identity.public(), &secret, &mut random);
    let signed = identity::accept(&container, &secret, &identity, &mut random).ok()?;
    let device = phone.free_device();
    phone.devices.insert(
        device,
        Device {
            noise: KeyPair::generate(&mut random).public(),
            keys: KeyStore::simulated(identity, &mut random),
            key_index: grant.key_index,
            props: Default::default(),
            signed_identity: Some(signed.stored),
            linked_ms: unix_millis(),
            last_seen_ms: unix_millis(),
            logins: 0,
            version: String::new(),
            connection: None,
            passive: false,
            provisioned: true,
            available: false,
            queue: Queue::default(),
            offline: None,
            sent: RecentlySent::default(),
            phash_mismatches: 0,
        },
    );
    devices::added(world, &mut model, &DeviceAddress { number: number.to_owned(), device });
    drop(model);
    world.changed.notify_waiters();
    Some(device)
}
