//! Linking an account that demands its passkey.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Companion, NUMBER, Wire, phone, simulator};
use serde_json::json;
use wa::{
    crypto::{OsRandom, Secret, random_array},
    pairing::{
        PairingCode,
        passkey_crypto::{CompanionExchange, PairedKeys, PrimaryPart, handoff_key, handoff_proof},
        qr::QrForm,
    },
    stanza::{Node, build},
};

const ASSERTION: &str = r#"{"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AAAA","userHandle":null}}"#;

async fn tell(wire: &mut Wire, child: Node) {
    let answer = wire.query(build::set("md").child(child)).await;
    assert!(answer.root().is("type", "result"), "{:?}", answer.root());
}

/// The companion's side of the exchange; gives the verification code. With `proof` it proves to know its secret.
async fn exchange(companion: &mut Companion, wire: &mut Wire, proof: bool) -> String {
    let request = wire.notification("passkey_prologue_request").await;
    if request.root().child("passkey_request_options").is_none() {
        let query = build::get("md").child(Node::new("passkey_request_options"));
        let answer = wire.query(query).await;
        let options = answer.root().child("passkey_request_options").unwrap().text().unwrap().into_owned();
        assert!(options.contains("challenge"));
    }
    let answer = wire.query(build::get("md").child(Node::new("ref"))).await;
    let reference = answer.root().child("ref").unwrap().text().unwrap().into_owned();
    let exchange = CompanionExchange::new(reference, 1, &mut OsRandom);
    let mut prologue = Node::new("passkey_prologue")
        .child(Node::new("credential_id").bytes([1, 2, 3]))
        .child(Node::new("webauthn_assertion").text(ASSERTION))
        .child(Node::new("prologue_payload").bytes(exchange.prologue()));
    if proof {
        let proof = handoff_proof(&handoff_key(&companion.adv_secret), exchange.prologue());
        prologue = prologue.child(Node::new("pairing_handoff_proof").bytes(proof));
    }
    tell(wire, prologue).await;
    let continuation = wire.notification("crsc_continuation").await;
    let part = continuation.root().child("primary_ephemeral_identity").unwrap().bytes().unwrap();
    let session = exchange.meet(&PrimaryPart::decode(part).unwrap()).unwrap();
    tell(wire, Node::new("companion_nonce").bytes(*exchange.nonce())).await;
    companion.adv_secret = Secret::new(random_array(&mut OsRandom));
    let keys = PairedKeys {
        noise: companion.noise.public(),
        identity: companion.identity.public(),
        adv_secret: companion.adv_secret.clone(),
    };
    let sealed = session.seal(&keys, &random_array(&mut OsRandom));
    tell(wire, Node::new("encrypted_pairing_request").bytes(sealed)).await;
    session.verification_code().display()
}

#[tokio::test]
async fn by_qr_with_and_without_proof_and_options() {
    let sim = simulator().await;
    for (proof, options) in [(true, true), (false, false)] {
        sim.set(NUMBER, &json!({ "passkey": "before_finish", "passkey_options": options })).unwrap();
        let mut companion = Companion::new();
        let (mut wire, refs) = companion.register(&sim).await;
        let qr = companion.qr(&refs[0], QrForm::Url);
        let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
            exchange(&mut companion, &mut wire, proof).await;
            companion.complete(wire).await;
        });
        assert_eq!(outcome["outcome"], "linked", "{outcome}");
        assert_eq!(companion.log_in(&sim).await.1.root().tag(), "success");
    }
}

#[tokio::test]
async fn by_code_before_and_after_the_finish() {
    let sim = simulator().await;
    let code = PairingCode::parse("ABCD-1234").unwrap();
    for when in ["before_finish", "after_finish"] {
        sim.set(NUMBER, &json!({ "passkey": when })).unwrap();
        let mut companion = Companion::new();
        let (mut wire, _) = companion.register(&sim).await;
        let (ephemeral, _) = companion.hello(&mut wire, &code).await;
        let (outcome, ()) = tokio::join!(sim.enter(NUMBER, "ABCD-1234"), async {
            let hello = wire.notification("link_code_companion_reg").await;
            let answer = companion.finish(&mut wire, &code, &ephemeral, &hello).await;
            assert!(answer.root().is("type", "result"));
            exchange(&mut companion, &mut wire, when == "after_finish").await;
            companion.complete(wire).await;
        });
        assert_eq!(outcome["outcome"], "linked", "{when}: {outcome}");
    }
}

#[tokio::test]
async fn the_user_compares_the_codes() {
    let sim = simulator().await;
    sim.set(NUMBER, &json!({ "passkey": "before_finish", "passkey_ask": true })).unwrap();
    for same in [false, true] {
        let mut companion = Companion::new();
        let (mut wire, refs) = companion.register(&sim).await;
        let qr = companion.qr(&refs[0], QrForm::Url);
        let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
            let code = exchange(&mut companion, &mut wire, false).await;
            let screen = json!({ "name": "passkey", "code": code });
            phone(&sim, NUMBER, |phone| phone["screen"] == screen).await;
            sim.confirm(NUMBER, same).unwrap();
            if same {
                companion.complete(wire).await;
            }
        });
        assert_eq!(outcome["outcome"], if same { "linked" } else { "passkey_rejected" });
    }
    assert!(sim.confirm(NUMBER, true).is_err());
}

#[tokio::test]
async fn a_wrong_proof_and_a_wrong_nonce_end_the_exchange() {
    let sim = simulator().await;
    sim.set(NUMBER, &json!({ "passkey": "before_finish" })).unwrap();
    let companion = Companion::new();
    let (mut wire, refs) = companion.register(&sim).await;
    let qr = companion.qr(&refs[0], QrForm::Url);
    let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
        wire.notification("passkey_prologue_request").await;
        let exchange = CompanionExchange::new("2@x".to_owned(), 1, &mut OsRandom);
        let prologue = Node::new("passkey_prologue")
            .child(Node::new("credential_id").bytes([1]))
            .child(Node::new("webauthn_assertion").text(ASSERTION))
            .child(Node::new("prologue_payload").bytes(exchange.prologue()))
            .child(Node::new("pairing_handoff_proof").bytes([0; 32]));
        tell(&mut wire, prologue).await;
    });
    assert_eq!(outcome["outcome"], "passkey_failed");
    let (outcome, ()) = tokio::join!(sim.scan(NUMBER, &qr), async {
        wire.notification("passkey_prologue_request").await;
        let exchange = CompanionExchange::new("2@x".to_owned(), 1, &mut OsRandom);
        let prologue = Node::new("passkey_prologue")
            .child(Node::new("credential_id").bytes([1]))
            .child(Node::new("webauthn_assertion").text(ASSERTION))
            .child(Node::new("prologue_payload").bytes(exchange.prologue()));
        tell(&mut wire, prologue).await;
        wire.notification("crsc_continuation").await;
        tell(&mut wire, Node::new("companion_nonce").bytes([0; 32])).await;
    });
    assert_eq!(outcome["outcome"], "passkey_failed");
    let refused = wire.query(build::set("md").child(Node::new("companion_nonce").bytes([0; 32]))).await;
    assert!(refused.root().is("type", "error"), "no exchange runs any more");
}
