//! A companion that does what it is told, step by step, made of libwa's protocol rooms without its client. What a real
//! companion decides by itself the tests decide here, wrongly too.
#![allow(dead_code, reason = "every test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub(crate) mod http;
pub(crate) mod peer;
pub(crate) mod protobuf;
pub(crate) mod reader;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};
use wa::{
    crypto::{KeyPair, OsRandom, PublicKey, Secret, random_array},
    noise::{
        ClientHandshake, Completed, FrameReader, RootKey, Transport,
        client_payload::{self, AppVersion, DeviceDescription, Login, RegistrationKeys},
        prologue, write_frame,
    },
    pairing::{
        code::{CompanionFinish, PairingCode, WrapNonce, companion_finish, derive_key, wrap, wrapped_salt},
        identity::{self, IdentityError},
        qr::{QrForm, QrLink},
    },
    proto::{Message as _, companion::device_props::PlatformType},
    stanza::{Jid, Node, Stanza, build, encode},
};
use wa_sim::{Handle, Options, Simulator, State};

/// Long enough for a loaded machine; nothing waits for it when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A simulator with a phone, and no server pings in the way.
pub(crate) async fn simulator() -> Handle {
    with(|_| {}).await
}

/// The same with other options.
pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Handle {
    // The tests say what goes where.
    let mut options = Options { ping_interval_ms: 0, pn_messages: true, ..Options::default() };
    change(&mut options);
    let sim = Simulator::start(options).await.unwrap();
    assert!(sim.add_phone(NUMBER, "Ada"));
    sim
}

/// Waits until the simulator is in a state of which `look` makes something; gives that.
pub(crate) async fn until<T>(sim: &Handle, look: impl FnMut(&State<'_>) -> Option<T>) -> T {
    sim.wait(PATIENCE, look).await.unwrap_or_else(|| panic!("the simulator never came to that state"))
}

/// Looks at the state once all that was written and posted is handled.
pub(crate) async fn settled<T>(sim: &Handle, look: impl FnOnce(&State<'_>) -> T) -> T {
    sim.settled(PATIENCE, look).await.unwrap_or_else(|why| panic!("{why}"))
}

/// Waits until the phone of that number is so; gives all that it shows.
pub(crate) async fn phone(sim: &Handle, number: &str, is: impl Fn(&Value) -> bool) -> Value {
    until(sim, |state| state.phone(number).filter(&is)).await
}

/// The phone's number.
pub(crate) const NUMBER: &str = "15550001234";

/// The lasting part of a companion.
pub(crate) struct Companion {
    pub(crate) noise: Arc<KeyPair>,
    pub(crate) identity: KeyPair,
    pub(crate) keys: RegistrationKeys,
    pub(crate) adv_secret: Secret<32>,
    pub(crate) jid: Option<Jid>,
    pub(crate) description: DeviceDescription,
}

impl Companion {
    pub(crate) fn new() -> Self {
        let rng = &mut OsRandom;
        let identity = KeyPair::generate(rng);
        let keys = RegistrationKeys::signed(1234, &identity, 1, KeyPair::generate(rng).public(), rng);
        Self {
            noise: Arc::new(KeyPair::generate(rng)),
            keys,
            identity,
            adv_secret: Secret::new(random_array(rng)),
            jid: None,
            description: DeviceDescription::browser("Linux", PlatformType::Chrome),
        }
    }

    pub(crate) fn registration(&self) -> Vec<u8> {
        client_payload::registration(&self.description, &self.keys).encode_to_vec()
    }

    pub(crate) fn login(&self) -> Vec<u8> {
        let jid = self.jid.as_ref().unwrap();
        let login = Login {
            username: jid.user.parse().unwrap(),
            device: u32::from(jid.device),
            login_counter: 0,
            passive: false,
            lid_migrated: false,
            connect_attempt_count: None,
        };
        client_payload::login(&self.description, &login).encode_to_vec()
    }

    pub(crate) fn with_version(mut self, version: &str) -> Self {
        self.description.version = version.parse::<AppVersion>().unwrap();
        self
    }

    /// Connects with a payload.
    pub(crate) async fn connect(&self, sim: &Handle, payload: &[u8]) -> Result<Wire, String> {
        Wire::open(sim, &self.noise, payload).await
    }

    /// Connects to be linked and takes the refs.
    pub(crate) async fn register(&self, sim: &Handle) -> (Wire, Vec<String>) {
        let mut wire = self.connect(sim, &self.registration()).await.unwrap();
        let offer = wire.next().await.unwrap();
        let root = offer.root();
        let refs = root
            .child("pair-device")
            .unwrap_or_else(|| panic!("{root:?} is no pair-device"))
            .children_named("ref")
            .map(|node| node.text().unwrap().into_owned())
            .collect();
        wire.send(&build::reply(&root).unwrap()).await;
        (wire, refs)
    }

    /// Logs in; the answer is `success`, or whatever came in its place.
    pub(crate) async fn log_in(&self, sim: &Handle) -> (Wire, Stanza) {
        let mut wire = self.connect(sim, &self.login()).await.unwrap();
        let answer = wire.next().await.unwrap();
        (wire, answer)
    }

    pub(crate) fn qr(&self, reference: &str, form: QrForm) -> String {
        let link = QrLink {
            reference: reference.to_owned(),
            noise: self.noise.public(),
            identity: self.identity.public(),
            adv_secret: self.adv_secret.clone(),
            client_type: Some('1'),
        };
        link.to_text(form).reveal().to_owned()
    }

    /// Asks for a code.
    pub(crate) async fn hello(&self, wire: &mut Wire, code: &PairingCode) -> (KeyPair, Stanza) {
        let rng = &mut OsRandom;
        let ephemeral = KeyPair::generate(rng);
        let nonce = WrapNonce::generate(rng);
        let wrapped = wrap(&derive_key(code, &nonce.salt), &nonce, &ephemeral.public());
        let answer = wire.query(self.hello_node(&wrapped, "Chrome (Linux)")).await;
        (ephemeral, answer)
    }

    pub(crate) fn hello_node(&self, wrapped: &[u8], display: &str) -> Node {
        build::set("md").child(
            Node::new("link_code_companion_reg")
                .attr("jid", Jid::user(NUMBER))
                .attr("stage", "companion_hello")
                .attr("should_show_push_notification", true)
                .child(Node::new("link_code_pairing_wrapped_companion_ephemeral_pub").bytes(wrapped))
                .child(Node::new("companion_server_auth_key_pub").bytes(self.noise.public().0))
                .child(Node::new("companion_platform_id").text("1"))
                .child(Node::new("companion_platform_display").text(display))
                .child(Node::new("link_code_pairing_nonce").bytes([0])),
        )
    }

    /// Answers the phone's primary_hello.
    pub(crate) async fn finish(
        &mut self,
        wire: &mut Wire,
        code: &PairingCode,
        ephemeral: &KeyPair,
        hello: &Stanza,
    ) -> Stanza {
        let child = hello.root().child("link_code_companion_reg").unwrap();
        let bytes = |tag: &str| child.child(tag).unwrap().bytes().unwrap().to_vec();
        let wrapped: [u8; 80] = bytes("link_code_pairing_wrapped_primary_ephemeral_pub").try_into().unwrap();
        let primary = PublicKey::from_slice(&bytes("primary_identity_pub")).unwrap();
        let key = derive_key(code, &wrapped_salt(&wrapped));
        let CompanionFinish { bundle, adv_secret } =
            companion_finish(&key, ephemeral, &self.identity, &wrapped, &primary, &mut OsRandom).unwrap();
        self.adv_secret = adv_secret;
        wire.query(
            build::set("md").child(
                Node::new("link_code_companion_reg")
                    .attr("jid", Jid::user(NUMBER))
                    .attr("stage", "companion_finish")
                    .child(Node::new("link_code_pairing_wrapped_key_bundle").bytes(bundle))
                    .child(Node::new("companion_identity_public").bytes(self.identity.public().0))
                    .child(Node::new("link_code_pairing_ref").bytes(bytes("link_code_pairing_ref"))),
            ),
        )
        .await
    }

    /// Checks pair-success; gives the answer to be sent and takes the address.
    pub(crate) fn accept(&mut self, success: &Stanza) -> Result<Node, IdentityError> {
        let root = success.root();
        let child = root.child("pair-success").unwrap_or_else(|| panic!("{root:?} is no pair-success"));
        let container = child.child("device-identity").and_then(|node| node.bytes()).unwrap_or_default();
        let signed = identity::accept(container, &self.adv_secret, &self.identity, &mut OsRandom)?;
        self.jid = child.child("device").and_then(|device| device.jid("jid"));
        let device_identity =
            Node::new("device-identity").attr("key-index", signed.key_index).bytes(signed.reply);
        Ok(build::reply(&root).unwrap().child(Node::new("pair-device-sign").child(device_identity)))
    }

    /// Everything from pair-success to the closed connection.
    pub(crate) async fn complete(&mut self, mut wire: Wire) {
        let success = wire.expect("iq").await;
        let reply = self.accept(&success).unwrap();
        wire.send(&reply).await;
        let restart = wire.expect("stream:error").await;
        assert!(restart.root().is("code", "515"), "{:?}", restart.root());
    }

    /// Is linked by QR.
    pub(crate) async fn link(&mut self, sim: &Handle) {
        self.link_to(sim, NUMBER).await;
    }

    /// Is linked by QR to the phone of that number.
    pub(crate) async fn link_to(&mut self, sim: &Handle, number: &str) {
        let (wire, refs) = self.register(sim).await;
        let qr = self.qr(&refs[0], QrForm::Url);
        let (outcome, ()) = tokio::join!(sim.scan(number, &qr), self.complete(wire));
        assert_eq!(outcome["outcome"], "linked", "{outcome}");
    }
}

/// A connection after the handshake.
pub(crate) struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: FrameReader,
    transport: Transport,
    ids: u32,
    /// Stanzas that came while another one was waited for.
    early: VecDeque<Stanza>,
}

impl Wire {
    pub(crate) async fn open(sim: &Handle, noise: &Arc<KeyPair>, payload: &[u8]) -> Result<Self, String> {
        Self::open_at(&sim.started().ws, sim.root_key(), noise, payload).await
    }

    /// The same to a simulator of another process.
    pub(crate) async fn open_at(
        ws: &str,
        root_key: [u8; 32],
        noise: &Arc<KeyPair>,
        payload: &[u8],
    ) -> Result<Self, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let uri = ws.parse().unwrap();
        let (mut socket, _) = ClientBuilder::from_uri(uri).connect().await.map_err(|error| text(&error))?;
        let (handshake, hello) = ClientHandshake::new(Arc::clone(noise), &mut OsRandom);
        let mut bytes = prologue(None);
        write_frame(&mut bytes, &hello).unwrap();
        socket.send(Message::binary(bytes)).await.map_err(|error| text(&error))?;
        let mut frames = FrameReader::new();
        let server_hello = frame(&mut socket, &mut frames).await?;
        let root = RootKey { key: PublicKey(root_key), serial: 0 };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let Completed { finish, transport, .. } = handshake
            .handle_server_hello(&server_hello, &root, i64::try_from(now).unwrap(), 0, payload)
            .map_err(|error| text(&error))?;
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &finish.unwrap()).unwrap();
        socket.send(Message::binary(bytes)).await.map_err(|error| text(&error))?;
        frames.established();
        Ok(Self { socket, frames, transport, ids: 0, early: VecDeque::new() })
    }

    pub(crate) async fn send(&mut self, node: &Node) {
        let mut bytes = Vec::new();
        self.transport.seal_into(&encode(node).unwrap(), &mut bytes).unwrap();
        // If the server has closed, the next read says so.
        let _ = self.socket.send(Message::binary(bytes)).await;
    }

    /// The next stanza; the error says how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Stanza, String> {
        match self.early.pop_front() {
            Some(stanza) => Ok(stanza),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Stanza, String> {
        let body = frame(&mut self.socket, &mut self.frames).await?;
        let plaintext = self.transport.open(body).map_err(|error| error.to_string())?;
        Stanza::decode(plaintext).map_err(|error| error.to_string())
    }

    /// The next stanza of that tag; others are passed over.
    pub(crate) async fn expect(&mut self, tag: &str) -> Stanza {
        loop {
            let stanza = self.next().await.unwrap_or_else(|why| panic!("no {tag}: {why}"));
            if stanza.root().tag() == tag {
                return stanza;
            }
        }
    }

    /// The next notification of that type, acknowledged.
    pub(crate) async fn notification(&mut self, kind: &str) -> Stanza {
        loop {
            let stanza = self.expect("notification").await;
            self.send(&build::ack(&stanza.root()).unwrap()).await;
            if stanza.root().is("type", kind) {
                return stanza;
            }
        }
    }

    /// Sends an iq and waits for its answer.
    pub(crate) async fn query(&mut self, iq: Node) -> Stanza {
        self.ids += 1;
        let id = format!("q{}", self.ids);
        self.send(&iq.attr("id", id.clone())).await;
        loop {
            let stanza = self.read().await.unwrap_or_else(|why| panic!("no answer: {why}"));
            if stanza.root().tag() == "iq" && stanza.root().is("id", &id) {
                return stanza;
            }
            self.early.push_back(stanza);
        }
    }

    /// Waits until the connection has ended.
    pub(crate) async fn closed(&mut self) {
        loop {
            if self.next().await.is_err() {
                return;
            }
        }
    }

    /// Returns whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self, time: Duration) -> bool {
        timeout(time, self.next()).await.is_err()
    }
}

async fn frame(
    socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>,
    frames: &mut FrameReader,
) -> Result<Vec<u8>, String> {
    loop {
        if let Some(frame) = frames.next().map_err(|error| error.to_string())? {
            return Ok(frame);
        }
        match timeout(PATIENCE, socket.next()).await {
            Err(_) => return Err("silence".to_owned()),
            Ok(None) => return Err("closed".to_owned()),
            Ok(Some(Err(error))) => return Err(format!("closed: {error}")),
            Ok(Some(Ok(message))) if message.is_binary() => frames.push(message.as_payload()),
            Ok(Some(Ok(message))) if message.is_close() => return Err("closed".to_owned()),
            Ok(Some(Ok(_))) => {}
        }
    }
}
