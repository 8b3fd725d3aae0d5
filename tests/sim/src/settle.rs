//! A barrier for tests: what the clients have written is handled, and the people have heard what was sent to them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    model::{Command, Connection, Stage},
    world::World,
};

/// The pause before the next look at queues that go out in batches.
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until every client has answered a ping and every simulated device has taken its post, again and again until a
/// round brings nothing new. The error names the connections that have not answered within `limit`.
///
/// The pings are in no log, and no fault rule sees them. A silenced connection cannot be asked and is passed over, and so
/// is one amid its handshake. Parts of a history that are on their way are waited for. A stanza that a rule delays is not waited for.
pub(crate) async fn settle(world: &World, limit: Duration) -> Result<(), String> {
    let mut unanswered = Vec::new();
    match timeout(limit, rounds(world, &mut unanswered)).await {
        Ok(()) => Ok(()),
        Err(_) if unanswered.is_empty() => {
            Err("stanzas come without an end; stop the clients, or wait for something that they do"
                .to_owned())
        }
        Err(_) => Err(format!("the clients of the connections {unanswered:?} do not answer a ping")),
    }
}

async fn rounds(world: &World, unanswered: &mut Vec<u64>) {
    loop {
        let before = world.handled.load(Ordering::SeqCst);
        let pings: Vec<(u64, oneshot::Receiver<()>)> =
            connections(world).iter().map(|it| (it.id, ping(it))).collect();
        *unanswered = pings.iter().map(|(id, _)| *id).collect();
        for (id, pong) in pings {
            // A connection that ends meanwhile writes nothing more.
            let _ = pong.await;
            unanswered.retain(|other| *other != id);
        }
        post_is_empty(world).await;
        if queues_go_out(world) {
            sleep(PAUSE).await;
        } else if world.handled.load(Ordering::SeqCst) == before {
            return;
        }
    }
}

/// Returns whether a client has not got all of the queue that was announced to it.
fn queues_go_out(world: &World) -> bool {
    let model = world.model.lock();
    let devices = model.phones.values().flat_map(|phone| phone.devices.values());
    devices.into_iter().any(|device| device.connection.is_some() && device.offline.is_some())
}

fn connections(world: &World) -> Vec<Arc<Connection>> {
    let model = world.model.lock();
    let open = model.connections.values().filter(|entry| !matches!(entry.stage, Stage::Handshake));
    open.map(|entry| Arc::clone(&entry.connection)).collect()
}

fn ping(connection: &Connection) -> oneshot::Receiver<()> {
    let (answered, pong) = oneshot::channel();
    connection.command(Command::Ping(answered));
    pong
}

async fn post_is_empty(world: &World) {
    loop {
        let changed = world.changed.notified();
        tokio::pin!(changed);
        // Registered before looking, so that what comes in between is not missed.
        changed.as_mut().enable();
        if world.histories.are_done() && world.model.lock().post.is_empty() {
            return;
        }
        changed.await;
    }
}
