//! Both ends in memory: what has to work with fresh keys, and what a hostile end may send.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, PublicKey, gcm::TAG_LENGTH};
use crate::proto::Message;
use crate::proto::handshake::{ClientFinish, ClientHello, HandshakeMessage, ServerHello};

const NOW: i64 = 1_500_000;

/// A server with its hierarchy, and a client's key.
struct Ends {
    root: RootKey,
    server: KeyPair,
    chain: Vec<u8>,
    client: Arc<KeyPair>,
}

impl Ends {
    fn new() -> Self {
        let mut rng = Seeded(1000);
        let (root, server) = (KeyPair::generate(&mut rng), KeyPair::generate(&mut rng));
        let chain = issue_chain(&root, 3, &server.public(), 1_000_000..=2_000_000, &mut rng);
        let client = Arc::new(KeyPair::generate(&mut rng));
        Self { root: RootKey { key: root.public(), serial: 3 }, server, chain, client }
    }

    fn start(&self) -> (ClientHandshake, Vec<u8>) {
        ClientHandshake::new(self.client.clone(), &mut Seeded(1))
    }

    fn accept(&self, hello: &[u8]) -> Result<(Vec<u8>, ServerHandshake), NoiseError> {
        let accepted =
            ServerHandshake::accept(&self.server, &self.chain, hello, HEADER, IkPolicy::Try, &mut Seeded(2));
        accepted.map(|(answer, step)| match step {
            ServerStep::Finish(server) => (answer, server),
            ServerStep::Done(_) => panic!("nobody tried IK"),
        })
    }

    fn finish(&self, client: ClientHandshake, answer: &[u8]) -> Result<(Vec<u8>, Transport), NoiseError> {
        let done = client.handle_server_hello(answer, &self.root, NOW, 0, b"payload")?;
        Ok((done.finish.expect("XX has a third message"), done.transport))
    }

    /// A client that knows the server by this key.
    fn resume(&self, server: &PublicKey) -> (ClientHandshake, Vec<u8>) {
        ClientHandshake::resume(self.client.clone(), server, b"payload", &mut Seeded(1)).unwrap()
    }

    /// The server's answer to an attempt to resume.
    fn answer(&self, hello: &[u8]) -> (Vec<u8>, ServerStep) {
        let rng = &mut Seeded(2);
        ServerHandshake::accept(&self.server, &self.chain, hello, HEADER, IkPolicy::Try, rng).unwrap()
    }

    /// Returns the client's error on the server's answer after `change`.
    fn client_refusal(&self, change: impl FnOnce(&mut ServerHello)) -> NoiseError {
        let (client, hello) = self.start();
        let (answer, _) = self.accept(&hello).unwrap();
        let mut message = HandshakeMessage::decode(answer.as_slice()).unwrap();
        change(message.server_hello.as_mut().unwrap());
        self.finish(client, &message.encode_to_vec()).map(|_| ()).unwrap_err()
    }

    /// Returns the server's error on the client's last message after `change`.
    fn server_refusal(&self, change: impl FnOnce(&mut ClientFinish)) -> NoiseError {
        let (client, hello) = self.start();
        let (answer, server) = self.accept(&hello).unwrap();
        let (finish, _) = self.finish(client, &answer).unwrap();
        let mut message = HandshakeMessage::decode(finish.as_slice()).unwrap();
        change(message.client_finish.as_mut().unwrap());
        server.finish(&message.encode_to_vec()).map(|_| ()).unwrap_err()
    }
}

#[test]
fn both_ends_agree() {
    let ends = Ends::new();
    let (client, hello) = ends.start();
    let (answer, server) = ends.accept(&hello).unwrap();
    let (finish, mut client) = ends.finish(client, &answer).unwrap();
    let Established { client_static, payload, pattern, mut transport } = server.finish(&finish).unwrap();
    assert_eq!(
        (client_static, payload.as_slice(), pattern),
        (ends.client.public(), &b"payload"[..], Pattern::Xx)
    );
    let to_server = client.seal(b"ping").unwrap();
    assert_eq!(transport.open(to_server).unwrap(), b"ping");
    let to_client = transport.seal(b"pong").unwrap();
    assert_eq!(client.open(to_client).unwrap(), b"pong");
}

#[test]
fn a_server_whose_key_is_known_is_resumed_in_two_messages() {
    let ends = Ends::new();
    let (client, hello) = ends.resume(&ends.server.public());
    let (answer, step) = ends.answer(&hello);
    let ServerStep::Done(Established { payload, pattern, mut transport, .. }) = step else {
        panic!("the server knows its own key")
    };
    assert_eq!((payload.as_slice(), pattern), (&b"payload"[..], Pattern::Ik));
    // Long after the certificates have ended, and under another root: neither is looked at.
    let other = RootKey { key: PublicKey([9; 32]), serial: 3 };
    let done = client.handle_server_hello(&answer, &other, i64::MAX, 0, b"payload").unwrap();
    assert_eq!((done.finish, done.verified), (None, None));
    let mut client = done.transport;
    assert_eq!(transport.open(client.seal(b"ping").unwrap()).unwrap(), b"ping");
    assert_eq!(client.open(transport.seal(b"pong").unwrap()).unwrap(), b"pong");
}

#[test]
fn a_server_with_another_key_has_to_show_its_certificates() {
    let ends = Ends::new();
    let stale = KeyPair::generate(&mut Seeded(5)).public();
    let resume = || {
        let (client, hello) = ends.resume(&stale);
        let (answer, step) = ends.answer(&hello);
        let ServerStep::Finish(server) = step else { panic!("the server has another key") };
        (client, answer, server)
    };
    let (client, answer, server) = resume();
    let done = client.handle_server_hello(&answer, &ends.root, NOW, 0, b"payload").unwrap();
    let verified = done.verified.unwrap();
    assert_eq!((verified.key, verified.validity), (ends.server.public(), 1_000_000..=2_000_000));
    assert_eq!(server.finish(&done.finish.unwrap()).unwrap().pattern, Pattern::XxFallback);
    let (client, answer, _) = resume();
    let other = RootKey { key: PublicKey([9; 32]), serial: 3 };
    let refused = client.handle_server_hello(&answer, &other, NOW, 0, b"payload").unwrap_err();
    assert_eq!(refused, NoiseError::Certificate(CertificateError::IntermediateSignature));
}

#[test]
fn nobody_but_the_server_can_accept_a_resumption() {
    let ends = Ends::new();
    let (_, hello) = ends.resume(&ends.server.public());
    let (answer, _) = ends.answer(&hello);
    for index in 0..answer.len() {
        let mut changed = answer.clone();
        changed[index] ^= 1;
        let (client, _) = ends.resume(&ends.server.public());
        assert!(client.handle_server_hello(&changed, &ends.root, NOW, 0, b"payload").is_err(), "{index}");
    }
    // An answer of XX without its key is no answer of IK.
    let mut bare = HandshakeMessage::decode(ends.accept(&ends.start().1).unwrap().0.as_slice()).unwrap();
    bare.server_hello.as_mut().unwrap().r#static = None;
    let (client, _) = ends.resume(&ends.server.public());
    let refused = client.handle_server_hello(&bare.encode_to_vec(), &ends.root, NOW, 0, b"payload");
    assert_eq!(refused.map(drop), Err(NoiseError::NotAuthentic("ServerHello.payload")));
    let weak = ClientHandshake::resume(ends.client.clone(), &PublicKey([0; 32]), b"", &mut Seeded(1));
    assert_eq!(weak.map(drop), Err(NoiseError::LowOrderKey));
}

#[test]
fn ends_with_different_headers_do_not_agree() {
    let ends = Ends::new();
    let (client, hello) = ends.start();
    let (answer, _) = ServerHandshake::accept(
        &ends.server,
        &ends.chain,
        &hello,
        *b"WA\x06\x02",
        IkPolicy::Try,
        &mut Seeded(2),
    )
    .unwrap();
    assert_eq!(ends.finish(client, &answer).map(|_| ()), Err(NoiseError::NotAuthentic("ServerHello.static")));
}

#[test]
fn a_cut_answer_is_refused_wherever_it_is_cut() {
    let ends = Ends::new();
    let (_, hello) = ends.start();
    let (answer, _) = ends.accept(&hello).unwrap();
    for length in 0..answer.len() {
        let (client, _) = ends.start();
        assert!(ends.finish(client, &answer[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn every_changed_bit_of_the_answer_is_seen() {
    let ends = Ends::new();
    let (_, hello) = ends.start();
    let (answer, _) = ends.accept(&hello).unwrap();
    for index in 0..answer.len() {
        let (client, _) = ends.start();
        let mut changed = answer.clone();
        changed[index] ^= 1 << (index % 8);
        // The one bit that means nothing is the top bit of a key; X25519 ignores it, the hash does not.
        assert!(ends.finish(client, &changed).is_err(), "byte {index}");
    }
}

#[test]
fn lengths_are_checked_before_anything_else() {
    let ends = Ends::new();
    let refused = |field, length| NoiseError::FieldLength { field, length };
    assert_eq!(ends.client_refusal(|hello| hello.ephemeral = None), refused("ServerHello.ephemeral", 0));
    assert_eq!(ends.client_refusal(|hello| hello.r#static = None), refused("ServerHello.static", 0));
    assert_eq!(ends.client_refusal(|hello| hello.payload = None), refused("ServerHello.payload", 0));
    for length in [0, 31, 33] {
        let refusal = ends.client_refusal(|hello| hello.ephemeral = Some(vec![9; length]));
        assert_eq!(refusal, refused("ServerHello.ephemeral", length));
    }
    for length in [0, 32, 47, 49, 10_000] {
        let refusal = ends.client_refusal(|hello| hello.r#static = Some(vec![9; length]));
        assert_eq!(refusal, refused("ServerHello.static", length));
        let refusal = ends.server_refusal(|finish| finish.r#static = Some(vec![9; length]));
        assert_eq!(refusal, refused("ClientFinish.static", length));
    }
    let refusal = ends.client_refusal(|hello| hello.payload = Some(vec![9; TAG_LENGTH - 1]));
    assert_eq!(refusal, refused("ServerHello.payload", TAG_LENGTH - 1));
    let refusal = ends.server_refusal(|finish| finish.payload = Some(vec![9; TAG_LENGTH - 1]));
    assert_eq!(refusal, refused("ClientFinish.payload", TAG_LENGTH - 1));
}

#[test]
fn fields_that_do_not_decrypt_are_named() {
    let ends = Ends::new();
    let change = |field: &mut Option<Vec<u8>>| field.as_mut().unwrap()[0] ^= 1;
    let refused = NoiseError::NotAuthentic;
    let in_ephemeral = ends.client_refusal(|hello| change(&mut hello.ephemeral));
    assert_eq!(in_ephemeral, refused("ServerHello.static"));
    assert_eq!(ends.client_refusal(|hello| change(&mut hello.r#static)), refused("ServerHello.static"));
    assert_eq!(ends.client_refusal(|hello| change(&mut hello.payload)), refused("ServerHello.payload"));
    assert_eq!(ends.server_refusal(|finish| change(&mut finish.r#static)), refused("ClientFinish.static"));
    assert_eq!(ends.server_refusal(|finish| change(&mut finish.payload)), refused("ClientFinish.payload"));
}

#[test]
fn keys_of_low_order_are_refused() {
    let ends = Ends::new();
    let mut one = vec![0; 32];
    one[0] = 1;
    for key in [vec![0; 32], one] {
        let refusal = ends.client_refusal(|hello| hello.ephemeral = Some(key.clone()));
        assert_eq!(refusal, NoiseError::LowOrderKey);
        let hello = HandshakeMessage {
            client_hello: Some(ClientHello { ephemeral: Some(key), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(ends.accept(&hello.encode_to_vec()).map(|_| ()), Err(NoiseError::LowOrderKey));
    }
}

#[test]
fn another_message_than_the_expected_one_is_refused() {
    let ends = Ends::new();
    let (client, hello) = ends.start();
    let (answer, server) = ends.accept(&hello).unwrap();
    let (reflected, _) = ends.start();
    assert_eq!(ends.finish(reflected, &hello).map(|_| ()), Err(NoiseError::UnexpectedMessage("ServerHello")));
    assert_eq!(ends.accept(&answer).map(|_| ()), Err(NoiseError::UnexpectedMessage("ClientHello")));
    assert_eq!(server.finish(&hello).map(|_| ()), Err(NoiseError::UnexpectedMessage("ClientFinish")));
    assert_eq!(ends.finish(client, &[0xff; 40]).map(|_| ()), Err(NoiseError::Malformed));
}

#[test]
fn an_answer_from_another_handshake_is_refused() {
    let ends = Ends::new();
    let (_, old_hello) = ClientHandshake::new(ends.client.clone(), &mut Seeded(77));
    let (old_answer, _) = ends.accept(&old_hello).unwrap();
    let (client, _) = ends.start();
    assert_eq!(
        ends.finish(client, &old_answer).map(|_| ()),
        Err(NoiseError::NotAuthentic("ServerHello.static"))
    );
}

#[test]
fn an_accepted_ik_is_no_answer_to_xx() {
    // A server that leaves its static key out claims to be known; nothing vouches for it here.
    let ends = Ends::new();
    let refusal = ends.client_refusal(|hello| hello.r#static = None);
    assert_eq!(refusal, NoiseError::FieldLength { field: "ServerHello.static", length: 0 });
}

#[test]
fn unknown_fields_are_skipped() {
    let ends = Ends::new();
    let (client, hello) = ends.start();
    let (answer, _) = ends.accept(&hello).unwrap();
    // Field 9 of the outer message, two bytes long, as a later schema might have it.
    let with_more = [answer.as_slice(), &[0x4a, 2, 1, 2]].concat();
    assert!(ends.finish(client, &with_more).is_ok());
}

#[test]
fn nothing_of_the_keys_is_printed() {
    let ends = Ends::new();
    let (client, hello) = ends.start();
    let (_, server) = ends.accept(&hello).unwrap();
    assert_eq!(format!("{client:?}"), "ClientHandshake { .. }");
    assert_eq!(format!("{server:?}"), "ServerHandshake { pattern: Xx, .. }");
}

proptest! {
    #[test]
    fn any_bytes_are_refused_by_both_sides(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let ends = Ends::new();
        let (client, hello) = ends.start();
        prop_assert!(ends.finish(client, &body).is_err());
        let (_, server) = ends.accept(&hello).unwrap();
        prop_assert!(server.finish(&body).is_err());
    }

    #[test]
    fn the_wire_may_be_split_anywhere(sizes in prop::collection::vec(1usize..400, 1..12)) {
        let ends = Ends::new();
        let (client, hello) = ends.start();
        let (answer, server) = ends.accept(&hello).unwrap();
        let (finish, _) = ends.finish(client, &answer).unwrap();
        let mut wire = prologue(Some(b"routing"));
        write_frame(&mut wire, &hello).unwrap();
        write_frame(&mut wire, &finish).unwrap();

        let (mut intros, mut frames) = (PrologueReader::new(), FrameReader::new());
        let (mut introduced, mut got) = (false, Vec::new());
        let (mut rest, mut sizes) = (wire.as_slice(), sizes.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            rest = later;
            if introduced {
                frames.push(now);
            } else if let Some(read) = intros.push(now).unwrap() {
                introduced = true;
                frames.push(&read.rest);
            }
            while let Some(frame) = frames.next().unwrap() {
                got.push(frame);
            }
        }
        prop_assert_eq!(&got, &[hello, finish]);
        prop_assert_eq!(server.finish(&got[1]).unwrap().payload, b"payload");
    }
}
