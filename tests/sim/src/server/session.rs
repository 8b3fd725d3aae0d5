//! The task of one connection: it owns the socket and the ciphers, applies the rules to what passes, keeps the timers.
//!
//! It decides nothing about stanzas; that is [`super::dispatch`]. Everything that is sent comes through the connection's
//! queue, so there is one place where frames get their order.

mod guard;
mod outgoing;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_websockets::WebSocketStream;
use wa::{
    noise::Transport,
    stanza::{Jid, Node, NodeRef, Stanza},
};

use super::{
    answer, dispatch,
    handshake::{Failed, Link},
    login, pair, queue,
};
use crate::{
    faults::{End, Plan, Subject, Wire},
    json_node,
    log::Direction,
    model::{Command, Connection, Stage},
    second_reader,
    shapes::Watch,
    world::{World, unix_seconds},
};

use outgoing::last_words;

pub(super) use guard::{Guard, Pass, pass};

/// The number of commands handled before their output is written.
const AT_ONCE: usize = 256;
/// The time a client may take to answer our close frame.
const CLOSING: Duration = Duration::from_secs(5);
/// The time a client that was told to go may take to do so. Some clients drop unhandled stanzas if the connection ends first.
const LINGER: Duration = Duration::from_millis(500);

/// An error ends the connection.
type Flow = Result<(), Ended>;

/// The reason for the end of a connection.
enum Ended {
    /// We end it.
    By(End),
    /// The client ended it, or it broke; for the log.
    Gone(String),
}

impl From<Failed> for Ended {
    fn from(why: Failed) -> Self {
        Self::Gone(why)
    }
}

struct Session<S> {
    world: Arc<World>,
    connection: Arc<Connection>,
    link: Link<S>,
    transport: Transport,
    /// Frames held back to go with the next one, and to go after it.
    with_next: Vec<u8>,
    after_next: Vec<u8>,
    silent: bool,
    last_received: Instant,
    next_ping: Option<Instant>,
    next_ack_check: Option<Instant>,
    offline_at: Option<Instant>,
    unpaired_until: Option<Instant>,
    close_at: Option<Instant>,
    /// Pings of `settle` that the client has not answered, by their ids.
    pings: Vec<(String, oneshot::Sender<()>)>,
    /// Set if what the client sends is checked.
    watch: Option<Watch>,
}

/// Serves one connection to its end.
pub(super) async fn run<S>(
    world: Arc<World>,
    guard: Guard,
    mut commands: mpsc::UnboundedReceiver<Command>,
    websocket: WebSocketStream<S>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let connection = Arc::clone(&guard.connection);
    let mut link = Link::new(websocket);
    let shaken = tokio::select! {
        shaken = link.shake(&world, connection.id) => shaken,
        () = killed(&mut commands) => Ok(None),
    };
    let client = match shaken {
        Ok(Some(client)) => client,
        Ok(None) => return,
        Err(why) => return world.log.note(Some(connection.id), why),
    };
    let now = Instant::now();
    let mut session = Session {
        link,
        transport: client.transport,
        with_next: Vec::new(),
        after_next: Vec::new(),
        silent: false,
        last_received: now,
        next_ping: None,
        next_ack_check: None,
        offline_at: None,
        unpaired_until: None,
        close_at: None,
        pings: Vec::new(),
        watch: world.shapes.watch(),
        connection: Arc::clone(&connection),
        world: Arc::clone(&world),
    };
    let plan = login::admit(&world, &connection, client.noise, &client.payload);
    if let Some(ms) = plan.delay {
        // Stanzas queued by the admission wait, too.
        sleep(Duration::from_millis(ms)).await;
    }
    let mut flow = session.apply_point(&plan);
    if flow.is_ok() {
        session.set_timers(now);
        flow = session.serve(&mut commands).await;
    }
    // Stanzas sent before the end are flushed.
    let _ = timeout(CLOSING, session.link.flush()).await;
    match flow {
        Err(Ended::By(how @ (End::Polite | End::Close))) => {
            if how == End::Polite {
                session.await_client().await;
            }
            let _ = timeout(CLOSING, session.link.websocket.close()).await;
            if how == End::Close {
                // Data that nobody reads would break the connection before the client has read that it is closed.
                session.await_client().await;
            }
        }
        Err(Ended::Gone(why)) => world.log.note(Some(connection.id), why),
        Ok(()) | Err(Ended::By(End::Cut)) => {}
    }
}

/// Waits until the connection is killed; other commands are of no use before the handshake is done.
async fn killed(commands: &mut mpsc::UnboundedReceiver<Command>) {
    loop {
        match commands.recv().await {
            Some(Command::Kill(_) | Command::End(_)) | None => return,
            Some(_) => {}
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn set_timers(&mut self, now: Instant) {
        match self.world.model.lock().connections.get(&self.connection.id).map(|entry| &entry.stage) {
            Some(Stage::Device(_)) => {
                self.next_ping = self.world.options.ping_interval().map(|interval| now + interval);
                self.next_ack_check = self.world.options.ack_timeout().map(|patience| now + patience);
            }
            _ => self.unpaired_until = self.world.options.unpaired_lifetime().map(|life| now + life),
        }
    }

    /// The rules at the point where a client is let in.
    fn apply_point(&mut self, plan: &Plan) -> Flow {
        if let Some(ms) = plan.close_in {
            self.close_at = Some(Instant::now() + Duration::from_millis(ms));
        }
        self.silent |= plan.silence;
        plan.end_before.map_or(Ok(()), |how| Err(Ended::By(how)))
    }

    /// Reads on, without listening, until the client closes or time is up.
    async fn await_client(&mut self) {
        let closed = async {
            while let Some(Ok(message)) = self.link.websocket.next().await {
                if message.is_close() {
                    break;
                }
            }
        };
        // Either way the connection ends now.
        let _ = timeout(LINGER, closed).await;
    }

    async fn serve(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Flow {
        loop {
            // Frames of the last read are handled before the stream is asked for more.
            while let Some(frame) = self.link.frames.next().map_err(|error| error.to_string())? {
                self.receive(frame)?;
                self.commands_at_hand(commands).await?;
            }
            if self.silent {
                // No ping reaches the client any more.
                self.pings.clear();
            }
            self.link.flush().await?;
            let deadline = self.deadline();
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => {
                        self.command(command).await?;
                        self.commands_at_hand(commands).await?;
                    }
                    None => return Err(Ended::By(End::Close)),
                },
                message = self.link.websocket.next() => match message {
                    None => return Err("closed by the client".to_owned().into()),
                    Some(Err(error)) => return Err(error.to_string().into()),
                    Some(Ok(message)) => {
                        self.last_received = Instant::now();
                        if message.is_close() {
                            return Err("closed by the client".to_owned().into());
                        }
                        if message.is_binary() {
                            self.link.frames.push(message.as_payload());
                        }
                    }
                },
                () = until(deadline) => self.timer()?,
            }
        }
    }

    /// Handles the queued commands; their output leaves in one write.
    async fn commands_at_hand(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Flow {
        for _ in 0..AT_ONCE {
            let Ok(command) = commands.try_recv() else { break };
            self.command(command).await?;
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let idle = self.world.options.idle_timeout().map(|idle| self.last_received + idle);
        let timers =
            [self.next_ping, self.next_ack_check, self.offline_at, self.unpaired_until, self.close_at, idle];
        timers.into_iter().flatten().min()
    }

    fn timer(&mut self) -> Flow {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.close_at) {
            return Err(Ended::By(End::Close));
        }
        if due(self.world.options.idle_timeout().map(|idle| self.last_received + idle)) {
            self.world.log.note(Some(self.connection.id), "idle for too long");
            return Err(Ended::By(End::Close));
        }
        if due(self.unpaired_until) {
            if !pair::is_busy(&mut self.world.model.lock(), self.connection.id) {
                self.world.log.note(Some(self.connection.id), "unpaired for too long");
                return Err(Ended::By(End::Close));
            }
            self.unpaired_until = Some(now + Duration::from_secs(1));
        }
        if due(self.next_ack_check)
            && let Some(patience) = self.world.options.ack_timeout()
        {
            self.next_ack_check = Some(now + patience / 2);
            if let Some(end) = queue::overdue(&self.world.model.lock(), self.connection.id, patience) {
                self.connection.send(end);
                self.connection.end(End::Polite);
            }
        }
        if due(self.offline_at) {
            self.offline_at = None;
            queue::batch_not_wanted(&self.world, self.connection.id);
        }
        if due(self.next_ping) {
            self.next_ping = self.world.options.ping_interval().map(|interval| now + interval);
            self.connection.send(ping(self.world.stanza_id()));
        }
        Ok(())
    }

    async fn command(&mut self, command: Command) -> Flow {
        match command {
            Command::Send(node) => {
                let id = self.connection.id;
                let number = || dispatch::number_of(&self.world, id).map(Into::into);
                let plan = Plan::of(self.world.faults.hit(|| Subject::outgoing(id, number(), &node)));
                self.send(node, plan).await
            }
            Command::OfflineWithin(time) => {
                self.offline_at = Some(Instant::now() + time);
                Ok(())
            }
            Command::SendPlanned(node, plan) => self.send(node, *plan).await,
            Command::Ping(answered) => {
                let id = self.world.stanza_id();
                self.put(&ping(id.clone()), &Wire::default()).await?;
                self.pings.push((id, answered));
                Ok(())
            }
            Command::Handle(node) => {
                if let Ok(stanza) = Stanza::from_node(&node) {
                    dispatch::dispatch(&self.world, &self.connection, stanza.root());
                }
                Ok(())
            }
            Command::End(_) if self.silent => Ok(()),
            Command::End(how) | Command::Kill(how) => Err(Ended::By(how)),
            Command::Silence => {
                self.silent = true;
                Ok(())
            }
        }
    }

    /// Decodes a frame. While stanzas are logged, a second reader has to find the same.
    fn decode(&self, plaintext: Vec<u8>) -> Result<Stanza, String> {
        let second = self.world.log.is_on().then(|| second_reader::read(&plaintext));
        let stanza = Stanza::decode(plaintext).map_err(|error| error.to_string())?;
        if let Some(second) = second {
            let (first, second) = (json_node::to_json(&stanza.root().to_node()), second?);
            if first != second {
                return Err(format!("the library reads {first}, and the second reader {second}"));
            }
        }
        Ok(stanza)
    }

    /// Opens, decodes and hands on one frame.
    fn receive(&mut self, frame: Vec<u8>) -> Flow {
        let id = self.connection.id;
        let plaintext = self.transport.open(frame).map_err(|error| error.to_string())?;
        let stanza = match self.decode(plaintext) {
            Ok(stanza) => stanza,
            Err(error) => {
                self.world.log.note(Some(id), format!("not a stanza: {error}"));
                self.connection.send(answer::stream_error(None, None, Some("xml-not-well-formed")));
                self.connection.end(End::Polite);
                return Ok(());
            }
        };
        if let Some(watch) = &mut self.watch {
            self.world.shapes.check(watch, id, stanza.root());
        }
        if self.is_pong(stanza.root()) {
            return Ok(());
        }
        self.connection.count_received();
        self.world.handled.fetch_add(1, Ordering::SeqCst);
        if self.world.log.is_on() {
            self.world.log.stanza(id, Direction::In, Arc::new(stanza.root().to_node()));
        }
        let root = stanza.root();
        let number = || {
            let number = dispatch::number_of(&self.world, id);
            number.or_else(|| dispatch::number_in(root)).map(Into::into)
        };
        let plan = Plan::of(self.world.faults.hit(|| Subject::incoming(id, number(), root)));
        self.take(root, &plan)
    }

    /// Takes the answer to a ping of `settle`.
    fn is_pong(&mut self, root: NodeRef<'_>) -> bool {
        if self.pings.is_empty() || root.tag() != "iq" || !root.is("type", "result") {
            return false;
        }
        let Some(at) = self.pings.iter().position(|(id, _)| root.is("id", id)) else { return false };
        let (_, answered) = self.pings.remove(at);
        // The waiter may have lost patience.
        let _ = answered.send(());
        true
    }

    /// Acts on a received stanza in the way the rules want.
    fn take(&mut self, root: NodeRef<'_>, plan: &Plan) -> Flow {
        self.common(plan)?;
        for json in &plan.before {
            self.queue_json(json);
        }
        if let Some(last) = last_words(plan) {
            self.connection.send(last);
            self.connection.end(End::Polite);
            return Ok(());
        }
        if let Some(refusal) = &plan.error {
            self.connection.send(answer::refusal(root, refusal));
        } else if let Some(ms) = plan.delay {
            let (connection, node) = (Arc::clone(&self.connection), root.to_node());
            tokio::spawn(async move {
                sleep(Duration::from_millis(ms)).await;
                connection.command(Command::Handle(node));
            });
        } else if let Some(json) = &plan.replace {
            match json_node::from_json(json).map(|node| Stanza::from_node(&node)) {
                Ok(Ok(stanza)) => dispatch::dispatch(&self.world, &self.connection, stanza.root()),
                _ => self.world.log.note(Some(self.connection.id), "the replacement is no stanza"),
            }
        } else if !plan.drop {
            dispatch::dispatch(&self.world, &self.connection, root);
            if plan.duplicate {
                dispatch::dispatch(&self.world, &self.connection, root);
            }
        }
        for json in &plan.after {
            self.queue_json(json);
        }
        if let Some(how) = plan.end_after {
            self.connection.end(how);
        }
        Ok(())
    }

    fn queue_json(&self, json: &serde_json::Value) {
        match json_node::from_json(json) {
            Ok(node) => self.connection.send(node),
            Err(why) => self.world.log.note(Some(self.connection.id), format!("not sent: {why}")),
        }
    }
}

fn ping(id: String) -> Node {
    Node::new("iq")
        .attr("from", Jid::server())
        .attr("type", "get")
        .attr("xmlns", "urn:xmpp:ping")
        .attr("id", id)
        .attr("t", unix_seconds())
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
