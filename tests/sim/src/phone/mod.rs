//! The simulated phones: what a person does with one (type a code, scan, unlink), and what the phone then does.
//!
//! Phones need no connection: they act on the server's model. [`code`] and [`qr`] are the two beginnings, [`passkey`] is
//! what may come between, [`link`] is the common end.

mod behaviour;
pub(crate) mod code;
mod link;
mod outcome;
mod passkey;
pub(crate) mod qr;

use std::collections::BTreeMap;

use wa::crypto::{KeyPair, Random, sha256};

pub(crate) use behaviour::Behaviour;
pub(crate) use outcome::Outcome;

use crate::{
    model::{DeviceAddress, Model, Phone, Queued, Screen},
    random::SimRandom,
    server::{queue, unlink},
    world::{World, unix_millis, unix_seconds},
};

/// Makes a phone with an account. The same seed and number give the same account.
pub(crate) fn add(world: &World, model: &mut Model, number: &str, name: &str) {
    let mut random = world.stable_random(&format!("phone {number}"));
    let identity = KeyPair::generate(&mut random);
    let phone = Phone {
        number: number.to_owned(),
        name: name.to_owned(),
        lid: lid_of(number),
        identity,
        raw_id: raw_id(&mut random),
        last_key_index: 0,
        created_ms: unix_millis(),
        behaviour: Behaviour::default(),
        devices: BTreeMap::new(),
        request: None,
        codes_asked: 0,
        screen: Screen::default(),
        stale_secrets: Vec::new(),
        confirm: None,
    };
    model.phones.insert(number.to_owned(), phone);
}

fn raw_id(random: &mut SimRandom) -> u32 {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    (u32::from_be_bytes(bytes) & 0x7fff_ffff).max(1)
}

/// A LID that has nothing to do with the number, but is the same in every run: 15 digits.
fn lid_of(number: &str) -> String {
    let hash = sha256(&[b"wa-sim lid", number.as_bytes()]);
    let [a, b, c, d, e, f, g, h, ..] = hash;
    format!("{}", 100_000_000_000_000 + u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 900_000_000_000_000)
}

/// The phone's app is installed anew: another identity key, another account number, and no companion is valid any more.
/// With `unlink` the server removes them; without, they are only told that the identity changed. `None` if there is no
/// such phone.
pub(crate) fn reinstall(world: &World, number: &str, unlink: bool) -> Option<()> {
    let mut random = world.random();
    let devices: Vec<u16> = {
        let mut model = world.model.lock();
        let phone = model.phones.get_mut(number)?;
        phone.identity = KeyPair::generate(&mut random);
        phone.raw_id = raw_id(&mut random);
        phone.last_key_index = 0;
        phone.request = None;
        phone.screen = Screen::default();
        phone.devices.keys().copied().collect()
    };
    if unlink {
        unlink::from_phone(world, number, unlink::Which::All)?;
        return Some(());
    }
    let mut model = world.model.lock();
    for device in devices {
        let address = DeviceAddress { number: number.to_owned(), device };
        let id = world.stanza_id();
        let node = wa::stanza::Node::new("notification")
            .attr("from", wa::stanza::Jid::user(number))
            .attr("type", "encrypt")
            .attr("id", id.clone())
            .attr("t", unix_seconds())
            .child(wa::stanza::Node::new("identity"));
        queue::push(&mut model, &address, Queued { id, node });
    }
    Some(())
}
