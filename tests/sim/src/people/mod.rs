//! The people at the simulated devices: they write, read, answer and ask again, with real keys, over the same server as
//! everybody else.
//!
//! Every account's phone is a simulated device, and so are companions that are added to it through the control API. What
//! the server has for such a device is not sent anywhere: it goes into the model's post, from where [`serve`] hands it to
//! the device's [`Actor`]. The server takes an actor's stanzas exactly as if they had come over a connection.
//!
//! | module | what it is |
//! |---|---|
//! | `actor` | a device's sessions and sender keys, and opening and encrypting with them |
//! | `send` | messages of all kinds |
//! | `receive` | what comes in: decrypted, noted, receipted |
//! | `resend` | a phone gives its companion a message that the companion cannot read |
//! | `retry` | asking for a message again, and answering who asks |
//! | `sealed` | votes, and edits and reactions that are encrypted once more |
//! | `heard` | what was received, for tests to read, and whether it was all, once and in order |
//! | `history` | a phone's past, and handing it to companions |
//! | `provision` | what a phone sends to a companion that is new |
//! | `load` | many messages at once, encrypted beforehand |

mod actor;
mod heard;
pub(crate) mod history;
pub(crate) mod load;
mod marks;
mod provision;
mod receive;
mod resend;
mod retry;
mod sealed;
pub(crate) mod send;

use std::sync::{Arc, atomic::Ordering};

use wa::stanza::{Node, Stanza};

pub(crate) use actor::Actor;
pub(crate) use heard::{Figures, Heard};
pub(crate) use provision::provision;

use crate::{
    model::{DeviceAddress, Model},
    server::{message, receipts},
    world::World,
};

/// The number of stanzas handled before others get a turn.
const BATCH: usize = 64;
/// Most stanzas that wait for a phone that is away.
const MAX_WAITING: usize = 100_000;

/// Works off the post until it is dropped.
pub(crate) async fn serve(world: Arc<World>) {
    loop {
        world.posted.notified().await;
        while deliver(&world) {
            tokio::task::yield_now().await;
        }
    }
}

/// Hands out some of the post; false if there is none left.
fn deliver(world: &World) -> bool {
    let mut model = world.model.lock();
    for _ in 0..BATCH {
        let Some((address, node)) = model.post.pop_front() else {
            drop(model);
            world.changed.notify_waiters();
            return false;
        };
        world.handled.fetch_add(1, Ordering::SeqCst);
        let away = model.phones.get(&address.number).is_none_or(|phone| phone.behaviour.away);
        act(world, &mut model, &address, |model, actor| {
            if away {
                if actor.waiting.len() < MAX_WAITING {
                    actor.waiting.push_back(node);
                }
            } else if let Ok(stanza) = Stanza::from_node(&node) {
                receive::stanza(&mut Scene { world, model, address: &address }, actor, stanza.root());
            }
        });
    }
    drop(model);
    world.changed.notify_waiters();
    true
}

/// A phone that was away is back: what waited for it is posted.
pub(crate) fn back(world: &World, model: &mut Model, number: &str) {
    let addresses: Vec<DeviceAddress> =
        model.people.keys().filter(|address| address.number == number).cloned().collect();
    for address in addresses {
        let waiting = model.people.get_mut(&address).map(|actor| std::mem::take(&mut actor.waiting));
        model.post.extend(waiting.into_iter().flatten().map(|node| (address.clone(), node)));
    }
    world.posted.notify_one();
}

/// Lets a device's actor do something with the model. The actor is out of the model meanwhile.
pub(crate) fn act<T>(
    world: &World,
    model: &mut Model,
    address: &DeviceAddress,
    what: impl FnOnce(&mut Model, &mut Actor) -> T,
) -> T {
    let mut actor = model.people.remove(address).unwrap_or_default();
    let result = what(model, &mut actor);
    model.people.insert(address.clone(), actor);
    world.posted.notify_one();
    result
}

/// The surroundings in which an actor acts.
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    pub(crate) model: &'a mut Model,
    /// The actor's own device.
    pub(crate) address: &'a DeviceAddress,
}

impl Scene<'_> {
    /// Gives the server a message; the error is the code of its refusal.
    fn send(&mut self, node: &Node) -> Result<(), u16> {
        let stanza = Stanza::from_node(node).map_err(|_| 400u16)?;
        let ack = message::take(self.world, self.model, self.address, stanza.root()).ok_or(400u16)?;
        match ack.get("error").and_then(|code| code.as_text()?.parse().ok()) {
            Some(code) => Err(code),
            None => Ok(()),
        }
    }

    /// Gives the server a receipt.
    pub(crate) fn receipt(&mut self, node: &Node) {
        if let Ok(stanza) = Stanza::from_node(node) {
            receipts::take(self.world, self.model, self.address, stanza.root());
        }
    }
}
