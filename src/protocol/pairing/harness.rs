//! Two ends in memory on a simulated clock: a [`Pairing`] with a driver, and a scripted server with a phone.
//!
//! Everything that travels or completes later is a piece of [`Work`] in one queue, so a test can cut the connection, or
//! silence the other side, after any of them. Invariants that always hold are checked at every event.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, OnceLock};

use super::code::{PairingCode, derive_key};
use super::config::{Millis, PairingConfig, PairingKeys};
use super::harness_peer::Peer;
use super::limiter::{LimiterRecord, Limits};
use super::output::{
    Change, DerivedKey, IqFailure, LinkedAccount, Output, PairingEvent, ReplyTag, SaveToken,
};
use super::{OutcomeKind, Pairing, PhoneNumber};
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, Secret, random_array};
use crate::stanza::{Node, Stanza};

pub(super) const PHONE: &str = "15551234567";

/// The slow derivation, remembered: the same seed asks for the same keys again and again.
pub(super) fn derive_once(code: &str, salt: &[u8; 32]) -> Secret<32> {
    type Known = Mutex<HashMap<(String, [u8; 32]), Secret<32>>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    let key = (code.to_owned(), *salt);
    if let Some(found) = known.lock().unwrap().get(&key) {
        return found.clone();
    }
    let made = derive_key(&PairingCode::parse(code).unwrap(), salt);
    known.lock().unwrap().insert(key, made.clone());
    made
}

/// Something on its way to the pairing.
pub(super) enum Work {
    Deliver(Node),
    Reply(ReplyTag, Result<Node, IqFailure>),
    ServerCloses,
    Derived(DerivedKey),
    Saved(SaveToken),
    SaveFailed(SaveToken),
    Permitted(u64, Result<(), Millis>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Down,
    Registration,
    Login,
}

pub(super) struct World {
    pub(super) now: Millis,
    pub(super) rng: Seeded,
    pub(super) pairing: Pairing,
    pub(super) peer: Peer,
    pub(super) events: Vec<PairingEvent>,
    pub(super) stored_adv: Secret<32>,
    pub(super) stored_account: Option<LinkedAccount>,
    pub(super) sent: Vec<Node>,
    pub(super) link: Link,
    pub(super) limits: Limits,
    limiter: LimiterRecord,
    /// Set if saves of the account, or of secrets, fail.
    pub(super) account_saves_fail: bool,
    pub(super) secret_saves_fail: bool,
    /// Set if the driver can connect at all.
    pub(super) reachable: bool,
    queue: VecDeque<(u64, Work)>,
    generation: u64,
    connect_at: Option<Millis>,
    finished: HashSet<u64>,
    last_request: u64,
    last_id: u64,
    /// Pieces of work done so far.
    pub(super) steps: usize,
    /// The server closes the connection after this piece.
    pub(super) cut_after: Option<usize>,
    /// The other side says nothing after this piece.
    pub(super) silent_after: Option<usize>,
}

impl World {
    pub(super) fn new(config: PairingConfig) -> Self {
        Self::with(config, false)
    }

    pub(super) fn with(config: PairingConfig, previously_linked: bool) -> Self {
        let mut rng = Seeded(1 << 32);
        let noise = KeyPair::generate(&mut rng).public();
        let identity = KeyPair::generate(&mut rng);
        let adv = Secret::new(random_array(&mut rng));
        let peer = Peer::new(noise, identity.public(), KeyPair::generate(&mut rng));
        let keys = PairingKeys { noise, identity, adv_secret: adv.clone() };
        Self {
            now: 1_000,
            rng,
            pairing: Pairing::new(config, keys, previously_linked),
            peer,
            events: Vec::new(),
            stored_adv: adv,
            stored_account: None,
            sent: Vec::new(),
            link: Link::Down,
            limits: Limits { burst: 100, per_window: 100, ..Limits::default() },
            limiter: LimiterRecord::default(),
            account_saves_fail: false,
            secret_saves_fail: false,
            reachable: true,
            queue: VecDeque::new(),
            generation: 0,
            connect_at: None,
            finished: HashSet::new(),
            last_request: 0,
            last_id: 0,
            steps: 0,
            cut_after: None,
            silent_after: None,
        }
    }

    /// A world in which the server has offered pairing.
    pub(super) fn ready(config: PairingConfig) -> Self {
        let mut world = Self::new(config);
        world.connect();
        world.settle();
        world
    }

    pub(super) fn connect(&mut self) {
        self.generation += 1;
        self.link = Link::Registration;
        self.pairing.connected(self.now);
        for node in self.peer.greet() {
            self.deliver(node);
        }
        self.drain();
    }

    pub(super) fn deliver(&mut self, node: Node) {
        self.queue.push_back((self.generation, Work::Deliver(node)));
    }

    pub(super) fn close_by_server(&mut self) {
        self.queue.push_back((self.generation, Work::ServerCloses));
    }

    pub(super) fn request_code(&mut self, custom: Option<&str>) -> u64 {
        self.last_request += 1;
        let phone = PhoneNumber::parse(PHONE).unwrap();
        let custom = custom.map(|code| PairingCode::parse(code).unwrap());
        self.pairing.request_code(self.now, self.last_request, phone, custom);
        self.drain();
        self.last_request
    }

    pub(super) fn request_qr(&mut self) -> u64 {
        self.last_request += 1;
        self.pairing.request_qr(self.now, self.last_request);
        self.drain();
        self.last_request
    }

    pub(super) fn cancel(&mut self, request: u64) -> bool {
        let done = self.pairing.cancel(self.now, request, &mut self.rng);
        self.drain();
        done
    }

    /// The user types a code into the phone.
    pub(super) fn type_code(&mut self, code: &str) {
        if let Some(node) = self.peer.type_code(code, &mut self.rng) {
            self.deliver(node);
        }
    }

    /// The user scans what is on the screen.
    pub(super) fn scan(&mut self) {
        let text = self.qr_on_screen().expect("a QR is shown");
        for node in self.peer.scan(&text, &mut self.rng) {
            self.deliver(node);
        }
    }

    pub(super) fn answer_passkey(&mut self, json: &str) {
        self.pairing.answer_passkey(json).unwrap();
        self.drain();
    }

    pub(super) fn confirm_passkey(&mut self) {
        self.pairing.confirm_passkey().unwrap();
        self.drain();
    }

    /// Does all pieces of work, without time passing.
    pub(super) fn settle(&mut self) {
        self.drain();
        while self.step() {}
    }

    /// Does one piece of work. False if there is none.
    pub(super) fn step(&mut self) -> bool {
        let Some((generation, work)) = self.queue.pop_front() else { return false };
        let silent = self.silent_after.is_some_and(|after| self.steps >= after);
        let from_server = matches!(work, Work::Deliver(_) | Work::Reply(..) | Work::ServerCloses);
        if !from_server || (generation == self.generation && self.link != Link::Down && !silent) {
            self.work(work);
            self.steps += 1;
            if self.cut_after == Some(self.steps) {
                self.lose_connection();
            }
        }
        self.drain();
        true
    }

    fn work(&mut self, work: Work) {
        let (now, rng) = (self.now, &mut self.rng);
        match work {
            Work::Deliver(node) => {
                let stanza = Stanza::from_node(&node).unwrap();
                let known = self.pairing.handle_stanza(now, &stanza.root(), rng);
                if !known && node.tag() == "stream:error" {
                    self.lose_connection();
                }
            }
            Work::Reply(tag, Ok(node)) => {
                let stanza = Stanza::from_node(&node).unwrap();
                self.pairing.handle_reply(now, tag, Ok(stanza.root()), rng);
            }
            Work::Reply(tag, Err(failure)) => self.pairing.handle_reply(now, tag, Err(failure), rng),
            Work::ServerCloses => self.lose_connection(),
            Work::Derived(key) => self.pairing.derived(now, &key, rng),
            Work::Saved(token) => self.pairing.saved(now, token),
            Work::SaveFailed(token) => self.pairing.save_failed(now, token, rng),
            Work::Permitted(request, answer) => self.pairing.permitted(now, request, answer, rng),
        }
    }

    pub(super) fn lose_connection(&mut self) {
        if self.link == Link::Registration {
            self.link = Link::Down;
            self.pairing.disconnected(self.now);
            self.drain();
        }
    }

    /// Executes what the pairing wants, and nothing else.
    pub(super) fn settle_outputs(&mut self) {
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.pairing.poll_output() {
            self.execute(output);
        }
    }

    fn execute(&mut self, output: Output) {
        let generation = self.generation;
        match output {
            Output::Send(node) => self.transmit(node, None),
            Output::Query { tag, node, timeout } => {
                assert!(timeout > 0 && node.get("id").is_none());
                self.last_id += 1;
                self.transmit(node.attr("id", self.last_id.to_string()), Some(tag));
            }
            Output::Derive(job) => {
                let (code, salt) = job.inputs();
                let derived = job.with_key(derive_once(&code, &salt));
                self.queue.push_back((generation, Work::Derived(derived)));
            }
            Output::Permit { request, phone } => {
                assert_eq!(phone.digits(), PHONE);
                let answer = self.limiter.try_request(&self.limits, self.now as i64);
                self.queue.push_back((generation, Work::Permitted(request, answer)));
            }
            Output::Save { token, change } => self.save(token, change),
            Output::Event(event) => self.event(event),
            Output::Linked(account) => {
                assert_eq!(self.stored_account.as_ref(), Some(&*account), "stored before it is told");
            }
            Output::Reconnect { login: true, after } => {
                assert_eq!(after, 0, "a login is made at once");
                assert!(self.stored_account.is_some());
                self.generation += 1;
                self.link = Link::Login;
                self.peer.close();
            }
            Output::Reconnect { login: false, after } => {
                self.link = Link::Down;
                self.connect_at = Some(self.now + after);
            }
            Output::Disconnect => self.link = Link::Down,
        }
    }

    fn save(&mut self, token: SaveToken, change: Change) {
        let fails = match &change {
            Change::AdvSecret(_) => self.secret_saves_fail,
            Change::Account(_) => self.account_saves_fail,
        };
        let work = if fails { Work::SaveFailed(token) } else { Work::Saved(token) };
        if !fails {
            match change {
                Change::AdvSecret(secret) => {
                    assert!(self.stored_account.is_none(), "the secret of a linked device never changes");
                    self.stored_adv = secret;
                }
                Change::Account(account) => {
                    self.stored_adv = account.adv_secret.clone();
                    self.stored_account = Some(*account);
                }
            }
        }
        self.queue.push_back((self.generation, work));
    }

    fn transmit(&mut self, node: Node, tag: Option<ReplyTag>) {
        if self.link != Link::Registration {
            return;
        }
        self.sent.push(node.clone());
        self.peer.stored_adv = Some(self.stored_adv.clone());
        for (answer, node) in self.peer.receive(&node, &mut self.rng) {
            let work = match (tag, answer) {
                (Some(tag), true) => Work::Reply(tag, Ok(node)),
                _ => Work::Deliver(node),
            };
            self.queue.push_back((self.generation, work));
        }
        if std::mem::take(&mut self.peer.closes) {
            self.close_by_server();
        }
    }

    fn event(&mut self, event: PairingEvent) {
        let request = event.request();
        if request != 0 {
            assert!(!self.finished.contains(&request), "nothing comes after the final event: {event:?}");
        }
        if event.is_final() && request != 0 {
            self.finished.insert(request);
        }
        if let PairingEvent::Linked { account, .. } = &event {
            assert_eq!(self.stored_account.as_ref(), Some(&**account));
        }
        self.events.push(event);
    }

    /// Lets time pass, with everything that happens in it.
    pub(super) fn pass(&mut self, duration: Millis) {
        let end = self.now + duration;
        self.settle();
        for _ in 0..10_000 {
            let connect = self.connect_at.filter(|_| self.reachable);
            let next = [self.pairing.next_deadline(), connect].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            if connect.is_some_and(|at| at <= self.now) {
                self.connect_at = None;
                self.connect();
            } else {
                self.pairing.handle_timeout(self.now, &mut self.rng);
            }
            self.settle();
        }
        panic!("a timer fires for ever");
    }

    /// The final event of a request.
    pub(super) fn final_event(&self, request: u64) -> Option<&PairingEvent> {
        self.events.iter().find(|event| event.is_final() && event.request() == request)
    }

    /// Returns the outcome of a failed request.
    pub(super) fn failure(&self, request: u64) -> Option<OutcomeKind> {
        match self.final_event(request) {
            Some(PairingEvent::Failed { outcome, .. }) => Some(outcome.kind),
            _ => None,
        }
    }

    /// Setbacks of a request so far.
    pub(super) fn setbacks(&self, request: u64) -> Vec<OutcomeKind> {
        let of = |event: &PairingEvent| match event {
            PairingEvent::Setback { request: of, outcome, .. } if *of == request => Some(outcome.kind),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// Returns whether a request ended with a link, and the server agrees.
    pub(super) fn is_linked(&self, request: u64) -> bool {
        let told = matches!(self.final_event(request), Some(PairingEvent::Linked { .. }));
        told && self.link == Link::Login && self.stored_account.is_some() && self.peer.signed
    }

    /// The last code that was shown.
    pub(super) fn code(&self) -> Option<String> {
        self.events.iter().rev().find_map(|event| match event {
            PairingEvent::Code { code, .. } => Some(code.display()),
            _ => None,
        })
    }

    pub(super) fn codes(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, PairingEvent::Code { .. })).count()
    }

    /// The QR on the screen: text, time left, number, whether it was an update.
    pub(super) fn qrs(&self) -> Vec<(String, Millis, u32, bool)> {
        let shown = |event: &PairingEvent| match event {
            PairingEvent::Qr { payload, expires_in, index, updated, .. } => {
                Some((payload.reveal().to_owned(), *expires_in, *index, *updated))
            }
            _ => None,
        };
        self.events.iter().filter_map(shown).collect()
    }

    pub(super) fn qr_on_screen(&self) -> Option<String> {
        self.qrs().pop().map(|(text, ..)| text)
    }

    /// A whole pairing by code from wherever things stand: what must work after every failure.
    pub(super) fn must_link_again(&mut self) {
        self.cut_after = None;
        self.silent_after = None;
        self.account_saves_fail = false;
        self.secret_saves_fail = false;
        self.reachable = true;
        self.peer.behave();
        self.rng = Seeded(1 << 40);
        let codes = self.codes();
        let request = self.request_code(None);
        for _ in 0..120 {
            if self.codes() > codes {
                break;
            }
            self.pass(1_000);
        }
        assert_eq!(self.failure(request), None);
        self.type_code(&self.code().unwrap());
        self.pass(1_000);
        assert!(self.is_linked(request), "{:?}", self.events);
    }
}
