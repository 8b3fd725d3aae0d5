//! The simulated phones: what a person does with one (type a code, scan, unlink), and what the phone then does.
//!
//! Phones need no connection: they act on the server's model. [`code`] and [`qr`] are the two beginnings, [`passkey`] is
//! what may come between, [`link`] is the common end.

mod behaviour;
pub(crate) mod code;
mod companion;
mod link;
mod outcome;
mod passkey;
pub(crate) mod qr;

use std::collections::{BTreeMap, BTreeSet};

use wa::crypto::{KeyPair, Random, sha256};

pub(crate) use behaviour::Behaviour;
pub(crate) use companion::add_companion;
pub(crate) use outcome::Outcome;

use crate::{
    model::{DeviceAddress, KeyStore, Model, Phone, Screen},
    people::history::History,
    random::SimRandom,
    server::{devices, unlink},
    world::{World, unix_millis},
};

/// Makes a phone with an account. The same seed and number give the same account.
pub(crate) fn add(world: &World, model: &mut Model, number: &str, name: &str) {
    let mut random = world.stable_random(&format!("phone {number}"));
    let identity = KeyPair::generate(&mut random);
    let keys = KeyStore::simulated(identity.clone(), &mut random);
    let lid = lid_of(number);
    model.lids.insert(lid.clone(), number.to_owned());
    let phone = Phone {
        number: number.to_owned(),
        name: name.to_owned(),
        lid,
        keys,
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
        app_state_key: None,
        history: History::default(),
        nct_salt: None,
        at_the_phone: false,
        about: String::new(),
        watchers: BTreeSet::new(),
        blocked: BTreeSet::new(),
        known: BTreeSet::new(),
        tokens: BTreeMap::new(),
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
    {
        let mut model = world.model.lock();
        let phone = model.phones.get_mut(number)?;
        phone.identity = KeyPair::generate(&mut random);
        phone.keys = KeyStore::simulated(phone.identity.clone(), &mut random);
        phone.raw_id = raw_id(&mut random);
        phone.last_key_index = 0;
        phone.request = None;
        phone.screen = Screen::default();
        phone.app_state_key = None;
        phone.nct_salt = None;
        phone.history = History::default();
        model.people.remove(&DeviceAddress { number: number.to_owned(), device: 0 });
    }
    if unlink {
        unlink::from_phone(world, number, unlink::Which::All)?;
    }
    devices::identity_changed(world, &mut world.model.lock(), number);
    Some(())
}
