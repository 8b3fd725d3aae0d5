//! Typing a pairing code.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use wa::{
    crypto::{KeyPair, PublicKey},
    pairing::code::{BUNDLE_LENGTH, BundleError, PairingCode, PhoneHalf},
};

use super::{
    Outcome,
    behaviour::{Passkey, Stop},
    link::{self, Companion},
    passkey,
};
use crate::{
    model::{Finish, Screen},
    server::link_code,
    world::World,
};

/// The code to type, and the way to type it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typed {
    pub(crate) code: String,
    /// The user takes so long.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// Wait so long for a companion to ask for a code, if none has.
    #[serde(default)]
    pub(crate) wait_ms: u64,
    /// Answer the companion so many times at once.
    #[serde(default = "one")]
    pub(crate) hellos: usize,
}

fn one() -> usize {
    1
}

impl Typed {
    /// Returns that code, typed at once.
    pub(crate) fn new(code: &str) -> Self {
        Self { code: code.to_owned(), delay_ms: 0, wait_ms: 0, hellos: 1 }
    }
}

/// The companion's request as the phone knows it when the code is typed.
struct Request {
    reference: String,
    wrapped: [u8; 80],
    noise: PublicKey,
    connection: u64,
    identity: KeyPair,
}

/// Types a code and waits for what becomes of it. `None` if there is no such phone.
pub(crate) async fn enter(world: &Arc<World>, number: &str, typed: Typed) -> Option<Outcome> {
    if !world.model.lock().phones.contains_key(number) {
        return None;
    }
    set_screen(world, number, Screen::Linking);
    let outcome = attempt(world, number, typed).await;
    link::show(world, number, &outcome);
    Some(outcome)
}

fn set_screen(world: &World, number: &str, screen: Screen) {
    if let Some(phone) = world.model.lock().phones.get_mut(number) {
        phone.screen = screen;
    }
    world.changed.notify_waiters();
}

async fn attempt(world: &Arc<World>, number: &str, typed: Typed) -> Outcome {
    sleep(Duration::from_millis(typed.delay_ms)).await;
    // A phone takes letters and digits and nothing else.
    let text: String = typed.code.chars().filter(char::is_ascii_alphanumeric).collect();
    let Ok(code) = PairingCode::parse(&text) else { return Outcome::invalid_code() };
    if let Err(outcome) = link::check_room(world, number) {
        return outcome;
    }
    let Some(request) = request(world, number, Duration::from_millis(typed.wait_ms)).await else {
        return Outcome::no_request();
    };
    let mut halves = Vec::new();
    for _ in 0..typed.hellos.max(1) {
        match derive(world, code.clone(), request.wrapped).await {
            Ok(half) => halves.push(half),
            Err(outcome) => return outcome,
        }
    }
    let Some(mut finishes) = listen(world, number, &request.reference) else { return Outcome::superseded() };
    for half in &halves {
        let sent =
            link_code::primary_hello(world, &request.reference, half.wrapped(), &request.identity.public().0);
        if let Err(refusal) = sent {
            return Outcome::expired().refused_with(&refusal);
        }
    }
    let behaviour = link::behaviour(world, number);
    if behaviour.stop == Stop::AfterHello {
        return Outcome::stopped();
    }
    let companion = if behaviour.passkey == Passkey::BeforeFinish {
        match passkey::run(world, number, request.connection, None).await {
            Ok(keys) => Companion {
                reference: request.reference,
                noise: keys.noise,
                identity: keys.identity,
                adv_secret: keys.adv_secret,
                connection: request.connection,
            },
            Err(outcome) => return outcome,
        }
    } else {
        let opened = match finish(world, &mut finishes, &halves, &request).await {
            Ok(opened) => opened,
            Err(Some(outcome)) => return outcome,
            Err(None) => return gone(world, number, &request.reference),
        };
        if behaviour.stop == Stop::AfterFinish {
            return Outcome::stopped();
        }
        if behaviour.passkey == Passkey::AfterFinish {
            match passkey::run(world, number, request.connection, Some(&opened.adv_secret)).await {
                Ok(keys) => Companion {
                    noise: keys.noise,
                    identity: keys.identity,
                    adv_secret: keys.adv_secret,
                    ..opened
                },
                Err(outcome) => return outcome,
            }
        } else {
            opened
        }
    };
    link::link(world, number, companion).await
}

/// The newest request for this phone; waits for one if there is none.
async fn request(world: &World, number: &str, patience: Duration) -> Option<Request> {
    let look = || {
        let model = world.model.lock();
        let phone = model.phones.get(number)?;
        let request = phone.request.as_ref()?;
        Some(Request {
            reference: request.reference.clone(),
            wrapped: request.wrapped,
            noise: request.noise,
            connection: request.connection,
            identity: phone.identity.clone(),
        })
    };
    let wait = async {
        loop {
            let changed = world.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            changed.await;
        }
    };
    match look() {
        Some(found) => Some(found),
        None => timeout(patience, wait).await.ok(),
    }
}

/// The slow key derivation, off the threads that serve connections.
async fn derive(world: &World, code: PairingCode, wrapped: [u8; 80]) -> Result<PhoneHalf, Outcome> {
    let mut random = world.random();
    let derived = tokio::task::spawn_blocking(move || PhoneHalf::answer(&code, &wrapped, &mut random)).await;
    match derived {
        Ok(Ok(half)) => Ok(half),
        // A wrong code can yield a key of low order, too, once in an age.
        Ok(Err(_)) => Err(Outcome::wrong_code()),
        Err(_) => Err(Outcome::bad_answer()),
    }
}

/// From now on the companion's answers come out of this channel. `None` if the request is not the current one any more.
fn listen(world: &World, number: &str, reference: &str) -> Option<mpsc::UnboundedReceiver<Finish>> {
    let mut model = world.model.lock();
    let request = model.phones.get_mut(number)?.request.as_mut()?;
    let (sender, receiver) = mpsc::unbounded_channel();
    (request.reference == reference).then(|| {
        request.finish = Some(sender);
        receiver
    })
}

/// Waits for the companion's bundle and opens it; the last one counts. `Err(None)` if there will be none.
async fn finish(
    world: &World,
    finishes: &mut mpsc::UnboundedReceiver<Finish>,
    halves: &[PhoneHalf],
    request: &Request,
) -> Result<Companion, Option<Outcome>> {
    let mut last = None;
    for _ in halves {
        match timeout(world.options.phone_patience(), finishes.recv()).await {
            Ok(Some(finish)) => last = Some(finish),
            Ok(None) => return Err(None),
            Err(_) => return Err(Some(Outcome::no_answer())),
        }
    }
    let bad = || Some(Outcome::bad_answer());
    let finish = last.ok_or_else(bad)?;
    let bundle: [u8; BUNDLE_LENGTH] = finish.bundle.as_slice().try_into().map_err(|_| bad())?;
    let identity = PublicKey::from_slice(&finish.identity).ok_or_else(bad)?;
    let half = halves.last().ok_or_else(bad)?;
    match half.open(&bundle, &identity, &request.identity) {
        Ok(adv_secret) => Ok(Companion {
            reference: request.reference.clone(),
            noise: request.noise,
            identity,
            adv_secret,
            connection: request.connection,
        }),
        Err(BundleError::WrongCode) => Err(Some(Outcome::wrong_code())),
        Err(BundleError::OtherKeys | BundleError::LowOrder) => Err(bad()),
    }
}

/// Returns the reason why nobody will answer: a newer request took the place of this one, or the companion went away.
fn gone(world: &World, number: &str, reference: &str) -> Outcome {
    let model = world.model.lock();
    let newer = model.phones.get(number).and_then(|phone| phone.request.as_ref());
    match newer {
        Some(request) if request.reference != reference => Outcome::superseded(),
        _ => Outcome::companion_gone(),
    }
}
