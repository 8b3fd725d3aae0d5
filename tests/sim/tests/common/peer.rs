//! Companions that are logged in and write to each other, and the stanzas that they send.

use wa::stanza::{Jid, Node, Stanza};
use wa_sim::Handle;

use super::{Companion, Wire, phone};

/// A companion that is logged in and past the beginning.
pub(crate) struct Peer {
    pub(crate) wire: Wire,
    pub(crate) jid: Jid,
    pub(crate) lid: Jid,
}

impl Peer {
    pub(crate) async fn new(sim: &Handle, number: &str) -> Self {
        // Taken already in the case of the second companion of an account.
        sim.add_phone(number, "Somebody");
        let mut companion = Companion::new();
        companion.link_to(sim, number).await;
        Self::log_in(sim, &companion).await
    }

    pub(crate) async fn log_in(sim: &Handle, companion: &Companion) -> Self {
        let (mut wire, success) = companion.log_in(sim).await;
        let lid = success.root().jid("lid").unwrap();
        while wire.expect("ib").await.root().child("offline").is_none() {}
        Self { wire, jid: companion.jid.clone().unwrap(), lid }
    }

    /// Sends a message; gives the acknowledgement.
    pub(crate) async fn send(&mut self, message: Node) -> Stanza {
        self.wire.send(&message).await;
        loop {
            let ack = self.wire.expect("ack").await;
            if ack.root().is("class", "message") {
                return ack;
            }
        }
    }

    /// Sends a message; gives the code it is refused with.
    pub(crate) async fn refused(&mut self, message: Node) -> Option<u64> {
        self.send(message).await.root().u64("error")
    }

    pub(crate) async fn receive(&mut self) -> Stanza {
        self.wire.expect("message").await
    }
}

/// A ciphertext in form: version, ratchet key, counter, some text, a MAC.
pub(crate) fn enc(kind: &'static str, counter: u8, text: &[u8]) -> Node {
    let mut bytes = vec![0x33, 0x0a, 33];
    bytes.extend([5; 33]);
    bytes.extend([0x10, counter, 0x22, u8::try_from(text.len()).unwrap()]);
    bytes.extend(text);
    bytes.extend([0; 8]);
    Node::new("enc").attr("v", "2").attr("type", kind).bytes(bytes)
}

/// A group ciphertext in form.
pub(crate) fn skmsg(iteration: u8) -> Node {
    let mut bytes = vec![0x33, 0x08, 7, 0x10, iteration, 0x1a, 1, 0];
    bytes.extend([0; 64]);
    Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes(bytes)
}

pub(crate) fn message(id: &'static str, to: &Jid) -> Node {
    Node::new("message").attr("id", id).attr("to", to).attr("type", "text")
}

pub(crate) fn to(jid: &Jid) -> Node {
    Node::new("to").attr("jid", jid).child(enc("msg", 0, b"for one device"))
}

pub(crate) fn fan_out(id: &'static str, chat: &Jid, devices: &[&Jid]) -> Node {
    message(id, chat).child(Node::new("participants").children(devices.iter().map(|jid| to(jid))))
}

/// Returns how many messages of an account's first companion were meant for other devices than there are.
pub(crate) async fn mismatches(sim: &Handle, number: &str) -> u64 {
    phone(sim, number, |_| true).await["companions"][0]["phash_mismatches"].as_u64().unwrap()
}
