//! The phone's part of linking with a passkey.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use wa::{
    crypto::Secret,
    pairing::passkey_crypto::{PairedKeys, PrimaryExchange, handoff_key, handoff_proof},
};

use super::{Outcome, link};
use crate::{
    model::{PasskeyStep, Screen},
    server::passkey,
    world::World,
};

/// The options that the companion's program hands to its authenticator.
const OPTIONS: &str = r#"{"challenge":"d2Etc2ltIGNoYWxsZW5nZSBmb3IgYSBwYXNza2V5","timeout":600000,"rpId":"whatsapp.com","allowCredentials":[],"userVerification":"required","extensions":{"uvm":true}}"#;

/// Runs the exchange and gives the keys that the companion sent. `known` is the ADV secret the companion should know.
pub(super) async fn run(
    world: &Arc<World>,
    number: &str,
    connection: u64,
    known: Option<&Secret<32>>,
) -> Result<PairedKeys, Outcome> {
    let behaviour = link::behaviour(world, number);
    let mut steps = passkey::demand(world, connection, OPTIONS.to_owned(), behaviour.passkey_options)
        .ok_or_else(Outcome::companion_gone)?;

    let PasskeyStep::Prologue { payload, handoff_proof: proof } = next(world, &mut steps).await? else {
        return Err(Outcome::passkey_failed());
    };
    let mut random = world.random();
    let exchange = PrimaryExchange::new(&payload, &mut random).ok_or_else(Outcome::passkey_failed)?;
    // The device that knew the secret before is the companion that was scanned; without that proof the user has to compare.
    let proven = match (known, &proof) {
        (Some(secret), Some(proof)) => proof[..] == handoff_proof(&handoff_key(secret), &payload),
        _ => false,
    };
    if proof.is_some() && known.is_some() && !proven {
        world.log.note(Some(connection), "the handoff proof is wrong");
        return Err(Outcome::passkey_failed());
    }
    passkey::continuation(world, connection, exchange.part().encode());

    let PasskeyStep::Nonce(nonce) = next(world, &mut steps).await? else {
        return Err(Outcome::passkey_failed());
    };
    let nonce: [u8; 32] = nonce.try_into().map_err(|_| Outcome::passkey_failed())?;
    let session = exchange.meet(&nonce).ok_or_else(Outcome::passkey_failed)?;
    let confirmed = if proven {
        None
    } else {
        ask(world, number, session.verification_code().display(), behaviour.passkey_ask)
    };

    let PasskeyStep::Request(request) = next(world, &mut steps).await? else {
        return Err(Outcome::passkey_failed());
    };
    let keys = session.open(&request).ok_or_else(Outcome::passkey_failed)?;
    if let Some(confirmed) = confirmed {
        match timeout(world.options.phone_patience(), confirmed).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Err(Outcome::passkey_rejected()),
            _ => return Err(Outcome::passkey_failed()),
        }
    }
    Ok(keys)
}

async fn next(
    world: &World,
    steps: &mut mpsc::UnboundedReceiver<PasskeyStep>,
) -> Result<PasskeyStep, Outcome> {
    match timeout(world.options.phone_patience(), steps.recv()).await {
        Ok(Some(step)) => Ok(step),
        Ok(None) => Err(Outcome::companion_gone()),
        Err(_) => Err(Outcome::no_answer()),
    }
}

/// Shows the code; gives the user's answer if one is wanted.
fn ask(world: &World, number: &str, code: String, by_hand: bool) -> Option<oneshot::Receiver<bool>> {
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(number)?;
    phone.screen = Screen::Passkey { code };
    let answer = by_hand.then(|| {
        let (sender, receiver) = oneshot::channel();
        phone.confirm = Some(sender);
        receiver
    });
    drop(model);
    world.changed.notify_waiters();
    answer
}
