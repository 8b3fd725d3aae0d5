//! The stanzas of a session from its linking to its logout, as one committed file: a change of behaviour is seen in its diff.
//!
//! `WA_UPDATE=1 cargo test --test session trace` writes tests/vectors/stanza_trace.txt anew.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wa_sim::Options;

use super::masked::Masked;
use super::world::{Host, NUMBER, World};

const BOB: &str = "15550005678";
const FILE: &str = "tests/vectors/stanza_trace.txt";
const HEAD: &str = "\
What libwa sends to wa-sim, step by step: tests/session/trace.rs makes this file and compares it.
Masked: ids (the number of the step that has them first, and their number in it), times, hashes of devices, and bytes by their number; ciphertexts have none, for
their padding is random. Lines that come several times in a row are shown once.
";

/// The trace so far.
struct Trace<'w> {
    world: &'w World,
    masked: Masked,
    /// The last entry of the simulator's log that is in it.
    last: u64,
    text: String,
}

impl Trace<'_> {
    /// Adds what the client has sent since the last step.
    fn step(&mut self, title: &str) {
        let last = self.world.now();
        let entries = self.world.entries(self.last);
        let number = self.masked.next_step();
        write!(self.text, "\n# {number}. {title}\n").unwrap();
        for entry in entries {
            let number = entry["n"].as_u64().unwrap();
            if entry["dir"] == "in" && number <= last {
                writeln!(self.text, "{}", self.masked.show(entry["xml"].as_str().unwrap())).unwrap();
            }
        }
        self.last = last;
    }
}

fn done(host: &mut Host, request: u64) -> Value {
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{answer}\n{}", host.story());
    answer["result"].clone()
}

fn call(host: &mut Host, method: &str, params: &Value) -> Value {
    let request = host.client.call(method, Some(&params.to_string())).unwrap();
    done(host, request)
}

fn send(host: &mut Host, chat: &str, text: &str) {
    let request = host.client.send_text(chat, text, None).unwrap();
    done(host, request);
}

/// A message that this device has no session for.
fn unreadable() -> Value {
    // Version, ratchet key, two counters, ciphertext, MAC.
    let mut message = vec![0x33, 0x0a, 0x21, 5, 9];
    message.extend([0; 31]);
    message.extend([0x10, 0, 0x18, 0, 0x22, 0x10]);
    message.extend([7; 16 + 8]);
    let enc =
        json!({ "tag": "enc", "attrs": { "v": "2", "type": "msg" }, "bytes": STANDARD.encode(message) });
    // The own phone is not asked for what is old.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let attrs = json!({ "from": "15550007777@s.whatsapp.net", "id": "3EB0A1", "type": "text", "t": now });
    json!({ "tag": "message", "attrs": attrs, "children": [enc] })
}

fn heard(world: &World, text: &str) -> Value {
    world.wait_heard(BOB, 0, |message| message["text"] == text)
}

#[test]
fn a_session_sends_what_it_sent_before() {
    // The same keys, names and addresses in every run, and no ping that falls into a step by chance.
    let options = Options { seed: Some("trace".to_owned()), ping_interval_ms: 0, ..Options::default() };
    let world = World::with(options);
    // As every phone does.
    world.sim.set(NUMBER, &json!({ "provisions": true })).unwrap();
    assert!(world.sim.add_phone(BOB, "Bob"));
    let mut trace = Trace { world: &world, masked: Masked::default(), last: 0, text: HEAD.to_owned() };

    let mut ada = world.client(&world.config());
    ada.client.request_pairing(NUMBER, None).unwrap();
    let code = ada.wait("pairing.code");
    trace.step("asks for a code");
    let outcome = world.enter(code["code"].as_str().unwrap());
    assert_eq!(outcome["outcome"], "linked", "{outcome}");
    ada.wait("ready");
    trace.step("is linked, and logs in for the first time");

    world.sim.connection(world.connection("device"), "cut", &json!({})).unwrap();
    ada.wait("ready");
    trace.step("logs in again");

    send(&mut ada, BOB, "first");
    heard(&world, "first");
    trace.step("writes to somebody for the first time");
    send(&mut ada, BOB, "second");
    heard(&world, "second");
    trace.step("writes to the same for the second time");

    world.sim.person(BOB, "send", &json!({ "to": NUMBER, "text": "answer" })).unwrap();
    let message = ada.wait("message");
    trace.step("is written to");
    let read = json!({ "chat": message["chat"], "message_ids": [message["message_id"]] });
    call(&mut ada, "message.read", &read);
    trace.step("reads it");

    let group = call(&mut ada, "group.create", &json!({ "subject": "Tea", "members": [BOB] }));
    let group = group["chat"].as_str().unwrap().to_owned();
    trace.step("makes a group");
    send(&mut ada, &group, "third");
    heard(&world, "third");
    trace.step("writes to the group for the first time");
    send(&mut ada, &group, "fourth");
    heard(&world, "fourth");
    trace.step("writes to the group for the second time");

    world.sim.person(BOB, "forget", &json!({ "number": NUMBER })).unwrap();
    send(&mut ada, BOB, "fifth");
    heard(&world, "fifth");
    trace.step("writes to somebody who has lost the session, and asks for it again");

    let before = world.now();
    world.say(&unreadable());
    world.received(before, |stanza| stanza["tag"] == "message");
    trace.step("cannot read a message: asks the sender for it again, and after a while the own phone");

    let request = ada.client.logout().unwrap();
    ada.answer(request);
    world.received(trace.last, |stanza| stanza["children"][0]["tag"] == "remove-companion-device");
    trace.step("logs out");

    compare(&trace.text);
}

fn compare(wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("WA_UPDATE").is_some() {
        return std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found == wanted {
        return;
    }
    let line = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
    let near = |text: &str| {
        let lines = text.lines().skip(line.saturating_sub(3)).take(8);
        lines.map(|line| format!("    {line}\n")).collect::<String>()
    };
    panic!(
        "{FILE} differs from line {} on; it has\n{}the session has sent\n{}if that is wanted: WA_UPDATE=1 cargo test --test session trace",
        line + 1,
        near(&found),
        near(wanted)
    );
}
