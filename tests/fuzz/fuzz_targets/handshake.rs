//! Each side of the handshake against an end that sends what it likes: nothing but the genuine bytes is ever accepted.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use wa::crypto::{KeyPair, Random};
use wa::noise::{
    ClientHandshake, HEADER, IkPolicy, NoiseError, RootKey, ServerHandshake, ServerStep, Transport,
    issue_chain, verify_chain,
};
use wa::proto::Message;
use wa::proto::handshake::{CertChain, HandshakeMessage};

/// Well inside the certificates' time.
const NOW: i64 = 1_500_000;

/// Counts. The other side's bytes are to be explored here, not the own keys.
struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

/// A conversation that goes well, to be replayed with changes.
struct World {
    root: RootKey,
    server: KeyPair,
    chain: Vec<u8>,
    client: Arc<KeyPair>,
    hello: Vec<u8>,
    answer: Vec<u8>,
    finish: Vec<u8>,
    first_frame: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (root, server) = (KeyPair::generate(&mut Counting(1)), KeyPair::generate(&mut Counting(2)));
    let chain = issue_chain(&root, 0, &server.public(), 1_000_000..=2_000_000, &mut Counting(3));
    let mut world = World {
        root: RootKey { key: root.public(), serial: 0 },
        server,
        chain,
        client: Arc::new(KeyPair::generate(&mut Counting(4))),
        hello: Vec::new(),
        answer: Vec::new(),
        finish: Vec::new(),
        first_frame: Vec::new(),
    };
    world.hello = world.start().1;
    let (answer, server) = world.accept();
    world.answer = answer;
    let (finish, mut transport) = world.connect(&world.answer).expect("the genuine answer");
    server.finish(&finish).expect("the genuine end");
    world.finish = finish;
    world.first_frame = transport.seal(b"first").expect("a fresh counter");
    world
});

impl World {
    fn start(&self) -> (ClientHandshake, Vec<u8>) {
        ClientHandshake::new(self.client.clone(), &mut Counting(5))
    }

    fn accept_hello(&self, hello: &[u8]) -> Result<(Vec<u8>, ServerStep), NoiseError> {
        ServerHandshake::accept(&self.server, &self.chain, hello, HEADER, IkPolicy::Try, &mut Counting(6))
    }

    fn accept(&self) -> (Vec<u8>, ServerHandshake) {
        match self.accept_hello(&self.hello).expect("the genuine hello") {
            (answer, ServerStep::Finish(server)) => (answer, server),
            (_, ServerStep::Done(_)) => unreachable!("nobody tried IK"),
        }
    }

    fn connect(&self, answer: &[u8]) -> Result<(Vec<u8>, Transport), NoiseError> {
        let done = self.start().0.handle_server_hello(answer, &self.root, NOW, 0, b"payload")?;
        Ok((done.finish.expect("XX has a third message"), done.transport))
    }
}

/// `genuine` with `changes` laid over it, and what is left of `changes` behind it.
fn changed(genuine: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut out = genuine.to_vec();
    out.resize(genuine.len().max(changes.len()), 0);
    for (byte, change) in out.iter_mut().zip(changes) {
        *byte ^= change;
    }
    out
}

/// Returns the message of a frame, unknown fields and their place aside; nothing if it says nothing.
fn message(body: &[u8]) -> HandshakeMessage {
    HandshakeMessage::decode(body).unwrap_or_default()
}

fuzz_target!(|input: (u8, &[u8])| {
    let (what, bytes) = input;
    let world = &*WORLD;
    match what % 8 {
        0 => assert!(world.connect(bytes).is_err()),
        1 => {
            let answer = changed(&world.answer, bytes);
            let genuine = message(&answer).server_hello == message(&world.answer).server_hello;
            assert_eq!(world.connect(&answer).is_ok(), genuine);
        }
        // Any key is a hello, but an IK attempt has to be made with knowledge of the server's key.
        2 => assert!(!matches!(world.accept_hello(bytes), Ok((_, ServerStep::Done(_))))),
        3 => assert!(world.accept().1.finish(bytes).is_err()),
        4 => {
            let finish = changed(&world.finish, bytes);
            let genuine = message(&finish).client_finish == message(&world.finish).client_finish;
            assert_eq!(world.accept().1.finish(&finish).is_ok(), genuine);
        }
        5 => assert!(verify_chain(bytes, &world.server.public(), &world.root, NOW, 0).is_err()),
        6 => {
            let chain = changed(&world.chain, bytes);
            let genuine = CertChain::decode(chain.as_slice()) == CertChain::decode(world.chain.as_slice());
            let verdict = verify_chain(&chain, &world.server.public(), &world.root, NOW, 0);
            assert_eq!(verdict.is_ok(), genuine);
        }
        _ => {
            let mut transport = world.accept().1.finish(&world.finish).expect("the genuine end").transport;
            let frame = changed(&world.first_frame, bytes);
            assert_eq!(transport.open(frame.clone()).is_ok(), frame == world.first_frame);
        }
    }
});
