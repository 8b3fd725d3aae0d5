//! The clients that the tables work on.

use wa::api::Status;

use crate::calls::{Client, Config, Event, Null, Queue};
use crate::system;
use crate::world::{NUMBER, Silence, World};

/// The number of requests of a client that may wait for their answers.
const REQUESTS_MAX: usize = 1_000;

pub(crate) struct Scene {
    /// Not linked, and not told to connect.
    pub(crate) idle: Client,
    /// Not linked, and connecting to a server that is silent.
    pub(crate) connecting: Client,
    /// Linked and ready.
    pub(crate) linked: Client,
    /// Clients that are closed: one was linked, the other was not and wanted a connection.
    pub(crate) closed: Client,
    pub(crate) closed_connecting: Client,
    /// Clients with as many open requests as are allowed: one linked, the other not.
    pub(crate) busy: Client,
    pub(crate) busy_connecting: Client,
    /// A client that shares a queue, and that queue.
    pub(crate) sharing: Client,
    pub(crate) queue: Queue,
    /// A durable event whose client is freed.
    pub(crate) orphan: Event,
    /// The world that the linked clients are linked to.
    pub(crate) world: World,
    /// A server that never says a word.
    pub(crate) silence: Silence,
}

impl Scene {
    pub(crate) fn new() -> Self {
        system::raise_descriptors();
        let (world, silence) = (World::new(), Silence::new());
        let connecting = || {
            World::connecting(&Config::new().with(&[
                ("server.url", &silence.url("ws")),
                ("client.version_url", &silence.url("http")),
                ("connect.timeout_ms", "600000"),
                ("handshake.timeout_ms", "600000"),
            ]))
        };
        let linked = |session: &str| {
            let config = world.config(session).with(&[
                ("client.version_url", &silence.url("http")),
                ("connect.timeout_ms", "600000"),
                ("pairing.limit_burst", "10"),
            ]);
            world.linked_to(NUMBER, &config)
        };
        let orphan = {
            let client = linked("orphan");
            world.bob_writes();
            client.event("message")
        };
        let queue = Queue::shared();
        Self {
            idle: Client::new(&Config::new()).unwrap(),
            connecting: connecting(),
            linked: linked("linked"),
            closed: closed(linked("closed")),
            closed_connecting: closed(connecting()),
            busy: busy(linked("busy")),
            busy_connecting: busy(connecting()),
            sharing: Client::with_queue(&Config::new(), &queue).unwrap(),
            queue,
            orphan,
            world,
            silence,
        }
    }

    /// Lets the requests that are still open have their results.
    pub(crate) fn end(&self) {
        for client in [&self.connecting, &self.busy, &self.busy_connecting, &self.linked] {
            assert_eq!(client.close(), Status::OK);
            client.finish();
        }
    }
}

fn closed(client: Client) -> Client {
    assert_eq!(client.close(), Status::OK);
    client.finish();
    client
}

/// Opens requests that are not answered: the page that they ask for never comes.
fn busy(client: Client) -> Client {
    for _ in 0..REQUESTS_MAX {
        client.call(c"version.latest", Null).unwrap();
    }
    client
}
