//! Scanning a QR.

use std::sync::Arc;

use wa::pairing::qr::QrLink;

use super::{
    Outcome,
    behaviour::Passkey,
    link::{self, Companion},
    passkey,
};
use crate::{
    model::{RefKind, Screen},
    server::pair::{self, Nudge},
    world::World,
};

/// Scans a QR and waits for what becomes of it. `None` if there is no such phone.
pub(crate) async fn scan(world: &Arc<World>, number: &str, text: &str) -> Option<Outcome> {
    world.model.lock().phones.get_mut(number)?.screen = Screen::Linking;
    world.changed.notify_waiters();
    let outcome = attempt(world, number, text).await;
    link::show(world, number, &outcome);
    Some(outcome)
}

async fn attempt(world: &Arc<World>, number: &str, text: &str) -> Outcome {
    let Ok(qr) = QrLink::parse(text.trim()) else { return Outcome::unreadable_qr() };
    let behaviour = link::behaviour(world, number);
    if behaviour.strict_qr && qr.client_type.is_none() {
        return Outcome::outdated_qr();
    }
    if let Err(outcome) = link::check_room(world, number) {
        return outcome;
    }
    let entry = world.model.lock().refs.get(&qr.reference).cloned();
    let Some(entry) = entry.filter(|entry| entry.kind == RefKind::Qr) else { return Outcome::expired() };
    if !behaviour.multidevice {
        pair::nudge(world, entry.connection, Nudge::Downgrade);
        return Outcome::no_multidevice();
    }
    if withdraw(world, number, *qr.adv_secret.as_bytes()) {
        pair::nudge(world, entry.connection, Nudge::RegRefresh);
        return Outcome::refresh_requested();
    }
    let stale = link::stale_secret(world, number);
    if !behaviour.keep_old_secret && is_stale(world, number, qr.adv_secret.as_bytes()) {
        return Outcome::stale_qr();
    }
    let companion = if behaviour.passkey == Passkey::Off {
        Companion {
            reference: qr.reference,
            noise: qr.noise,
            identity: qr.identity,
            adv_secret: stale.filter(|_| behaviour.keep_old_secret).unwrap_or(qr.adv_secret),
            connection: entry.connection,
        }
    } else {
        match passkey::run(world, number, entry.connection, Some(&qr.adv_secret)).await {
            Ok(keys) => Companion {
                reference: qr.reference,
                noise: keys.noise,
                identity: keys.identity,
                adv_secret: keys.adv_secret,
                connection: entry.connection,
            },
            Err(outcome) => return outcome,
        }
    };
    link::link(world, number, companion).await
}

/// Returns whether this scan is to be answered with a refresh; then its secret is not good any more.
fn withdraw(world: &World, number: &str, secret: [u8; 32]) -> bool {
    let mut model = world.model.lock();
    let Some(phone) = model.phones.get_mut(number) else { return false };
    if phone.behaviour.refresh_on_scan == 0 {
        return false;
    }
    phone.behaviour.refresh_on_scan -= 1;
    phone.stale_secrets.push(secret);
    true
}

fn is_stale(world: &World, number: &str, secret: &[u8; 32]) -> bool {
    let model = world.model.lock();
    model.phones.get(number).is_some_and(|phone| phone.stale_secrets.contains(secret))
}
