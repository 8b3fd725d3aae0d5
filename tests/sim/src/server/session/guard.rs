//! The beginning of a connection and its end: how the rules let it go on, and what is left of it in the model.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::sleep,
};

use crate::{
    faults::Plan,
    model::{Connection, Stage},
    server::{pair, presence},
    world::{World, unix_millis},
};

/// Takes a connection out of the model when its task ends, in whatever way.
pub(in crate::server) struct Guard {
    world: Arc<World>,
    pub(super) connection: Arc<Connection>,
}

impl Guard {
    pub(in crate::server) fn new(world: Arc<World>, connection: Arc<Connection>) -> Self {
        Self { world, connection }
    }

    pub(in crate::server) fn id(&self) -> u64 {
        self.connection.id
    }

    /// Reads a silenced connection until the client closes it or it is killed.
    pub(in crate::server) async fn drain(&self, mut stream: impl AsyncRead + Unpin) {
        let read = async {
            let mut buffer = [0; 1024];
            while matches!(stream.read(&mut buffer).await, Ok(n) if n > 0) {}
        };
        tokio::select! {
            () = read => {}
            () = self.connection.killed() => {}
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let id = self.connection.id;
        let mut model = self.world.model.lock();
        let Some(entry) = model.connections.remove(&id) else { return };
        match entry.stage {
            Stage::Handshake => {}
            Stage::Unpaired(unpaired) => pair::abandoned(&mut model, id, *unpaired),
            Stage::Device(address) => {
                if let Some(device) = model.device_mut(&address)
                    && device.connection == Some(id)
                {
                    device.connection = None;
                    device.offline = None;
                    device.last_seen_ms = unix_millis();
                    presence::gone(&mut model, id, &address);
                }
            }
        }
        drop(model);
        self.world.log.note(Some(id), "disconnected");
        self.world.changed.notify_waiters();
    }
}

/// The state of a connection after a point without a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Pass {
    /// As usual.
    On,
    /// It ends.
    End,
    /// Nothing is said on it any more: read until the client closes.
    Silent,
}

/// Applies the rules at such a point; waits if they say so.
pub(in crate::server) async fn pass(plan: &Plan) -> Pass {
    if let Some(ms) = plan.delay {
        sleep(Duration::from_millis(ms)).await;
    }
    match (plan.end_before, plan.silence) {
        (Some(_), _) => Pass::End,
        (None, true) => Pass::Silent,
        (None, false) => Pass::On,
    }
}
