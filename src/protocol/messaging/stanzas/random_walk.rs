//! Stanzas made of arbitrary bytes, read by everything here that reads. Nothing may panic, and what is read must keep what
//! its type promises. For the fuzzer, and in tests with random bytes.

use super::addressing::{Origin, Own, Pair};
use super::incoming::{EncKind, IncomingMessage};
use super::receipts::{Arrival, IncomingReceipt, Receipt};
use super::retry::{IncomingRetry, RetryRequest};
use super::{
    acks, bundles, calls, contact_lookup, device_list_check, devices, group_changes, group_requests, groups,
    notifications, presence,
};
use super::{phash, privacy, restrictions, retry};
use crate::stanza::{EncodeError, Jid, Node, NodeRef, Server, Stanza, encode};

/// Deepest element that is made.
const MAX_DEPTH: usize = 6;

/// Those that go together stand together.
const TAGS: &str = "
    message enc participants to device-identity verified_name plaintext meta bot unavailable reporting
    reporting_tag receipt list item user error retry registration keys type identity skey key id value signature
    ack notification add remove update device devices device-list key-index-list lid usync result tokens token
    group community groups participant description body create promote modify subject ephemeral link
    requested_user member_add_mode membership_approval_mode group_join created_membership_requests call offer
    video terminate presence chatstate composing paused";

const KEYS: &str = "
    id from to participant recipient type t notify offline category edit addressing_mode sender_pn sender_lid
    participant_pn participant_lid peer_recipient_pn peer_recipient_lid jid pn_jid lid val v count class error
    code key message_id phash device_hash dhash key-index is_hosted ts hash phone_number creator expiration v_id
    call-id call-creator group-jid media last edit_target_id target_chat_jid target_sender_jid";

const WORDS: &str = "
    3EB0A1 text pkmsg msg skmsg msmsg hide peer lid pn retry read message devices account_sync encrypt
    privacy_token w:gp2 trusted_contact inner true audio 0 2 7 99 1767225600 18446744073709551615 not-a-number";

/// Addresses that the stanzas are about.
pub const JIDS: &str = "
    555@lid 555:3@lid 1555@s.whatsapp.net 1555:3@s.whatsapp.net 900@lid 900:7@lid 100@s.whatsapp.net
    100:2@s.whatsapp.net 120363@g.us status@broadcast 177@broadcast 1@newsletter 867051314767696@bot
    13135550002@s.whatsapp.net 1555:99@hosted s.whatsapp.net";

/// The bytes that decide; zeros when they have run out.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn pick<'l>(&mut self, words: &'l str) -> &'l str {
        let all = words.split_whitespace();
        let index = usize::from(self.byte()) % all.clone().count().max(1);
        all.clone().nth(index).unwrap_or_default()
    }

    /// Returns an element of the words that the readers look for. Its content stands near it in the list, half of the time.
    fn node(&mut self, near: usize, depth: usize) -> Node {
        let choice = usize::from(self.byte());
        let at = if choice.is_multiple_of(2) { choice / 2 } else { near + choice / 2 % 10 };
        let tags: Vec<&str> = TAGS.split_whitespace().collect();
        let at = at % tags.len();
        let mut node = Node::new(tags.get(at).copied().unwrap_or_default());
        if self.byte().is_multiple_of(2) {
            node = node.attr("id", self.pick(WORDS).to_owned());
            node = node.attr_opt("from", self.pick(JIDS).parse::<Jid>().ok());
        }
        for _ in 0..self.byte() % 8 {
            let key = self.pick(KEYS);
            node = match self.byte() % 3 {
                0 => node.attr(key, self.pick(WORDS).to_owned()),
                // As text: other clients write addresses so.
                1 => node.attr(key, self.pick(JIDS).to_owned()),
                _ => node.attr_opt(key, self.pick(JIDS).parse::<Jid>().ok()),
            };
        }
        match self.byte() % 4 {
            0 => node,
            1 => {
                let length = usize::from(self.byte()).min(self.0.len());
                let (bytes, rest) = self.0.split_at(length);
                self.0 = rest;
                node.bytes(bytes)
            }
            _ if depth == MAX_DEPTH || self.0.is_empty() => node,
            _ => {
                let count = self.byte() % 6;
                node.children((0..count).map(|_| self.node(at, depth + 1)).collect::<Vec<_>>())
            }
        }
    }

    /// The element with some of it changed, missing or there twice.
    fn bend(&mut self, node: &Node) -> Node {
        let mut bent = Node::new(node.tag());
        for (key, value) in node.attrs() {
            bent = match self.byte() {
                250.. => bent,
                240.. => bent.attr(key, self.pick(WORDS).to_owned()),
                230.. => bent.attr_opt(key, self.pick(JIDS).parse::<Jid>().ok()),
                220.. => bent.attr(self.pick(KEYS), value).attr(key, value),
                _ => bent.attr(key, value),
            };
        }
        if let Some(bytes) = node.data() {
            let cut = usize::from(self.byte()).saturating_sub(200).min(bytes.len());
            return bent.bytes(bytes.get(cut..).unwrap_or_default());
        }
        for child in node.child_nodes() {
            bent = match self.byte() {
                250.. => bent,
                240.. => bent.child(self.node(0, MAX_DEPTH - 1)),
                230.. => bent.child(self.bend(child)).child(self.bend(child)),
                _ => bent.child(self.bend(child)),
            };
        }
        bent
    }
}

/// Right stanzas of the kinds that are read here.
const SAMPLES: [fn() -> Node; 10] = [
    || head("message", "555:3@lid").attr("sender_pn", jid("1555@s.whatsapp.net")).children(encs()),
    || head("message", "120363@g.us").attr("participant", jid("555:3@lid")).children(encs()),
    || head("message", "900:2@lid").attr("recipient", jid("555@lid")).children(encs()),
    || {
        let to = Node::new("to").attr("jid", jid("900:7@lid")).children(encs());
        head("message", "177@broadcast")
            .attr("participant", jid("900@lid"))
            .child(Node::new("participants").child(to))
    },
    || {
        let user = Node::new("user").attr("jid", jid("555@lid")).attr("t", "7").attr("type", "read");
        head("receipt", "120363@g.us").child(Node::new("participants").attr("key", "3EB0A1").child(user))
    },
    || {
        let retry = Node::new("retry").attr("id", "3EB0A1").attr("count", "2");
        head("receipt", "555:3@lid")
            .attr("type", "retry")
            .child(retry)
            .child(Node::new("keys").children(keys()))
    },
    || {
        let list = Node::new("device-list").attr("hash", "2:abcdefgh").children(device_elements());
        let devices = Node::new("devices").child(list).child(key_index_list());
        let user = Node::new("user").attr("jid", jid("555@lid")).child(devices);
        Node::new("iq").child(Node::new("usync").child(Node::new("list").child(user)))
    },
    || {
        Node::new("iq")
            .child(Node::new("list").child(Node::new("user").attr("jid", jid("5:3@lid")).children(keys())))
    },
    || {
        let add = Node::new("add").attr("device_hash", "2:abcdefgh").children(device_elements());
        head("notification", "555@lid").attr("type", "devices").child(add.child(key_index_list()))
    },
    || {
        let group = Node::new("group").attr("id", "120363").children(members());
        let create = Node::new("create").child(group);
        let add = Node::new("add").attr("v_id", "2").children(members());
        head("notification", "120363@g.us").attr("type", "w:gp2").child(create).child(add)
    },
];

fn jid(text: &str) -> Jid {
    text.parse().unwrap_or_else(|_| Jid::server())
}

fn head(tag: &str, from: &str) -> Node {
    Node::new(tag).attr("id", "3EB0A1").attr("from", jid(from)).attr("t", "1767225600")
}

fn encs() -> [Node; 3] {
    let enc = |kind| Node::new("enc").attr("v", "2").attr("type", kind).bytes(*b"ciphertext");
    [enc("skmsg"), enc("pkmsg"), Node::new("device-identity").bytes(*b"certificate")]
}

fn keys() -> [Node; 4] {
    let key =
        |tag| Node::new(tag).child(Node::new("id").bytes([0; 3])).child(Node::new("value").bytes([1; 32]));
    let signed = key("skey").child(Node::new("signature").bytes([2; 64]));
    [Node::new("registration").bytes([0; 4]), Node::new("identity").bytes([3; 32]), signed, key("key")]
}

fn device_elements() -> impl Iterator<Item = Node> {
    (0..3u16).map(|id| {
        let address = jid("555@lid").with_device(id);
        Node::new("device").attr("id", id).attr("jid", address).attr("key-index", id)
    })
}

fn key_index_list() -> Node {
    // Details of raw id 5, time 7, current index 2, valid indexes 0 and 1.
    let signed = [10, 10, 8, 5, 16, 7, 24, 2, 34, 2, 0, 1];
    Node::new("key-index-list").attr("ts", "7").bytes(signed)
}

fn members() -> [Node; 2] {
    let member = |who, pn| {
        let pn: &str = pn;
        Node::new("participant").attr("jid", jid(who)).attr("phone_number", jid(pn))
    };
    [member("555@lid", "1555@s.whatsapp.net").attr("type", "admin"), member("666@lid", "1666@s.whatsapp.net")]
}

/// Reads the stanza that the bytes make.
pub fn walk(input: &[u8]) {
    if let Some(stanza) = stanza_of(input) {
        read_everywhere(stanza.root());
    }
}

/// One stanza. The first byte decides whether the others are one already, or decide what is in one, or what becomes of a
/// right one.
pub fn stanza_of(input: &[u8]) -> Option<Stanza> {
    let (first, rest) = input.split_first()?;
    let mut choices = Choices(rest);
    match first % 4 {
        0 => Stanza::decode(rest).ok(),
        1 => Stanza::from_node(&choices.node(0, 0)).ok(),
        _ => {
            let sample = usize::from(first / 4) % SAMPLES.len();
            let sample = SAMPLES.get(sample).map(|sample| choices.bend(&sample()));
            sample.and_then(|node| Stanza::from_node(&node).ok())
        }
    }
}

/// Every element is read as if it were the stanza: what is deep in one is at the top of another.
fn read_everywhere(node: NodeRef<'_>) {
    read(node);
    node.children().for_each(read_everywhere);
}

fn read(node: NodeRef<'_>) {
    let own = Own { pn: Jid::user("100").with_device(7), lid: Some(Jid::lid("900").with_device(7)) };
    if let Ok(message) = IncomingMessage::read(node, &own) {
        check_message(&message, &own);
    }
    if let Ok(receipt) = IncomingReceipt::read(node, &own) {
        check_origin(&receipt.origin, &own);
        let ids = receipt.ids().count();
        assert_eq!(receipt.is_about_members(), ids == 0);
        let members = receipt.members().map(|member| check_pairs(&member.pair)).count();
        assert!(members == 0 || ids == 0);
    }
    if let Ok(retry) = IncomingRetry::read(node, &own) {
        assert!(retry.count >= 1 && !retry.message_id.is_empty());
    }
    if let Some(state) = presence::IncomingChatState::read(node, &own) {
        check_origin(&state.origin, &own);
    }
    let _ = presence::IncomingPresence::read(node);
    let _ = restrictions::time_lock_notice(&node);
    let _ = restrictions::time_lock_answer(&node);
    if let Some(ack) = acks::MessageAck::read(node) {
        let _ = ack.refusal.map(acks::Refusal::kind);
    }
    if let Some(call) = calls::IncomingCall::read(node) {
        check_pairs(&call.pair);
        must_encode(&calls::reject("3EB0A1", &own.pn, &call.creator, call.call_id));
    }
    read_devices(node);
    read_groups(node);
}

fn check_message(message: &IncomingMessage<'_>, own: &Own) {
    check_origin(&message.origin, own);
    let kinds: Vec<EncKind> = message.encs().map(|enc| enc.kind).collect();
    assert!(kinds.len() <= 8 && kinds.is_empty() != message.has_encs());
    assert!(kinds.is_sorted_by_key(|kind| !kind.is_pairwise()), "pairwise ones come first");
    assert!(message.unavailable().is_none() || kinds.is_empty());
    let _ =
        (message.meta(), message.bot_reply_id(), message.list_recipients().count(), message.reporting_tag());
    for arrival in [Arrival::Delivered, Arrival::Sender, Arrival::PeerMessage] {
        must_encode(&message.receipt(arrival));
        assert_eq!(Receipt::arrival(&message.origin, arrival).about(message.id), message.receipt(arrival));
    }
    let asked = RetryRequest { count: 1, reason: 0, registration_id: 1, keys: None };
    must_encode(&retry::request(message, &asked));
}

fn check_origin(origin: &Origin, own: &Own) {
    assert_eq!(origin.from_me, own.is_account(&origin.sender) && origin.from.server != Server::Newsletter);
    assert!(origin.chat.device == 0 || !matches!(origin.chat.server, Server::Pn | Server::Lid));
    check_pairs(&origin.sender_pair);
    check_pairs(&origin.recipient_pair);
}

fn check_pairs<'p>(pairs: impl IntoIterator<Item = &'p Pair>) {
    for pair in pairs {
        assert!(pair.pn.is_pn() && pair.lid.is_lid());
        assert!(pair.pn.device == 0 && pair.lid.device == 0);
    }
}

fn read_devices(node: NodeRef<'_>) {
    for (_, answer) in bundles::answers(node) {
        let _ = answer.map(|bundle| bundle.keys);
    }
    for answer in contact_lookup::answers(node) {
        check_pairs(&answer.pair);
    }
    let _ = privacy::settings(node).count();
    for user in devices::answers(node).into_iter().flatten() {
        check_pairs(&user.pair);
        let devices::Outcome::List(list) = user.outcome else { continue };
        assert!(list.devices.len() <= 256);
        let classified = device_list_check::classify(&list.devices, &list.key_indexes, None);
        assert!(classified.devices.len() <= list.devices.len() && !classified.verified);
        let jids: Vec<Jid> = list.devices.iter().map(|device| device.jid(&user.user)).collect();
        assert_eq!(phash::phash(&jids).map(|hash| hash.len()), (!jids.is_empty()).then_some(10));
    }
    if let Some(notice) = notifications::Notice::read(node) {
        check_pairs(&notice.pair);
        assert_eq!(notifications::contact_hash(&notice.user).len(), 4);
    }
}

fn read_groups(node: NodeRef<'_>) {
    let mut all: Vec<_> = group_requests::groups(node).chain([groups::Group::read(node)]).collect();
    all.push(group_requests::group(&node));
    for group in all.into_iter().flatten() {
        assert!(group.jid.server == Server::Group && !group.jid.user.is_empty());
        check_pairs(group.pairs());
    }
    if let Some(notice) = group_changes::GroupNotice::read(node) {
        assert!(notice.changes.len() <= 64);
        check_pairs(notice.pairs());
    }
    let _ = group_requests::member_results(&node);
    let _ = (group_requests::code(&node), group_requests::joined(&node));
    let _ = (group_requests::left(&node), group_requests::waiting(&node));
}

/// Asserts that an answer, made of what came, can be encoded, unless it came with an address that none can be sent to.
pub fn must_encode(node: &Node) {
    match encode(node) {
        Ok(_) | Err(EncodeError::Device | EncodeError::Interop) => {}
        Err(other) => panic!("{other}: {}", node.xml()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Random;
    use crate::crypto::testing::Seeded;

    #[test]
    fn random_walks() {
        let mut seed = Seeded(1 << 50);
        for _ in 0..2_000 {
            let mut bytes = vec![0; 300];
            seed.fill(&mut bytes);
            walk(&bytes);
        }
    }
}
