//! Many messages at once for one device: encrypted first, then sent as fast as the device acknowledges them.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use wa::{
    messaging::content::{Extras, Outgoing, message_id},
    stanza::{Jid, Node},
};

use super::{Actor, Scene, act, actor::enc, send::identity};
use crate::{
    model::{DeviceAddress, Queued, Space},
    server::queue,
    world::{World, unix_millis, unix_seconds},
};

/// Most messages of one load.
const MAX_COUNT: u64 = 2_000_000;
/// The number that are encrypted before others get a turn.
const BATCH: u64 = 256;
/// The pause when the device has enough to do.
const PAUSE: Duration = Duration::from_micros(500);

/// The messages to send.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The number whose companion gets the messages.
    pub(crate) to: String,
    /// The number of the companion.
    #[serde(default = "one")]
    pub(crate) device: u16,
    /// The numbers whose phones send, in turn.
    pub(crate) from: Vec<String>,
    pub(crate) count: u64,
    /// Length of each text, at least.
    #[serde(default = "length")]
    pub(crate) length: usize,
    /// So many are on their way at most.
    #[serde(default = "window")]
    pub(crate) window: usize,
    /// Encrypt and wait for `start`.
    #[serde(default)]
    pub(crate) hold: bool,
}

fn one() -> u16 {
    1
}

fn length() -> usize {
    32
}

fn window() -> usize {
    1_000
}

/// The progress of a load.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Progress {
    pub(crate) id: u64,
    /// `encrypting`, `held`, `sending`, `done` or `failed`.
    pub(crate) state: &'static str,
    pub(crate) encrypted: u64,
    pub(crate) sent: u64,
    /// Messages of this load that the device has not acknowledged yet.
    pub(crate) waiting: u64,
    /// From the first message sent to the last one acknowledged, in milliseconds.
    pub(crate) took_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// All loads of a simulator.
#[derive(Default)]
pub(crate) struct Loads {
    last: u64,
    all: BTreeMap<u64, Progress>,
}

/// Most loads that are remembered.
const MAX_LOADS: usize = 1_000;

impl Loads {
    /// Returns the progress of a load.
    pub(crate) fn get(&self, id: u64) -> Option<Progress> {
        self.all.get(&id).cloned()
    }

    /// Lets a held one go; false if it is not held.
    pub(crate) fn start(&mut self, id: u64) -> bool {
        match self.all.get_mut(&id) {
            Some(progress) if progress.state == "held" => {
                progress.state = "sending";
                true
            }
            _ => false,
        }
    }
}

/// Begins a load; gives its number.
pub(crate) fn begin(world: &Arc<World>, order: Order) -> Result<u64, String> {
    if order.count == 0 || order.count > MAX_COUNT || order.from.is_empty() || order.window == 0 {
        return Err(format!("a load has senders, a window and 1 to {MAX_COUNT} messages"));
    }
    let target = DeviceAddress { number: order.to.clone(), device: order.device };
    {
        let model = world.model.lock();
        if model.device(&target).is_none() {
            return Err(format!("{} has no companion {}", order.to, order.device));
        }
        if let Some(number) = order.from.iter().find(|number| !model.phones.contains_key(*number)) {
            return Err(format!("there is no phone {number}"));
        }
    }
    let id = {
        let mut loads = world.loads.lock();
        loads.last += 1;
        let id = loads.last;
        if loads.all.len() >= MAX_LOADS {
            loads.all.pop_first();
        }
        loads.all.insert(id, Progress { id, state: "encrypting", ..Progress::default() });
        id
    };
    let world = Arc::clone(world);
    tokio::spawn(async move {
        if let Err(why) = run(&world, id, &order, &target).await {
            update(&world, id, |progress| {
                progress.state = "failed";
                progress.why = Some(why);
            });
        }
    });
    Ok(id)
}

fn update(world: &World, id: u64, change: impl FnOnce(&mut Progress)) {
    if let Some(progress) = world.loads.lock().all.get_mut(&id) {
        change(progress);
    }
}

async fn run(world: &Arc<World>, id: u64, order: &Order, target: &DeviceAddress) -> Result<(), String> {
    let stanzas = encrypt(world, id, order, target).await?;
    if order.hold {
        update(world, id, |progress| progress.state = "held");
        while world.loads.lock().get(id).is_some_and(|progress| progress.state == "held") {
            sleep(Duration::from_millis(1)).await;
        }
    }
    update(world, id, |progress| progress.state = "sending");
    let begun = Instant::now();
    let mut stanzas = stanzas.into_iter().peekable();
    loop {
        let (waiting, sent) = fill(world, target, &mut stanzas, order.window)?;
        update(world, id, |progress| {
            progress.sent += sent;
            progress.waiting = u64::try_from(waiting).unwrap_or(u64::MAX).saturating_add(sent);
        });
        if stanzas.peek().is_none() && waiting == 0 && sent == 0 {
            break;
        }
        sleep(PAUSE).await;
    }
    update(world, id, |progress| {
        progress.state = "done";
        progress.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    });
    world.changed.notify_waiters();
    Ok(())
}

/// Sends as many as the window has room for; gives how many waited before, and how many were sent.
fn fill(
    world: &World,
    target: &DeviceAddress,
    stanzas: &mut impl Iterator<Item = Queued>,
    window: usize,
) -> Result<(usize, u64), String> {
    let mut model = world.model.lock();
    let waiting = model.device(target).ok_or("the companion is gone")?.queue.len();
    let mut sent = 0;
    for queued in stanzas.take(window.saturating_sub(waiting)) {
        queue::push(world, &mut model, target, queued);
        sent += 1;
    }
    Ok((waiting, sent))
}

/// All messages, numbered for each sender, as stanzas for the device.
async fn encrypt(
    world: &Arc<World>,
    id: u64,
    order: &Order,
    target: &DeviceAddress,
) -> Result<Vec<Queued>, String> {
    let mut stanzas = Vec::with_capacity(usize::try_from(order.count).unwrap_or_default());
    let senders = u64::try_from(order.from.len()).unwrap_or(1);
    let mut n = 0;
    let some = |n: u64| -> Result<Vec<Queued>, String> {
        let mut model = world.model.lock();
        (n..order.count.min(n + BATCH))
            .map(|n| {
                let sender = usize::try_from(n % senders).unwrap_or_default();
                let number = order.from.get(sender).cloned().unwrap_or_default();
                let address = DeviceAddress { number, device: 0 };
                let text = format!("{:width$}", format!("#{} ", n / senders + 1), width = order.length);
                act(world, &mut model, &address, |model, actor| {
                    one_message(&mut Scene { world, model, address: &address }, actor, target, &text)
                })
            })
            .collect()
    };
    while n < order.count {
        stanzas.extend(some(n)?);
        n = order.count.min(n + BATCH);
        update(world, id, |progress| progress.encrypted = n);
        tokio::task::yield_now().await;
    }
    Ok(stanzas)
}

fn one_message(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    target: &DeviceAddress,
    text: &str,
) -> Result<Queued, String> {
    let content = Outgoing::text(text, &Extras::default()).map_err(|error| error.to_string())?;
    let outgoing = actor.encrypt(scene, target, &content.message).map_err(|error| error.to_string())?;
    let phone = scene.model.phones.get(&scene.address.number).ok_or("the sender is gone")?;
    let id = message_id(unix_millis(), &Jid::user(phone.number.as_str()), &mut scene.world.random());
    let node = Node::new("message")
        .attr("from", phone.jid(Space::Lid, scene.address.device))
        .attr("sender_pn", phone.jid(Space::Pn, 0))
        .attr("id", id.clone())
        .attr("type", content.shape.stanza_type)
        .attr("t", unix_seconds())
        .attr("notify", phone.name.clone())
        .child(enc(&outgoing))
        .children((outgoing.kind.as_str() == "pkmsg").then(|| identity(scene)).flatten());
    Ok(Queued::new(id, node))
}
