//! The client as the host holds it: checks what it is asked at once, and hands the rest to the session's task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::queue::{Queue, Sink};
use super::runtime::{self, Lease};
use super::session::{self, CODE, Command, LOGOUT, MethodCall, PASSKEY, QR, Session, SessionParts};
use super::settings::Settings;
use super::shared_state::Shared;
use super::status_mapping;
use crate::api::{Config, ConnectionState, Error, Status};
use crate::pairing::{CodeError, PairingCode, PhoneNumber};
use crate::store::seal::SealKey;
use crate::store::{self, Backend, StoreError, records};

/// The number of requests of one client that may wait for their answers.
const REQUESTS_MAX: usize = 1_000;

/// A client: one session of one account, or of one to be. Every method may be called from any thread.
pub struct Client {
    id: u64,
    queue: Arc<Queue>,
    owns_queue: bool,
    shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Command>,
    /// The session was told to close.
    close_asked: AtomicBool,
    /// Gives a sign, by being dropped on the other side, when the session's task has ended.
    ended: Mutex<blocking::Receiver<()>>,
    /// Keeps the process's runtime alive.
    _lease: Lease,
}

impl Client {
    /// Opens the session that `config` names, in the store that it names. Nothing goes to the network before
    /// [`Client::connect`]. Events go to `queue`, or to a queue of the client's own.
    ///
    /// # Errors
    /// Whatever is wrong with the configuration or the store, by name.
    pub fn new(config: &Config, queue: Option<Arc<Queue>>) -> Result<Self, Error> {
        Self::open(config, queue, None)
    }

    /// The same in a store that is open, in place of the one that `config` names, with a queue of its own.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn in_store(config: &Config, backend: Arc<dyn Backend>) -> Result<Self, Error> {
        Self::open(config, None, Some(backend))
    }

    fn open(
        config: &Config,
        queue: Option<Arc<Queue>>,
        backend: Option<Arc<dyn Backend>>,
    ) -> Result<Self, Error> {
        let (settings, seal_key) = Settings::read(config)?;
        let settings = Arc::new(settings);
        let lease = runtime::lease(usize::try_from(config.runtime_workers()).unwrap_or(0))?;
        let (answer, answered) = blocking::sync_channel(1);
        let opening = Arc::clone(&settings);
        let place = lease.place();
        // Waited for on a channel: a host that is itself a program on tokio may not block on a runtime here.
        place.spawn(async move {
            // The other end is waiting just below.
            let _ = answer.send(open(&opening, seal_key.as_deref(), backend).await);
        });
        let opened = answered.recv().map_err(|_| Error::plain(Status::PANIC))?;
        let opened = opened.map_err(|error| status_mapping::of_store(&error))?;

        let owns_queue = queue.is_none();
        let queue = queue.unwrap_or_else(Queue::for_one);
        let sink = queue.add_client(usize::try_from(config.queue_capacity()).unwrap_or(usize::MAX));
        let id = sink.client();
        let shared = Arc::new(Shared::new(opened.account.is_some()));
        let sink = sink.answering_for(Arc::clone(&shared));
        let (commands, inbox) = mpsc::unbounded_channel();
        let (alive, ended) = blocking::channel();
        let session = opened.into_session(settings, Arc::clone(&shared), sink, inbox, commands.downgrade());
        place.run(async move {
            session.run().await;
            drop::<blocking::Sender<()>>(alive);
        });
        let (ended, close_asked) = (Mutex::new(ended), AtomicBool::new(false));
        Ok(Self { id, queue, owns_queue, shared, commands, close_asked, ended, _lease: lease })
    }

    /// Unique in the process; events carry it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the queue of its events.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Returns whether the queue is its own.
    pub fn owns_queue(&self) -> bool {
        self.owns_queue
    }

    /// Returns whether the session is linked to an account.
    pub fn is_linked(&self) -> bool {
        self.shared.is_linked()
    }

    /// Returns the state of the connection.
    pub fn state(&self) -> ConnectionState {
        self.shared.state()
    }

    /// Connects, and stays connected until told otherwise. Returns at once; calling it again cuts a wait short.
    pub fn connect(&self) -> Result<(), Error> {
        self.wish(true)
    }

    /// Goes offline; the session stays open.
    pub fn disconnect(&self) -> Result<(), Error> {
        self.wish(false)
    }

    fn wish(&self, connect: bool) -> Result<(), Error> {
        if self.shared.is_closed() {
            return Err(Error::plain(Status::CLIENT_CLOSED));
        }
        if self.shared.wish(connect) { self.post(Command::WishChanged) } else { Ok(()) }
    }

    /// Ends the client: a request, whose answer is the event `closed`. Asking again changes nothing.
    pub fn close(&self) {
        if !self.close_asked.swap(true, Ordering::Relaxed) {
            // A session that has ended needs no telling.
            let _ = self.commands.send(Command::Close);
        }
    }

    /// Ends the client and waits until its task has ended, for so long at most. True if it has.
    pub fn shut_down(&self, limit: Duration) -> bool {
        self.close();
        matches!(self.ended.lock().recv_timeout(limit), Err(blocking::RecvTimeoutError::Disconnected))
    }

    /// Asks for a pairing code for this number, or for the code that the host chose.
    pub fn request_pairing(&self, phone: &str, code: Option<&str>) -> Result<u64, Error> {
        let phone = PhoneNumber::parse(phone)
            .map_err(|error| Error::new(Status::INVALID_PHONE_NUMBER, error.to_string()).with_key("phone"))?;
        let code = code.map(PairingCode::parse).transpose().map_err(|error: CodeError| {
            Error::new(Status::INVALID_PAIRING_CODE, error.to_string()).with_key("code")
        })?;
        self.pairing_possible()?;
        self.request(CODE, |request| Command::RequestCode { request, phone, code })
    }

    /// Asks for QRs.
    pub fn request_qr(&self) -> Result<u64, Error> {
        self.pairing_possible()?;
        self.request(QR, |request| Command::RequestQr { request })
    }

    /// Hands in the assertion that the event `pairing.passkey` asked for.
    pub fn answer_passkey(&self, assertion_json: &str) -> Result<u64, Error> {
        self.pairing_possible()?;
        self.request(PASSKEY, |request| Command::AnswerPasskey {
            request,
            assertion: assertion_json.to_owned(),
        })
    }

    /// Says that the user saw the same code on both screens.
    pub fn confirm_passkey(&self) -> Result<u64, Error> {
        self.pairing_possible()?;
        self.request(PASSKEY, |request| Command::ConfirmPasskey { request })
    }

    /// Gives a request up. Its answer still comes, and says so, unless another one was on its way.
    pub fn cancel(&self, request: u64) -> Result<(), Error> {
        if request == 0 || !self.shared.was_given(request) {
            return Err(Error::plain(Status::UNKNOWN_REQUEST).with_key("request"));
        }
        if self.shared.cancel_request(request) {
            return self.post(Command::Cancel { request });
        }
        // It is answered, or the session knows already.
        if self.shared.is_closed() { Err(Error::plain(Status::CLIENT_CLOSED)) } else { Ok(()) }
    }

    /// Unlinks the device: tells the server, erases the session and closes the client.
    pub fn logout(&self) -> Result<u64, Error> {
        if !self.is_linked() {
            return Err(Error::plain(Status::NOT_LINKED));
        }
        self.request(LOGOUT, |request| Command::Logout { request })
    }

    /// Calls a method of the table.
    pub fn call(&self, method: &str, params_json: Option<&str>) -> Result<u64, Error> {
        self.make(session::parse_call(method, params_json)?)
    }

    /// Sends a text to a person or a group, under an id of the host's choice or a new one.
    pub fn send_text(&self, chat: &str, text: &str, id: Option<&str>) -> Result<u64, Error> {
        self.send(session::text_call(chat, text, id)?)
    }

    /// Sends a serialised protobuf message.
    pub fn send_message(&self, chat: &str, message: &[u8], id: Option<&str>) -> Result<u64, Error> {
        self.send(session::raw_call(chat, message, id)?)
    }

    fn send(&self, call: MethodCall) -> Result<u64, Error> {
        if !self.is_linked() {
            return Err(Error::plain(Status::NOT_LINKED));
        }
        self.make(call)
    }

    fn make(&self, call: MethodCall) -> Result<u64, Error> {
        self.request(call.info.name, |request| Command::Call { request, call })
    }

    /// The host has dealt with an event, which need not come again. Returns at once; the store follows.
    pub fn ack(&self, event: u64) {
        if self.shared.acknowledge(event) {
            // A client that is gone redelivers when the session is opened again.
            let _ = self.commands.send(Command::Acknowledged);
        }
    }

    fn pairing_possible(&self) -> Result<(), Error> {
        if self.is_linked() {
            return Err(Error::plain(Status::ALREADY_LINKED));
        }
        if !self.shared.wants_connection() {
            let text = "pairing needs a connection: call wa_client_connect first";
            return Err(Error::new(Status::INVALID_STATE, text));
        }
        Ok(())
    }

    fn request(&self, method: &'static str, command: impl FnOnce(u64) -> Command) -> Result<u64, Error> {
        if self.shared.is_closed() {
            return Err(Error::plain(Status::CLIENT_CLOSED));
        }
        let request = self.shared.open_request(method, REQUESTS_MAX)?;
        match self.post(command(request)) {
            // The session ended meanwhile, and has answered it all the same or never will.
            Err(error) if self.shared.request_answered(request) => Err(error),
            _ => Ok(request),
        }
    }

    fn post(&self, command: Command) -> Result<(), Error> {
        if self.shared.is_closed() {
            return Err(Error::plain(Status::CLIENT_CLOSED));
        }
        self.commands.send(command).map_err(|_| Error::plain(Status::CLIENT_CLOSED))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A session that was read from its store.
struct Opened {
    store: store::Session,
    device: Option<records::DeviceRecord>,
    account: Option<records::AccountRecord>,
}

async fn open(
    settings: &Settings,
    seal_key: Option<&SealKey>,
    backend: Option<Arc<dyn Backend>>,
) -> Result<Opened, StoreError> {
    let backend = match backend {
        Some(backend) => backend,
        None => store::open(settings.config.store_url(), seal_key).await?,
    };
    let name = store::SessionName::new(settings.config.session_id())?;
    let store = store::Session::open(backend, &name).await?;
    let (device, account) = records::load(&store).await?;
    Ok(Opened { store, device, account })
}

impl Opened {
    fn into_session(
        self,
        settings: Arc<Settings>,
        shared: Arc<Shared>,
        sink: Sink,
        inbox: mpsc::UnboundedReceiver<Command>,
        post: mpsc::WeakUnboundedSender<Command>,
    ) -> Session {
        let Self { store, device, account } = self;
        Session::new(SessionParts { settings, shared, sink, store, inbox, post, device, account })
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::Polled;
    use super::*;
    use crate::api::{Body, CloseReason};

    #[test]
    fn a_task_that_dies_leaves_no_request_unanswered() {
        for fault in [Command::Break, Command::WorkDied] {
            // It is reached, and never says a word.
            let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let mut config = Config::new();
            config.set("server.url", &format!("ws://{}/", silent.local_addr().unwrap())).unwrap();
            let client = Client::new(&config, None).unwrap();
            client.connect().unwrap();
            let request = client.request_qr().unwrap();
            client.commands.send(fault).unwrap();
            // It may come too late: then it is refused.
            let late = client.call("session.status", None);
            let (mut answers, mut closed) = (Vec::new(), None);
            while let Polled::Event(event) = client.queue().poll(None) {
                match event.body {
                    Body::RequestResult(result) => answers.push((event.request, result.status)),
                    Body::Closed(last) => closed = Some((last.reason, last.status)),
                    _ => {}
                }
            }
            assert_eq!(closed, Some((CloseReason::Failed, Status::PANIC)));
            assert!(answers.contains(&(request, Status::PANIC)), "{answers:?}");
            assert_eq!(answers.len(), 1 + usize::from(late.is_ok()), "{answers:?} {late:?}");
            assert_eq!(client.request_qr().unwrap_err().status, Status::CLIENT_CLOSED);
            assert!(client.shut_down(Duration::from_secs(60)));
        }
    }
}
