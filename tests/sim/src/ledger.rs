//! The encryption as the server sees it: every ciphertext names its chain and its number in it, in the clear. A number
//! that comes with two different ciphertexts is a message key used twice, which must never happen.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use parking_lot::Mutex;
use prost::Message as _;
use serde::Serialize;
use wa::stanza::{Jid, NodeRef};

use crate::model::{DeviceAddress, Model};

/// Most ciphertexts that are remembered; beyond that whole chains are forgotten, oldest first.
const MAX_ENTRIES: usize = 4_000_000;
/// Most findings that are kept; the count goes on.
const MAX_FINDINGS: usize = 1_000;

/// A pairwise message, without its version byte and MAC.
#[derive(Clone, PartialEq, prost::Message)]
struct SignalHeader {
    #[prost(bytes = "vec", optional, tag = "1")]
    ratchet_key: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    counter: Option<u32>,
}

/// A message that opens a session.
#[derive(Clone, PartialEq, prost::Message)]
struct PrekeyHeader {
    #[prost(bytes = "vec", optional, tag = "4")]
    message: Option<Vec<u8>>,
}

/// A group message, without its version byte and signature.
#[derive(Clone, PartialEq, prost::Message)]
struct SenderKeyHeader {
    #[prost(uint32, optional, tag = "1")]
    id: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    iteration: Option<u32>,
}

/// The message keys of whom for whom.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Chain {
    sender: String,
    /// The receiving device, or the group.
    receiver: String,
    /// The ratchet key, or the id of the sender key.
    key: Vec<u8>,
}

/// A message key that was used twice.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reuse {
    /// The sending device.
    pub(crate) sender: String,
    /// The receiving device, or the group.
    pub(crate) receiver: String,
    /// The number of the message in its chain.
    pub(crate) counter: u32,
    /// The chain, hexadecimal.
    pub(crate) chain: String,
    /// The message that came second.
    pub(crate) id: String,
}

/// Everything that was seen, in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Totals {
    /// Messages that were taken from a device.
    pub(crate) messages: u64,
    /// Messages that a device sent once more, and that went no further.
    pub(crate) again: u64,
    /// Ciphertexts for one device.
    pub(crate) pairwise: u64,
    /// Those among them that open a session.
    pub(crate) prekey: u64,
    /// Ciphertexts for a group.
    pub(crate) group: u64,
    /// The very same ciphertext once more.
    pub(crate) repeated: u64,
    /// Ciphertexts that could not be read.
    pub(crate) unreadable: u64,
    /// Ciphertexts with the number of another one.
    pub(crate) reused: u64,
    /// Chains that are remembered, and those that are not any more.
    pub(crate) chains: usize,
    pub(crate) forgotten: u64,
}

#[derive(Default)]
struct State {
    totals: Totals,
    entries: usize,
    chains: HashMap<Chain, HashMap<u32, u64>>,
    order: VecDeque<Chain>,
    findings: Vec<Reuse>,
}

/// The ledger of one simulator.
#[derive(Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
}

impl Ledger {
    /// Writes down all ciphertexts of a message that was taken.
    pub(crate) fn record(&self, model: &Model, sender: &DeviceAddress, to: &Jid, node: NodeRef<'_>) {
        let mut state = self.state.lock();
        state.totals.messages += 1;
        state.record(model, sender, to, node);
    }

    /// The same for one that was taken before.
    pub(crate) fn record_again(&self, model: &Model, sender: &DeviceAddress, to: &Jid, node: NodeRef<'_>) {
        let mut state = self.state.lock();
        state.totals.again += 1;
        state.record(model, sender, to, node);
    }

    /// The figures.
    pub(crate) fn totals(&self) -> Totals {
        let state = self.state.lock();
        Totals { chains: state.chains.len(), ..state.totals.clone() }
    }

    /// The message keys that were used twice.
    pub(crate) fn findings(&self) -> Vec<Reuse> {
        self.state.lock().findings.clone()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.state.lock() = State::default();
    }
}

impl State {
    fn record(&mut self, model: &Model, sender: &DeviceAddress, to: &Jid, node: NodeRef<'_>) {
        let id = node.str("id").unwrap_or_default();
        let sender_name = sender.jid().to_string();
        let name =
            |jid: &Jid| model.resolve(jid).map_or_else(|| jid.to_string(), |device| device.jid().to_string());
        let one = node.jid("participant").unwrap_or_else(|| to.clone());
        for enc in node.children_named("enc") {
            let receiver = if enc.is("type", "skmsg") { to.to_string() } else { name(&one) };
            self.enter(&sender_name, receiver, &id, enc);
        }
        for to in node.child("participants").iter().flat_map(|list| list.children_named("to")) {
            if let (Some(jid), Some(enc)) = (to.jid("jid"), to.child("enc")) {
                self.enter(&sender_name, name(&jid), &id, enc);
            }
        }
    }

    fn enter(&mut self, sender: &str, receiver: String, id: &str, enc: NodeRef<'_>) {
        let bytes = enc.bytes().unwrap_or_default();
        let kind = enc.str("type").unwrap_or_default();
        match kind.as_ref() {
            "skmsg" => self.totals.group += 1,
            "pkmsg" => {
                self.totals.pairwise += 1;
                self.totals.prekey += 1;
            }
            _ => self.totals.pairwise += 1,
        }
        let Some((key, counter, body)) = header(&kind, bytes) else {
            self.totals.unreadable += 1;
            return;
        };
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let digest = hasher.finish();
        let chain = Chain { sender: sender.to_owned(), receiver, key };
        if !self.chains.contains_key(&chain) {
            self.order.push_back(chain.clone());
        }
        match self.chains.entry(chain.clone()).or_default().insert(counter, digest) {
            None => self.entries += 1,
            Some(before) if before == digest => self.totals.repeated += 1,
            Some(_) => {
                self.totals.reused += 1;
                if self.findings.len() < MAX_FINDINGS {
                    self.findings.push(Reuse {
                        sender: chain.sender,
                        receiver: chain.receiver,
                        counter,
                        chain: chain.key.iter().map(|byte| format!("{byte:02x}")).collect(),
                        id: id.to_owned(),
                    });
                }
            }
        }
        while self.entries > MAX_ENTRIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries -= self.chains.remove(&oldest).map_or(0, |numbers| numbers.len());
            self.totals.forgotten += 1;
        }
    }
}

/// Chain, number in it, and the part of the ciphertext that has to stay the same.
fn header<'a>(kind: &str, bytes: &'a [u8]) -> Option<(Vec<u8>, u32, std::borrow::Cow<'a, [u8]>)> {
    use std::borrow::Cow;
    /// Version byte before, so many bytes of MAC or signature after.
    fn inner(bytes: &[u8], tail: usize) -> Option<&[u8]> {
        bytes.get(1..bytes.len().checked_sub(tail)?)
    }
    match kind {
        "msg" => {
            let body = inner(bytes, 8)?;
            let header = SignalHeader::decode(body).ok()?;
            Some((header.ratchet_key?, header.counter?, Cow::Borrowed(body)))
        }
        "pkmsg" => {
            let outer = PrekeyHeader::decode(bytes.get(1..)?).ok()?;
            let message = outer.message?;
            let (key, counter, body) = header("msg", &message)?;
            Some((key, counter, Cow::Owned(body.into_owned())))
        }
        "skmsg" => {
            // The signature is drawn anew for each signing, and changes nothing about the key that was used.
            let body = inner(bytes, 64)?;
            let header = SenderKeyHeader::decode(body).ok()?;
            Some((header.id?.to_be_bytes().to_vec(), header.iteration?, Cow::Borrowed(body)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wa::stanza::{Node, Stanza};

    use super::*;

    fn signal(key: u8, counter: u32, text: &[u8]) -> Vec<u8> {
        let header = SignalHeader { ratchet_key: Some(vec![key; 33]), counter: Some(counter) };
        let mut bytes = vec![0x33];
        header.encode(&mut bytes).unwrap();
        // Field 4, the text.
        bytes.extend([0x22, u8::try_from(text.len()).unwrap()]);
        bytes.extend(text);
        bytes.extend([0; 8]);
        bytes
    }

    fn record(ledger: &Ledger, kind: &'static str, bytes: Vec<u8>) {
        let to = Jid::user("15550000002");
        let enc = Node::new("enc").attr("v", "2").attr("type", kind).bytes(bytes);
        let node = Node::new("message").attr("to", to.clone()).attr("id", "A").child(enc);
        let sender = DeviceAddress { number: "15550000001".to_owned(), device: 1 };
        let stanza = Stanza::from_node(&node).unwrap();
        ledger.record(&Model::default(), &sender, &to, stanza.root());
    }

    #[test]
    fn a_message_key_is_used_once() {
        let ledger = Ledger::default();
        record(&ledger, "msg", signal(1, 0, b"one"));
        record(&ledger, "msg", signal(1, 1, b"two"));
        record(&ledger, "msg", signal(2, 0, b"another chain"));
        record(&ledger, "msg", signal(1, 0, b"one"));
        assert_eq!((ledger.totals().reused, ledger.totals().repeated, ledger.totals().chains), (0, 1, 2));
        let opening = PrekeyHeader { message: Some(signal(1, 1, b"three")) };
        let mut bytes = vec![0x33];
        opening.encode(&mut bytes).unwrap();
        record(&ledger, "pkmsg", bytes);
        assert_eq!(ledger.totals().reused, 1);
        let found = &ledger.findings()[0];
        assert_eq!((found.counter, found.receiver.as_str()), (1, "15550000002@s.whatsapp.net"));
        record(&ledger, "msg", b"3".to_vec());
        assert_eq!(ledger.totals().unreadable, 1);
        ledger.clear();
        assert_eq!(ledger.totals().messages, 0);
    }
}
