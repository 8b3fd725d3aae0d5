//! `<receipt type="server-error" category="peer">`: a companion cannot read the file of a part. The phone puts it up again.

use prost::Message as _;
use wa::{
    crypto::{gcm, hkdf},
    stanza::NodeRef,
};

use super::{
    job::Job,
    notice::{Cause, Notice},
};
use crate::{
    model::{DeviceAddress, Model},
    world::World,
};

/// The number of times that a phone sends a part again.
pub(super) const MOST_AGAIN: usize = 3;
/// The info of the key with which complaints are encrypted.
const INFO: &[u8] = b"WhatsApp Media Retry Notification";

#[derive(Clone, PartialEq, prost::Message)]
struct ServerErrorReceipt {
    #[prost(string, optional, tag = "1")]
    stanza_id: Option<String>,
}

/// Takes a `server-error` receipt about a notice; false if it is about something else.
pub(crate) fn take(
    world: &World,
    model: &mut Model,
    from: &DeviceAddress,
    id: &str,
    node: NodeRef<'_>,
) -> bool {
    let is_own =
        node.jid("to").is_some_and(|to| to.device == 0 && model.number_of(&to) == Some(&*from.number));
    let Some(phone) = model.phones.get_mut(&from.number) else { return false };
    let notice = phone.history.find(from.device, id).cloned();
    if notice.is_none() && !node.is("category", "peer") {
        return false;
    }
    match check(notice.as_ref(), id, node, is_own) {
        Err(why) => {
            let why = format!("server-error receipt for {id}: {why}");
            world.log.note(None, format!("{}: {why}", from.jid()));
            phone.history.note_malformed(why);
        }
        Ok(notice) => {
            phone.history.server_errors += 1;
            let first = notice.first().to_owned();
            if phone.history.times_again(&first) >= MOST_AGAIN {
                world.log.note(None, format!("{} has had {first} often enough", from.jid()));
            } else {
                let cause = Cause { again_of: Some(first), session: None };
                world.histories.add(Job::again(from, notice.part, cause));
            }
        }
    }
    true
}

/// Checks a receipt's form, and that it was made with the key of the file.
fn check<'n>(
    notice: Option<&'n Notice>,
    id: &str,
    node: NodeRef<'_>,
    is_own: bool,
) -> Result<&'n Notice, &'static str> {
    let notice = notice.ok_or("there was no such notice for this device")?;
    if !node.is("category", "peer") {
        return Err("its category is not peer");
    }
    if !is_own {
        return Err("it is not addressed to the own account");
    }
    if node.child("rmr").is_some() {
        return Err("it has an rmr, which only messages of chats have");
    }
    let encrypt = node.child("encrypt").ok_or("it has no encrypt")?;
    let bytes = |tag: &str| encrypt.child(tag).and_then(|child| child.bytes());
    let sealed = bytes("enc_p").ok_or("it has no enc_p")?;
    let iv: [u8; 12] =
        bytes("enc_iv").and_then(|iv| iv.try_into().ok()).ok_or("its enc_iv is not 12 bytes")?;
    let media_key = notice.media_key.ok_or("the notice had no file")?;
    let key = hkdf::<32>(None, &media_key, INFO);
    let opened = gcm::open(key.as_bytes(), &iv, id.as_bytes(), sealed)
        .ok_or("enc_p cannot be opened with the key of the file")?;
    let receipt = ServerErrorReceipt::decode(&*opened).map_err(|_| "enc_p is no ServerErrorReceipt")?;
    if receipt.stanza_id.as_deref() == Some(id) { Ok(notice) } else { Err("enc_p names another stanza") }
}
