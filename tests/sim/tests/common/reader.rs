//! A companion with real keys that takes over the history of its phone: it opens peer messages, fetches files and complains.

use std::io::Read as _;

use wa::{
    crypto::{KeyPair, OsRandom, Secret, cbc, gcm, hkdf, hmac_sha256, random_array, sha256},
    signal::{Own, PrekeyMessage, ResponderKeys, SessionRecord, SignalMessage, pad, unpad},
    stanza::{Jid, Node, Stanza, build},
};
use wa_sim::Handle;

use super::{
    Companion, Wire, http,
    protobuf::{Members, put, put_number},
};

/// The number of one-time prekeys that it uploads.
const PREKEYS: u8 = 30;
/// The id of the signed one.
const SIGNED: u8 = 99;

/// A notice of a part of the history.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// The id of its message.
    pub(crate) id: String,
    /// `HistorySyncNotification`.
    pub(crate) members: Members,
}

impl Notice {
    /// The path of its file.
    pub(crate) fn path(&self) -> String {
        self.members.text(5).unwrap_or_else(|| panic!("{:?} has no path", self.members.keys()))
    }
}

/// The companion.
pub(crate) struct Reader {
    pub(crate) wire: Wire,
    pub(crate) jid: Jid,
    companion: Companion,
    signed: KeyPair,
    one_time: Vec<KeyPair>,
    session: SessionRecord,
    phone: Option<wa::signal::IdentityKey>,
}

impl Reader {
    /// Is linked and logged in, and uploads its first prekeys: the phone begins to send.
    pub(crate) async fn new(sim: &Handle, number: &str) -> Self {
        let mut companion = Companion::new();
        companion.link_to(sim, number).await;
        let (wire, _) = companion.log_in(sim).await;
        let mut reader = Self {
            wire,
            jid: companion.jid.clone().unwrap(),
            signed: KeyPair::generate(&mut OsRandom),
            one_time: (0..PREKEYS).map(|_| KeyPair::generate(&mut OsRandom)).collect(),
            companion,
            session: SessionRecord::default(),
            phone: None,
        };
        let upload = reader.upload();
        assert!(reader.wire.query(upload).await.root().is("type", "result"));
        reader
    }

    fn upload(&self) -> Node {
        let id = |number: u8| Node::new("id").bytes([0, 0, number]);
        let value = |key: &KeyPair| Node::new("value").bytes(key.public().0);
        let keys = self.one_time.iter().zip(1..);
        let keys = keys.map(|(key, number)| Node::new("key").child(id(number)).child(value(key)));
        let signature =
            self.companion.identity.sign(&[&self.signed.public().with_type_byte()], &mut OsRandom);
        build::set("encrypt")
            .child(Node::new("registration").bytes(1234u32.to_be_bytes()))
            .child(Node::new("type").bytes([5]))
            .child(Node::new("identity").bytes(self.companion.identity.public().0))
            .child(Node::new("list").children(keys.collect::<Vec<_>>()))
            .child(
                Node::new("skey")
                    .child(id(SIGNED))
                    .child(value(&self.signed))
                    .child(Node::new("signature").bytes(signature)),
            )
    }

    /// The next message of the phone: its id and its `ProtocolMessage`.
    pub(crate) async fn protocol(&mut self) -> (String, Members) {
        let stanza = self.wire.expect("message").await;
        assert!(stanza.root().is("category", "peer"), "{:?}", stanza.root());
        let message = self.open(&stanza);
        (stanza.root().str("id").unwrap().into_owned(), Members::read(&message).message(12))
    }

    /// The next notice; other messages are passed over.
    pub(crate) async fn notice(&mut self) -> Notice {
        loop {
            let (id, protocol) = self.protocol().await;
            if protocol.number(2) == Some(5) {
                return Notice { id, members: protocol.message(6) };
            }
        }
    }

    fn open(&mut self, stanza: &Stanza) -> Vec<u8> {
        let enc = stanza.root().child("enc").unwrap();
        let bytes = enc.bytes().unwrap();
        let own = Own { identity: &self.companion.identity, registration_id: 1234 };
        let plaintext = if enc.is("type", "pkmsg") {
            let message = PrekeyMessage::parse(bytes).unwrap();
            self.phone = Some(message.identity);
            let one_time = message.prekey_id.map(|id| &self.one_time[id.get() as usize - 1]);
            let keys = ResponderKeys { signed: Some(&self.signed), one_time };
            self.session.decrypt_prekey(&message, own, keys, self.phone.as_ref()).unwrap().plaintext
        } else {
            let message = SignalMessage::parse(bytes).unwrap();
            self.session.decrypt(&message, self.phone.as_ref()).unwrap().plaintext
        };
        unpad(&plaintext).unwrap().to_vec()
    }

    /// Sends a receipt of a type for a message of the phone.
    pub(crate) async fn receipt(&mut self, id: &str, kind: &str) {
        self.send_receipt(
            Node::new("receipt")
                .attr("id", id.to_owned())
                .attr("type", kind.to_owned())
                .attr("to", self.jid.account()),
        )
        .await;
    }

    async fn send_receipt(&mut self, receipt: Node) {
        self.wire.send(&receipt).await;
        while !self.wire.expect("ack").await.root().is("class", "receipt") {}
    }

    /// Says that the file of a notice cannot be read; `change` makes something of the receipt.
    pub(crate) async fn complain(&mut self, notice: &Notice, change: impl FnOnce(Node) -> Node) {
        let key = notice.members.bytes(3).unwrap().to_vec();
        let receipt = complaint(&notice.id, &key, &self.jid.account());
        self.send_receipt(change(receipt)).await;
    }

    /// Asks the phone for the part of a notice again; gives the id of the request.
    pub(crate) async fn ask_again(&mut self, notice: &str, kind: u64, chunk: Option<u64>) -> String {
        let mut wanted = put_number(1, kind);
        wanted.extend(chunk.map(|chunk| put_number(2, chunk)).unwrap_or_default());
        wanted.extend(put(3, notice.as_bytes()));
        let request = [put_number(1, 10), put(8, &wanted)].concat();
        let mut message = put(12, &[put_number(2, 16), put(16, &request)].concat());
        pad(&mut message, &mut OsRandom);
        let own = Own { identity: &self.companion.identity, registration_id: 1234 };
        let sealed = self.session.encrypt(&message, own, &self.phone.unwrap(), &mut OsRandom).unwrap();
        let id = format!("3EB0{:016X}", u64::from_be_bytes(random_array(&mut OsRandom)));
        let enc = Node::new("enc").attr("v", "2").attr("type", sealed.kind.as_str()).bytes(sealed.bytes);
        let node = Node::new("message")
            .attr("id", id.clone())
            .attr("to", self.jid.account())
            .attr("type", "text")
            .attr("category", "peer")
            .child(Node::new("meta").attr("appdata", "default"))
            .child(enc);
        self.wire.send(&node).await;
        id
    }

    /// Fetches the file of a notice and takes it apart, as official clients do; the error is the first check that fails.
    pub(crate) async fn fetch(&self, sim: &Handle, notice: &Notice) -> Result<Members, String> {
        let packed = match notice.members.bytes(11) {
            Some(inline) => inline.to_vec(),
            None => {
                let answer = http::get(sim.started(), &notice.path()).await.ok_or("no answer")?;
                if answer.status != 200 || !answer.is_whole {
                    return Err(format!("status {}", answer.status));
                }
                open_file(&answer.body, &notice.members)?
            }
        };
        let mut inflated = Vec::new();
        flate2::read::ZlibDecoder::new(&*packed).read_to_end(&mut inflated).map_err(|_| "zlib")?;
        Ok(Members::read(&inflated))
    }
}

/// A `server-error` receipt.
pub(crate) fn complaint(id: &str, media_key: &[u8], to: &Jid) -> Node {
    let key: Secret<32> = hkdf(None, media_key, b"WhatsApp Media Retry Notification");
    let iv: [u8; 12] = random_array(&mut OsRandom);
    let sealed = gcm::seal(key.as_bytes(), &iv, id.as_bytes(), &put(1, id.as_bytes()));
    let encrypt =
        Node::new("encrypt").child(Node::new("enc_p").bytes(sealed)).child(Node::new("enc_iv").bytes(iv));
    Node::new("receipt")
        .attr("id", id.to_owned())
        .attr("type", "server-error")
        .attr("category", "peer")
        .attr("to", to)
        .child(encrypt)
}

/// Checks and decrypts a file.
fn open_file(file: &[u8], notice: &Members) -> Result<Vec<u8>, String> {
    let keys: Secret<112> = hkdf(None, notice.bytes(3).ok_or("no key")?, b"WhatsApp History Keys");
    let keys = keys.as_bytes();
    if notice.bytes(4) != Some(&sha256(&[file])) {
        return Err("hash of the file".to_owned());
    }
    let (sealed, code) = file.split_at(file.len() - 10);
    if hmac_sha256(&keys[48..80], &[&keys[..16], sealed])[..10] != *code {
        return Err("code".to_owned());
    }
    let key = keys[16..48].try_into().unwrap();
    let packed = cbc::decrypt(&key, &keys[..16].try_into().unwrap(), sealed).ok_or("padding")?;
    if notice.bytes(1) != Some(&sha256(&[&packed])) {
        return Err("hash of the content".to_owned());
    }
    if notice.number(2) != Some(packed.len() as u64) {
        return Err("length".to_owned());
    }
    Ok(packed)
}
