//! Every message that comes from outside: decoding takes any bytes, and what was decoded survives a round trip.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::proto::{Message, adv, companion, handshake, passkey, payload};

fuzz_target!(|input: (u8, &[u8])| {
    let (what, bytes) = input;
    let round_trip = match what % 12 {
        0 => round_trip::<handshake::HandshakeMessage>,
        1 => round_trip::<handshake::CertChain>,
        2 => round_trip::<handshake::NoiseCertificateDetails>,
        3 => round_trip::<payload::ClientPayload>,
        4 => round_trip::<companion::DeviceProps>,
        5 => round_trip::<companion::ClientPairingProps>,
        6 => round_trip::<adv::AdvSignedDeviceIdentityHmac>,
        7 => round_trip::<adv::AdvSignedDeviceIdentity>,
        8 => round_trip::<adv::AdvDeviceIdentity>,
        9 => round_trip::<adv::AdvSignedKeyIndexList>,
        10 => round_trip::<adv::AdvKeyIndexList>,
        _ => round_trip::<passkey::PrimaryEphemeralIdentity>,
    };
    round_trip(bytes);
});

fn round_trip<M: Message + Default + PartialEq>(bytes: &[u8]) {
    if let Ok(message) = M::decode(bytes) {
        let again = M::decode(message.encode_to_vec().as_slice()).expect("own bytes can be read");
        assert!(again == message);
    }
}
