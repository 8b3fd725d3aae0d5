//! A host of many sessions: one store, one queue.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wa::api::{Body, Config, ConnectionState, Event};
use wa::client::Client;
use wa::client::queue::{Polled, Queue};

use super::Failure;
use super::server::Address;

/// The longest wait for anything. Only a fault takes so long.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Host {
    config: Config,
    pub(crate) queue: Arc<Queue>,
    pub(crate) clients: Vec<Client>,
}

impl Host {
    /// A host that keeps its sessions in `folder`.
    pub(crate) fn new(folder: &Path, server: &Address, tls: bool) -> Result<Self, Failure> {
        super::native::many_files()?;
        let mut config = Config::new();
        config.set("store.url", &format!("sqlite:{}", folder.join("sessions.db").display()))?;
        config.set("server.url", if tls { &server.wss } else { &server.ws })?;
        config.set("server.root_key", &server.root_key)?;
        // Many phones are one number here: what is measured is not how long the limiter makes it wait.
        config.set("pairing.limit_burst", "10")?;
        config.set("pairing.limit_per_hour", "60")?;
        // Enough to go through all steps; the default takes 16 times as long, and has measurements of its own.
        config.set("prekeys.upload_count", "50")?;
        if tls {
            let file = folder.join("ca.pem");
            std::fs::write(&file, &server.ca_pem)?;
            config.set("server.ca_file", &file.display().to_string())?;
        }
        Ok(Self { config, queue: Queue::shared(), clients: Vec::new() })
    }

    /// The same with as many prekeys at the server as it has by default.
    pub(crate) fn with_all_prekeys(mut self) -> Result<Self, Failure> {
        self.config.set("prekeys.upload_count", "812")?;
        Ok(self)
    }

    /// The same sessions, each in a store in memory.
    pub(crate) fn in_memory(mut self) -> Result<Self, Failure> {
        self.config.set("store.url", "memory:")?;
        Ok(self)
    }

    /// Opens sessions until there are so many.
    pub(crate) fn open(&mut self, count: usize) -> Result<(), Failure> {
        while self.clients.len() < count {
            self.config.set("session.id", &format!("session-{}", self.clients.len()))?;
            self.clients.push(Client::new(&self.config, Some(Arc::clone(&self.queue)))?);
        }
        Ok(())
    }

    /// Waits until so many events of that type have come, and shows each to `with`, with the client's place.
    pub(crate) fn wait(
        &self,
        kind: &str,
        count: usize,
        mut with: impl FnMut(usize, &Event) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let limit = Instant::now() + PATIENCE;
        let first = self.clients.first().map_or(0, Client::id);
        let mut seen = 0;
        while seen < count {
            match self.queue.poll(Some(limit.saturating_duration_since(Instant::now()))) {
                Polled::Event(event) if event.kind().name() == kind => {
                    with(usize::try_from(event.client - first)?, &event)?;
                    seen += 1;
                }
                Polled::Event(event) if event.kind().name() == "pairing.error" => {
                    return Err(format!("instead of {kind}: {}", event.to_json()).into());
                }
                Polled::Event(_) => {}
                _ => return Err(format!("{seen} of {count} times {kind}").into()),
            }
        }
        Ok(())
    }

    /// Waits until a client's connection is open.
    pub(crate) fn wait_connected(&self) -> Result<(), Failure> {
        let mut open = false;
        while !open {
            self.wait("connection", 1, |_, event| {
                open =
                    matches!(&event.body, Body::Connection(now) if now.state == ConnectionState::Connected);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Takes what waits, as hosts do, and lets everything come to rest.
    pub(crate) fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while !end.saturating_duration_since(Instant::now()).is_zero() {
            self.queue.poll(Some(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Ends all clients.
    pub(crate) fn end(&mut self) {
        for client in &self.clients {
            client.close();
        }
        for client in self.clients.drain(..) {
            client.shut_down(PATIENCE);
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end();
    }
}
