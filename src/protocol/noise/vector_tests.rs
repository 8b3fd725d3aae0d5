//! The handshake vectors, byte for byte, from both sides: messages, wire, every state, transport frames, payloads.

use std::sync::Arc;

use serde_json::Value;

use super::client::Finished;
use super::client_payload::{AppVersion, DeviceDescription, Login, RegistrationKeys, login, registration};
use super::symmetric::State;
use super::*;
use crate::crypto::testing::Scripted;
use crate::crypto::{KeyPair, PublicKey};
use crate::proto::Message;
use crate::proto::companion::DeviceProps;
use crate::proto::companion::device_props::PlatformType;
use crate::proto::handshake::NoiseCertificateDetails;
use crate::proto::payload::ClientPayload;

fn noise_vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/noise-vectors.json")).unwrap()
}

fn pairing_vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/pairing-vectors.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn key(vectors: &Value, name: &str) -> KeyPair {
    let pair = KeyPair::from_secret(array(&vectors["keys"][name]["private_hex"]));
    assert_eq!(pair.public().0, array(&vectors["keys"][name]["public_hex"]));
    pair
}

fn case(vectors: &Value, name: &str) -> Value {
    let found = vectors["vectors"].as_array().unwrap().iter().find(|case| case["name"] == name);
    found.unwrap().clone()
}

fn root(vectors: &Value) -> RootKey {
    let serial = vectors["certificate_chain"]["root_serial"].as_u64().unwrap().try_into().unwrap();
    RootKey { key: key(vectors, "root").public(), serial }
}

/// A time at which the chain of the vectors is valid.
const NOW: i64 = 1_800_000_000;

fn assert_states(trace: &[State], case: &Value, count: usize) {
    let expected = case["client_states"].as_array().unwrap();
    assert_eq!(trace.len(), count);
    for (state, expected) in trace.iter().zip(expected) {
        let expected_state = State {
            h: array(&expected["h"]),
            ck: array(&expected["ck"]),
            k: array(&expected["k"]),
            n: expected["n"].as_u64().unwrap().try_into().unwrap(),
        };
        assert_eq!(*state, expected_state, "after {}", expected["op"]);
    }
}

/// Both sides seal and open the frames of the vector, through the frame reader.
fn assert_transport(case: &Value, client: Transport, server: Transport) {
    let ((mut client_out, mut client_in), (mut server_out, mut server_in)) =
        (client.into_split(), server.into_split());
    let frames = case["transport"]["frames"].as_array().unwrap();
    assert_eq!(frames.len(), 4);
    for frame in frames {
        let (sealer, opener) = match frame["direction"].as_str().unwrap() {
            "client_to_server" => (&mut client_out, &mut server_in),
            "server_to_client" => (&mut server_out, &mut client_in),
            other => panic!("{other}"),
        };
        let plaintext = bytes(&frame["plaintext_hex"]);
        let mut wire = Vec::new();
        sealer.seal_into(&plaintext, &mut wire).unwrap();
        assert_eq!(wire, bytes(&frame["wire_hex"]));
        assert_eq!(&wire[3..], bytes(&frame["ciphertext_hex"]));
        assert_eq!(opener.open(wire.split_off(3)).unwrap(), plaintext);
    }
}

fn assert_wire(case: &Value, index: usize, intro: &[u8], body: &[u8]) {
    let mut wire = intro.to_vec();
    write_frame(&mut wire, body).unwrap();
    assert_eq!(wire, bytes(&case["wire"][index]["hex"]));
}

#[test]
fn xx_from_both_sides() {
    let vectors = noise_vectors();
    for name in ["xx-login", "xx-registration", "xx-login-edge-routing"] {
        let case = case(&vectors, name);
        let messages = &case["messages"];
        let payload = bytes(&case["client_payload_hex"]);
        let routing_info = case["edge_routing_info_hex"].as_str().map(|text| hex::decode(text).unwrap());

        let static_key = Arc::new(key(&vectors, "client-static"));
        let ephemeral = key(&vectors, "client-ephemeral");
        let (client, hello) =
            ClientHandshake::new(static_key.clone(), &mut Scripted::new(&[ephemeral.secret().as_bytes()]));
        assert_eq!(hello, bytes(&messages["client_hello_hex"]));
        assert_wire(&case, 0, &prologue(routing_info.as_deref()), &hello);

        let read = PrologueReader::new().push(&bytes(&case["wire"][0]["hex"])).unwrap().unwrap();
        assert_eq!(read.routing_info, routing_info);
        let mut reader = FrameReader::new();
        reader.push(&read.rest);
        let server_ephemeral = key(&vectors, "server-ephemeral");
        let (answer, step) = ServerHandshake::accept(
            &key(&vectors, "server-static"),
            &bytes(&vectors["certificate_chain"]["chain_hex"]),
            &reader.next().unwrap().unwrap(),
            read.header,
            IkPolicy::Try,
            &mut Scripted::new(&[server_ephemeral.secret().as_bytes()]),
        )
        .unwrap();
        assert_eq!(answer, bytes(&messages["server_hello_hex"]));
        assert_wire(&case, 1, &[], &answer);
        let ServerStep::Finish(server) = step else { panic!("XX has a third message") };
        assert_states(&server.symmetric().trace, &case, 8);

        let Finished { finish, symmetric, verified } =
            client.complete(&answer, &root(&vectors), NOW, 0, &payload).unwrap();
        let finish = finish.unwrap();
        assert_eq!(verified.unwrap().key, key(&vectors, "server-static").public());
        assert_eq!(finish, bytes(&messages["client_finish_hex"]));
        assert_wire(&case, 2, &[], &finish);
        assert_states(&symmetric.trace, &case, 11);
        assert_eq!(symmetric.trace[10].h, array(&case["final_handshake_hash_hex"]));

        let established = server.finish(&finish).unwrap();
        assert_eq!(established.client_static, static_key.public());
        assert_eq!(established.payload, payload);
        assert_eq!(established.pattern, Pattern::Xx);
        assert_transport(&case, symmetric.into_client_transport(), established.transport);
    }
}

/// The client of an IK attempt, and its first message.
fn ik_hello(
    static_key: &KeyPair,
    ephemeral: &KeyPair,
    server: &PublicKey,
    payload: &[u8],
) -> (ClientHandshake, Vec<u8>) {
    let rng = &mut Scripted::new(&[ephemeral.secret().as_bytes()]);
    ClientHandshake::resume(Arc::new(static_key.clone()), server, payload, rng).unwrap()
}

#[test]
fn ik_accepted_from_both_sides() {
    let vectors = noise_vectors();
    let case = case(&vectors, "ik-login-accepted");
    let payload = bytes(&case["client_payload_hex"]);
    let (static_key, ephemeral) = (key(&vectors, "client-static"), key(&vectors, "client-ephemeral"));
    let (client, hello) =
        ik_hello(&static_key, &ephemeral, &PublicKey(array(&case["cached_server_static_pub_hex"])), &payload);
    assert_eq!(hello, bytes(&case["messages"]["client_hello_hex"]));
    assert_wire(&case, 0, &prologue(None), &hello);

    let server_ephemeral = key(&vectors, "server-ephemeral");
    let (answer, step) = ServerHandshake::accept(
        &key(&vectors, "server-static"),
        &bytes(&vectors["certificate_chain"]["chain_hex"]),
        &hello,
        HEADER,
        IkPolicy::Try,
        &mut Scripted::new(&[server_ephemeral.secret().as_bytes()]),
    )
    .unwrap();
    assert_eq!(answer, bytes(&case["messages"]["server_hello_hex"]));
    assert_wire(&case, 1, &[], &answer);
    let ServerStep::Done(established) = step else { panic!("IK has no third message") };
    assert_eq!(established.client_static, static_key.public());
    assert_eq!(established.payload, payload);
    assert_eq!(established.pattern, Pattern::Ik);

    // The client asks for no certificate: the root is another one.
    let other = RootKey { key: PublicKey([9; 32]), serial: 7 };
    let Finished { finish, symmetric: client, verified } =
        client.complete(&answer, &other, 0, 0, &payload).unwrap();
    assert_eq!((finish, verified), (None, None));
    assert_states(&client.trace, &case, 12);
    assert_eq!(client.trace[11].h, array(&case["final_handshake_hash_hex"]));
    assert_transport(&case, client.into_client_transport(), established.transport);
}

#[test]
fn ik_refused_falls_back_from_both_sides() {
    let vectors = noise_vectors();
    let case = case(&vectors, "ik-refused-xxfallback");
    let payload = bytes(&case["client_payload_hex"]);
    let static_key = Arc::new(key(&vectors, "client-static"));
    let ephemeral = key(&vectors, "client-ephemeral");
    let stale = PublicKey(array(&case["cached_server_static_pub_hex"]));
    let (stale_client, hello) = ik_hello(&static_key, &ephemeral, &stale, &payload);
    assert_eq!(hello, bytes(&case["messages"]["client_hello_hex"]));
    assert_wire(&case, 0, &prologue(None), &hello);

    // A stale key, and a right key with a server that does not want IK, come to the same.
    let right = key(&vectors, "server-static").public();
    let (right_client, right_hello) = ik_hello(&static_key, &ephemeral, &right, &payload);
    for (policy, client, hello) in
        [(IkPolicy::Try, stale_client, &hello), (IkPolicy::Refuse, right_client, &right_hello)]
    {
        let server_ephemeral = key(&vectors, "server-ephemeral");
        let (answer, step) = ServerHandshake::accept(
            &key(&vectors, "server-static"),
            &bytes(&vectors["certificate_chain"]["chain_hex"]),
            hello,
            HEADER,
            policy,
            &mut Scripted::new(&[server_ephemeral.secret().as_bytes()]),
        )
        .unwrap();
        assert_eq!(answer, bytes(&case["messages"]["server_hello_hex"]));
        assert_wire(&case, 1, &[], &answer);
        let ServerStep::Finish(server) = step else { panic!("a refused IK goes on as XX") };
        assert_states(&server.symmetric().trace, &case, 8);

        let Finished { finish, symmetric, verified } =
            client.complete(&answer, &root(&vectors), NOW, 0, &payload).unwrap();
        let finish = finish.unwrap();
        assert_eq!(verified.unwrap().key, key(&vectors, "server-static").public());
        assert_eq!(finish, bytes(&case["messages"]["client_finish_hex"]));
        assert_wire(&case, 2, &[], &finish);
        assert_states(&symmetric.trace, &case, 11);
        assert_eq!(symmetric.trace[10].h, array(&case["final_handshake_hash_hex"]));
        let established = server.finish(&finish).unwrap();
        assert_eq!(established.pattern, Pattern::XxFallback);
        assert_eq!(established.client_static, static_key.public());
        assert_eq!(established.payload, payload);
        assert_transport(&case, symmetric.into_client_transport(), established.transport);
    }
}

#[test]
fn the_chain_is_made_as_in_the_vector() {
    let vectors = noise_vectors();
    let chain = &vectors["certificate_chain"];
    let details = |name: &str| -> NoiseCertificateDetails {
        NoiseCertificateDetails::decode(bytes(&chain[name]["details_hex"]).as_slice()).unwrap()
    };
    let random = |name: &str| bytes(&chain[name]["xeddsa_random64_hex"]);
    let (root, intermediate) = (key(&vectors, "root"), key(&vectors, "intermediate"));
    let (for_intermediate, for_leaf) = (random("intermediate"), random("leaf"));

    let expected = bytes(&chain["chain_hex"]);
    let mut rng = Scripted::new(&[&for_intermediate, &for_leaf]);
    let (upper, lower) = (details("intermediate"), details("leaf"));
    assert_eq!(certificate::sign_chain(&root, &intermediate, &upper, &lower, &mut rng), expected);
    assert!(rng.is_spent());

    let mut rng = Scripted::new(&[intermediate.secret().as_bytes(), &for_intermediate, &for_leaf]);
    let server = key(&vectors, "server-static").public();
    let window = chain["not_before"].as_u64().unwrap()..=chain["not_after"].as_u64().unwrap();
    assert_eq!(issue_chain(&root, 0, &server, window, &mut rng), expected);
    assert!(rng.is_spent());
}

fn decoded(value: &Value) -> ClientPayload {
    ClientPayload::decode(bytes(value).as_slice()).unwrap()
}

/// `Debug` of a payload hides some of it, so bytes are what is compared after the messages were.
fn assert_same(left: &ClientPayload, right: &ClientPayload) {
    assert!(left == right, "{left:?}\n{right:?}");
    assert_eq!(left.encode_to_vec(), right.encode_to_vec());
}

#[test]
fn login_payloads_equal_the_vectors() {
    let vectors = noise_vectors();
    let version = vectors["client_payloads"]["build_hash_input"].as_str().unwrap().parse().unwrap();
    let mut device = DeviceDescription { version, ..Default::default() };
    let expected = decoded(&vectors["client_payloads"]["login_hex"]);
    let login_of_noise = Login {
        username: expected.username(),
        device: 12,
        login_counter: 3,
        passive: false,
        lid_migrated: false,
        connect_attempt_count: Some(0),
    };
    assert_same(&login(&device, &login_of_noise), &expected);

    let vectors = pairing_vectors();
    let case = &vectors["client_payload"];
    device.version = case["version_text"].as_str().unwrap().parse().unwrap();
    let fields = &case["login"];
    let login_of_pairing = Login {
        username: fields["username"].as_u64().unwrap(),
        device: fields["device"].as_u64().unwrap().try_into().unwrap(),
        login_counter: fields["lc"].as_u64().unwrap().try_into().unwrap(),
        passive: fields["passive"].as_bool().unwrap(),
        lid_migrated: fields["lidDbMigrated"].as_bool().unwrap(),
        connect_attempt_count: None,
    };
    assert_same(&login(&device, &login_of_pairing), &decoded(&case["login_payload"]));
}

#[test]
fn registration_payloads_equal_the_vectors() {
    let vectors = noise_vectors();
    let case = &vectors["client_payloads"];
    let signature = &case["signed_prekey_signature"];
    let keys = RegistrationKeys::signed(
        case["registration_id"].as_u64().unwrap().try_into().unwrap(),
        &key(&vectors, "identity"),
        case["signed_prekey_id"].as_u64().unwrap().try_into().unwrap(),
        key(&vectors, "signed-prekey").public(),
        &mut Scripted::new(&[&bytes(&signature["xeddsa_random64_hex"])]),
    );
    assert_eq!(keys.signature, array(&signature["signature_hex"]));
    let mut device = DeviceDescription {
        version: case["build_hash_input"].as_str().unwrap().parse().unwrap(),
        ..Default::default()
    };
    assert_eq!(device.version.build_hash(), array(&case["build_hash_hex"]));
    device.props = DeviceProps::decode(bytes(&case["device_props_hex"]).as_slice()).unwrap();
    assert_same(&registration(&device, &keys), &decoded(&case["registration_hex"]));

    let vectors = pairing_vectors();
    let (case, prekey) = (&vectors["client_payload"], &vectors["signed_prekey"]);
    let identity = KeyPair::from_secret(array(&prekey["identity_priv"]));
    let keys = RegistrationKeys::signed(
        case["registration_id"].as_u64().unwrap().try_into().unwrap(),
        &identity,
        prekey["key_id"].as_u64().unwrap().try_into().unwrap(),
        PublicKey(array(&prekey["prekey_pub"])),
        &mut Scripted::new(&[&bytes(&prekey["Z"])]),
    );
    let device = DeviceDescription {
        version: case["version_text"].as_str().unwrap().parse().unwrap(),
        props: DeviceProps::decode(bytes(&case["device_props"]).as_slice()).unwrap(),
        ..DeviceDescription::default()
    };
    assert_same(&registration(&device, &keys), &decoded(&case["registration_payload"]));
}

#[test]
fn the_default_description_is_the_browser_shape_of_the_vector() {
    // The vector's device differs in what it is called and in three settings; all flags are the same.
    let vector = bytes(&pairing_vectors()["client_payload"]["device_props"]);
    let theirs = DeviceProps::decode(vector.as_slice()).unwrap();
    let ours =
        DeviceDescription::browser("Windows", PlatformType::Uwp).with_os_version([10, 0, 22_631]).props;
    let mut expected = theirs.clone();
    let config = expected.history_sync_config.as_mut().unwrap();
    config.storage_quota_mb = Some(10_240);
    config.thumbnail_sync_days_limit = Some(60);
    expected.platform_type = ours.platform_type;
    expected.version = ours.version;
    expected.require_full_sync = Some(false);
    expected.os = ours.os.clone();
    assert_eq!(ours, expected);

    let default = DeviceDescription::default().props;
    assert_eq!(default.platform_type(), PlatformType::Chrome);
    assert_eq!((default.version, default.require_full_sync), (None, Some(false)));
}

#[test]
fn versions_are_three_numbers() {
    assert_eq!("2.3000.1045649367".parse(), Ok(AppVersion([2, 3000, 1_045_649_367])));
    for text in [
        "",
        "2",
        "2.3000",
        "2.3000.1.1",
        "2.3000.",
        "2.-1.3",
        "2.+1.3",
        "a.b.c",
        "2.3000.4294967296",
        " 2.3.4",
    ] {
        assert!(text.parse::<AppVersion>().is_err(), "{text}");
    }
}
