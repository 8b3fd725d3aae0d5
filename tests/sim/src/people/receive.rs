//! Receives messages for simulated people.

use wa::{
    messaging::content::{self, Body, Protocol, Read},
    signal::{
        PrekeyId, PrekeyMessage, ResponderKeys, SenderKeyDistribution, SenderKeyMessage, SignalError,
        SignalMessage, unpad,
    },
    stanza::{Jid, Node, NodeRef, Server},
};

use super::{
    Actor, Scene,
    actor::own,
    heard::{Message, Receipt},
    history,
    marks::AddonContent,
    resend, retry, sealed,
    send::{self, Target, What},
};
use crate::{
    model::{DeviceAddress, Space},
    world::unix_millis,
};

/// Takes a stanza of the post.
pub(super) fn stanza(scene: &mut Scene<'_>, actor: &mut Actor, node: NodeRef<'_>) {
    match node.tag() {
        "message" => message(scene, actor, node),
        "receipt" => receipt(scene, actor, node),
        "notification" => notification(scene, actor, node),
        _ => {}
    }
}

/// An account has another identity: what was agreed with the old one is void.
fn notification(scene: &mut Scene<'_>, actor: &mut Actor, node: NodeRef<'_>) {
    if node.is("type", "encrypt")
        && node.child("identity").is_some()
        && let Some(number) = node.jid("from").and_then(|jid| scene.model.number_of(&jid).map(str::to_owned))
        && number != scene.address.number
    {
        for session in actor
            .sessions
            .iter_mut()
            .filter(|(device, _)| device.number == number)
            .map(|(_, session)| session)
        {
            session.record.archive_current();
            session.pin = None;
        }
    }
}

fn receipt(scene: &mut Scene<'_>, actor: &mut Actor, node: NodeRef<'_>) {
    let from = node.jid("participant").or_else(|| node.jid("from"));
    let (Some(id), Some(device)) = (node.str("id"), from.and_then(|jid| scene.model.resolve(&jid))) else {
        return;
    };
    let kind = node.str("type").unwrap_or("delivered".into()).into_owned();
    if kind == "retry" {
        retry::answer(scene, actor, &id, &device, node);
    }
    actor.heard.note_receipt(Receipt {
        id: id.into_owned(),
        from: device.number,
        device: device.device,
        kind,
    });
}

/// A message that was received: where it belongs.
struct Incoming<'a> {
    node: NodeRef<'a>,
    id: String,
    from: Jid,
    sender: DeviceAddress,
    /// Of a group.
    is_group: bool,
}

impl<'a> Incoming<'a> {
    fn read(scene: &Scene<'_>, node: NodeRef<'a>) -> Option<Self> {
        let from = node.jid("from")?;
        let is_group = matches!(from.server, Server::Group | Server::Broadcast);
        let sender = if is_group { node.jid("participant")? } else { from.clone() };
        let sender = scene.model.resolve(&sender)?;
        Some(Self { node, id: node.str("id")?.into_owned(), from, sender, is_group })
    }

    /// The chat by number or group address.
    fn chat(&self, scene: &Scene<'_>) -> String {
        if self.is_group {
            return self.from.to_string();
        }
        let other = self.node.jid("recipient").unwrap_or_else(|| self.from.clone());
        scene.model.number_of(&other).map_or_else(|| other.to_string(), str::to_owned)
    }
}

fn message(scene: &mut Scene<'_>, actor: &mut Actor, node: NodeRef<'_>) {
    let Some(incoming) = Incoming::read(scene, node) else { return };
    let mut failed = None;
    let mut again = false;
    let mut said = None;
    for enc in node.children_named("enc") {
        match decrypt(scene, actor, &incoming, enc) {
            Ok(plaintext) => {
                let bytes = unpad(&plaintext).unwrap_or_default();
                let Ok(read) = content::parse(bytes) else {
                    actor.heard.figures.undecryptable += 1;
                    continue;
                };
                accept_key(actor, &incoming, &read);
                let opened = AddonContent { node, enc, message: bytes, read: &read };
                if let Some(why) = mismarked(scene, &incoming, &opened) {
                    let text = format!("{} is dropped: {why}", incoming.id);
                    scene.world.log.note(None, text);
                    actor.heard.figures.mismarked += 1;
                    continue;
                }
                if !matches!(read.body, Body::Nothing) {
                    said = Some((read, bytes.to_vec()));
                }
            }
            Err(SignalError::Duplicate) => again = true,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match (said, failed) {
        (Some((read, raw)), _) => heard(scene, actor, &incoming, read, raw),
        (None, Some(error)) => {
            actor.heard.figures.undecryptable += 1;
            scene
                .world
                .log
                .note(None, format!("{} cannot read {}: {error}", scene.address.jid(), incoming.id));
            retry::ask(scene, actor, &incoming.id, &error, node);
        }
        (None, None) => {
            if again {
                actor.heard.figures.duplicates += 1;
            }
            acknowledge(scene, &incoming);
        }
    }
}

fn decrypt(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    incoming: &Incoming<'_>,
    enc: NodeRef<'_>,
) -> Result<Vec<u8>, SignalError> {
    let bytes = enc.bytes().unwrap_or_default();
    match enc.str("type").as_deref() {
        Some("skmsg") => {
            let message = SenderKeyMessage::parse(bytes)?;
            let key = (incoming.from.user.to_string(), incoming.sender.clone());
            actor.sender_keys.get_mut(&key).ok_or(SignalError::NoSenderKey)?.decrypt(&message)
        }
        Some("msg") => {
            let message = SignalMessage::parse(bytes)?;
            let session = actor.sessions.get_mut(&incoming.sender).ok_or(SignalError::NoSession)?;
            let pin = session.pin;
            Ok(session.record.decrypt(&message, pin.as_ref())?.plaintext)
        }
        Some("pkmsg") => {
            let message = PrekeyMessage::parse(bytes)?;
            let session = actor.sessions.entry(incoming.sender.clone()).or_default();
            // People believe whatever identity they are shown.
            let pin = Some(message.identity);
            let secrets = scene.model.keys(scene.address).and_then(|keys| keys.secrets.as_deref());
            let keys = ResponderKeys {
                signed: secrets.and_then(|secrets| secrets.signed.get(&message.signed_prekey_id.get())),
                one_time: message.prekey_id.and_then(|id| secrets?.one_time.get(&id.get())),
            };
            let own = own(scene.model, scene.address).ok_or(SignalError::NoSession)?;
            let read = session.record.decrypt_prekey(&message, own, keys, pin.as_ref())?;
            session.pin = pin;
            if let Some(id) = read.used_prekey.map(PrekeyId::get)
                && let Some(secrets) =
                    scene.model.keys_mut(scene.address).and_then(|keys| keys.secrets.as_mut())
            {
                secrets.one_time.remove(&id);
            }
            Ok(read.plaintext)
        }
        _ => Err(SignalError::Malformed("enc")),
    }
}

/// Returns the reason why production would have dropped a message, if it would.
fn mismarked(scene: &Scene<'_>, incoming: &Incoming<'_>, opened: &AddonContent<'_>) -> Option<String> {
    if scene.world.options.lenient {
        return None;
    }
    if incoming.sender.number == scene.address.number {
        return if incoming.is_group { None } else { opened.wrong_copy() };
    }
    let sender = incoming.node.jid("participant").unwrap_or_else(|| incoming.from.clone()).account();
    let chat = match Space::of(&incoming.from) {
        Some(space) if !incoming.is_group => scene.model.jid(scene.address, space)?.account(),
        _ => incoming.from.clone(),
    };
    opened.wrong_mark(&sender, &chat)
}

/// Takes a sender key that came along.
fn accept_key(actor: &mut Actor, incoming: &Incoming<'_>, read: &Read) {
    if let Some(distribution) = &read.key_distribution
        && incoming.is_group
        && let Ok(distribution) = SenderKeyDistribution::parse(&distribution.message)
    {
        let key = (incoming.from.user.to_string(), incoming.sender.clone());
        actor.sender_keys.entry(key).or_default().accept(&distribution);
    }
}

/// A message was read: it is noted, receipted, and answered as the person is used to.
fn heard(scene: &mut Scene<'_>, actor: &mut Actor, incoming: &Incoming<'_>, read: Read, raw: Vec<u8>) {
    let (text, target) = match &read.body {
        Body::Text(text) => {
            (Some(text.text.clone()), read.context.quoted.as_ref().map(|quoted| quoted.id.clone()))
        }
        Body::Reaction(reaction) => (Some(reaction.text.clone()), Some(reaction.target.id.clone())),
        Body::Edit(edit) => (edit.text.clone(), Some(edit.target.id.clone())),
        Body::Delete { target } => (None, Some(target.id.clone())),
        Body::Sealed(sealed) => (None, Some(sealed.target.id.clone())),
        Body::Poll(poll) => (Some(poll.name.clone()), None),
        _ => (None, None),
    };
    let target_from = about(scene, incoming, &read);
    let selected = voted(scene, actor, incoming, &read);
    let chat = incoming.chat(scene);
    let retried = actor.asked.remove(&incoming.id).is_some();
    let is_new = actor.heard.note(Message {
        at_ms: unix_millis(),
        id: incoming.id.clone(),
        chat: chat.clone(),
        from: incoming.sender.number.clone(),
        device: incoming.sender.device,
        kind: read.kind.to_owned(),
        text: text.clone(),
        target,
        target_from,
        selected,
        mentions: read.context.mentions.iter().map(Jid::to_string).collect(),
        retried,
        raw: raw.clone(),
        ..Message::default()
    });
    acknowledge(scene, incoming);
    if incoming.node.is("category", "peer") && matches!(read.body, Body::Protocol(Protocol::PeerDataRequest))
    {
        let (id, companion) = (&incoming.id, &incoming.sender);
        if !history::answer_chunk_retry(scene, actor, id, companion, &raw) {
            resend::answer(scene, actor, id, companion, &raw);
        }
    }
    let is_theirs = incoming.sender.number != scene.address.number;
    // The person is at the phone; other simulated devices of the account only listen.
    if !is_new || !is_theirs || scene.address.device != 0 {
        return;
    }
    let Some(habits) = scene.model.phones.get(&scene.address.number).map(|phone| phone.behaviour.clone())
    else {
        return;
    };
    if habits.reads {
        let receipt = Node::new("receipt").attr("id", incoming.id.clone()).attr("type", "read");
        let receipt = if incoming.is_group {
            receipt.attr("to", &incoming.from).attr_opt("participant", incoming.node.jid("participant"))
        } else {
            receipt.attr("to", incoming.from.account())
        };
        scene.receipt(&receipt.attr("t", crate::world::unix_seconds()));
    }
    let (Body::Text(_), Some(text)) = (&read.body, text) else { return };
    let target = Target {
        id: incoming.id.clone(),
        from: incoming.sender.number.clone(),
        text: text.clone(),
        author_by: None,
        sender_by: None,
    };
    let mut answers = Vec::new();
    if let Some(emoji) = habits.reacts {
        answers.push(What::Reaction(emoji, target.clone()));
    }
    if habits.echoes {
        answers.push(What::Text(text, None));
    }
    for answer in answers {
        if let Err(why) = send::send(scene, actor, &chat, &answer) {
            scene.world.log.note(None, format!("{} cannot answer: {why:?}", scene.address.jid()));
        }
    }
}

/// The number of who sent the message that another one is about. In a group, people know each other by the names that it uses.
fn about(scene: &Scene<'_>, incoming: &Incoming<'_>, read: &Read) -> Option<String> {
    let group =
        scene.model.groups.get(&*incoming.from.user).filter(|_| incoming.from.server == Server::Group);
    let number = |jid: &Jid| {
        let is_known = group.is_none_or(|group| Space::of(jid) == Some(group.mode));
        scene.model.number_of(jid).filter(|_| is_known).map(str::to_owned)
    };
    let key = match &read.body {
        Body::Reaction(reaction) => &reaction.target,
        Body::Edit(edit) => &edit.target,
        Body::Sealed(sealed) => &sealed.target,
        Body::Delete { target } | Body::Pin { target, .. } | Body::Keep { target, .. } => target,
        _ => return number(read.context.quoted.as_ref()?.sender.as_ref()?),
    };
    match (&key.participant, key.from_me) {
        (_, true) => Some(incoming.sender.number.clone()),
        (Some(participant), false) => number(participant),
        (None, false) if incoming.sender.number == scene.address.number => {
            number(&incoming.node.jid("recipient")?)
        }
        (None, false) => Some(scene.address.number.clone()),
    }
}

/// The options that a vote is for, if it is one, in a poll that this device knows.
fn voted(scene: &Scene<'_>, actor: &Actor, incoming: &Incoming<'_>, read: &Read) -> Option<Vec<String>> {
    let author = about(scene, incoming, read).filter(|_| matches!(read.body, Body::Sealed(_)))?;
    let jid = |number: &String, space| Some(scene.model.phones.get(number)?.jid(space, 0));
    [Space::Lid, Space::Pn].into_iter().find_map(|space| {
        sealed::chosen(actor, read, &jid(&author, space)?, &jid(&incoming.sender.number, space)?)
    })
}

/// The receipt for a message that was worked off.
fn acknowledge(scene: &mut Scene<'_>, incoming: &Incoming<'_>) {
    let silent = scene.model.phones.get(&scene.address.number).is_some_and(|phone| phone.behaviour.silent);
    if silent {
        return;
    }
    let receipt = Node::new("receipt").attr("id", incoming.id.clone());
    let own = incoming.sender.number == scene.address.number;
    let receipt = if incoming.node.is("category", "peer") {
        receipt.attr("to", incoming.from.account()).attr("type", "peer_msg")
    } else if own && !incoming.is_group {
        receipt
            .attr("to", &incoming.from)
            .attr("type", "sender")
            .attr_opt("recipient", incoming.node.jid("recipient"))
    } else {
        receipt.attr("to", &incoming.from).attr_opt("participant", incoming.node.jid("participant"))
    };
    scene.receipt(&receipt);
}
