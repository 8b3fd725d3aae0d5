//! Content encrypted with the secret of the message it belongs to: votes, and edits and reactions in the sealed form.

use wa::{
    messaging::content::{
        self, AddonContent, Body, Extras, MessageRef, Outgoing, Purpose, Read, Sealed, Sealing,
    },
    stanza::Jid,
};

use super::{Actor, Scene, send::NotSent};

/// The members of `Message` and their fields.
const ENC_REACTION: u32 = 56;
const SECRET_ENCRYPTED: u32 = 82;

/// The content to seal.
pub(super) enum Sealable<'a> {
    /// The options that are chosen.
    Vote(&'a [String]),
    /// A new text.
    Edit(&'a str),
    /// An emoji.
    Reaction(&'a str),
}

/// Makes the message; `author` wrote the one it belongs to, and `own` writes this.
pub(super) fn seal(
    scene: &Scene<'_>,
    actor: &Actor,
    key: &MessageRef,
    (author, own): (&Jid, &Jid),
    what: &Sealable<'_>,
    now: i64,
) -> Result<Outgoing, NotSent> {
    let unknown =
        || NotSent::Content("this device does not have that message, or it has no secret".to_owned());
    let target = known(actor, &key.id).ok_or_else(unknown)?;
    let secret = target.secret.as_ref().ok_or_else(unknown)?;
    let sealing = Sealing { secret, author, sender: own };
    let wrong = |error: content::ContentError| NotSent::Content(error.to_string());
    let mut random = scene.world.random();
    match what {
        Sealable::Vote(chosen) => {
            let Body::Poll(poll) = &target.body else {
                return Err(NotSent::Content("that message is no poll".to_owned()));
            };
            if let Some(other) = chosen.iter().find(|option| !poll.options.contains(option)) {
                return Err(NotSent::Content(format!("{other:?} is no option of the poll")));
            }
            Outgoing::vote(key, chosen, &sealing, now, &mut random).map_err(wrong)
        }
        Sealable::Edit(text) => {
            let plain = Outgoing::edit(key, text, &Extras::default(), now).map_err(wrong)?;
            let sealed =
                Sealed::seal(Purpose::MessageEdit, key.clone(), &sealing, &plain.message, &mut random);
            let mut body = sealed_body(&sealed);
            // secretEncType: MESSAGE_EDIT
            body.extend_from_slice(&[4 << 3, 2]);
            Outgoing::of_any_size(&field(SECRET_ENCRYPTED, &body)).map_err(wrong)
        }
        Sealable::Reaction(emoji) => {
            let mut plain = field(2, emoji.as_bytes());
            plain.push(4 << 3);
            varint(&mut plain, now.cast_unsigned());
            let sealed = Sealed::seal(Purpose::Reaction, key.clone(), &sealing, &plain, &mut random);
            Outgoing::of_any_size(&field(ENC_REACTION, &sealed_body(&sealed))).map_err(wrong)
        }
    }
}

/// The options that a vote which this device has heard is for.
pub(super) fn chosen(actor: &Actor, read: &Read, author: &Jid, sender: &Jid) -> Option<Vec<String>> {
    let Body::Sealed(sealed) = &read.body else { return None };
    let poll = known(actor, &sealed.target.id)?;
    let Body::Poll(options) = &poll.body else { return None };
    let sealing = Sealing { secret: poll.secret.as_ref()?, author, sender };
    let Some(AddonContent::Vote(hashes)) = sealed.open(&sealing) else { return None };
    let is_chosen = |option: &&String| hashes.contains(&content::option_hash(option));
    Some(options.options.iter().filter(is_chosen).cloned().collect())
}

/// A message that this device has sent or heard.
fn known(actor: &Actor, id: &str) -> Option<Read> {
    let sent = actor.sent.iter().rfind(|sent| sent.id == id).map(|sent| sent.message.as_slice());
    let bytes = sent.or_else(|| Some(actor.heard.find(id)?.raw.as_slice()))?;
    content::parse(bytes).ok()
}

/// `{1 key, 2 payload, 3 iv}`, as both members have it.
fn sealed_body(sealed: &Sealed) -> Vec<u8> {
    let target = &sealed.target;
    let mut key = Vec::new();
    if let Some(chat) = &target.chat {
        key.extend(field(1, chat.to_string().as_bytes()));
    }
    key.extend_from_slice(&[2 << 3, u8::from(target.from_me)]);
    key.extend(field(3, target.id.as_bytes()));
    if let Some(participant) = &target.participant {
        key.extend(field(4, participant.to_string().as_bytes()));
    }
    [field(1, &key), field(2, &sealed.payload), field(3, &sealed.iv)].concat()
}

fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 8);
    varint(&mut out, u64::from(number << 3 | 2));
    varint(&mut out, content.len() as u64);
    out.extend_from_slice(content);
    out
}

fn varint(out: &mut Vec<u8>, value: u64) {
    prost::encoding::encode_varint(value, out);
}
