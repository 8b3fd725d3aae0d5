//! Messages that simulated people send.

use serde::Deserialize;
use wa::{
    crypto::random_array,
    messaging::content::{self, Extras, MessageRef, Outgoing, Quote, Shape},
    proto::{Message as _, adv::AdvSignedDeviceIdentity},
    stanza::{Jid, Node, Server, Text},
};

use super::{
    Actor, Scene,
    actor::{Sent, enc},
    sealed::{self, Sealable},
};
use crate::{
    model::{DeviceAddress, Model, Space},
    world::{unix_millis, unix_seconds},
};

/// A message that something is said about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    pub(crate) id: String,
    /// The number of who sent it.
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) text: String,
    /// The name of the author that goes into the key of what is sealed; that of the chat if it is left out.
    #[serde(default)]
    pub(crate) author_by: Option<Space>,
    /// The same, for the writer who seals it.
    #[serde(default)]
    pub(crate) sender_by: Option<Space>,
}

/// The content to send.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// A text, quoting a message or none.
    Text(String, Option<Target>),
    /// An emoji about a message; none takes it back.
    Reaction(String, Target),
    /// Another text in place of that of an own message.
    Edit(String, Target),
    /// An own message is deleted for everybody.
    Delete(Target),
    /// The options of a poll that are chosen; none takes an earlier vote back.
    Vote(Vec<String>, Target),
    /// An edit in the form that is encrypted with the secret of the message.
    SealedEdit(String, Target),
    /// A reaction in that form.
    SealedReaction(String, Target),
    /// Any serialised message.
    Raw(Vec<u8>),
}

/// The reason why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// Nobody is called so.
    NoSuchChat,
    /// The content is none.
    Content(String),
    /// The server refuses the message with this code.
    Refused(u16),
}

/// Returns the chat a message goes to: a person by number, or a group by address or id.
pub(crate) fn chat(model: &Model, address: &DeviceAddress, name: &str) -> Option<Jid> {
    let jid: Option<Jid> = name.contains('@').then(|| name.parse().ok()).flatten();
    if let Some(group) = model.groups.get(name).map(|group| group.jid()) {
        return Some(group);
    }
    match jid {
        Some(jid) if jid.server == Server::Group => Some(jid),
        Some(jid) => Some(jid.account()).filter(|jid| model.account(jid).is_some()),
        None => {
            let migrated = model.phones.get(&address.number)?.behaviour.lid_migrated != Some(false);
            let space = if migrated { Space::Lid } else { Space::Pn };
            Some(model.phones.get(name)?.jid(space, 0))
        }
    }
}

/// Sends something; gives its id.
pub(crate) fn send(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    to: &str,
    what: &What,
) -> Result<String, NotSent> {
    let to = chat(scene.model, scene.address, to).ok_or(NotSent::NoSuchChat)?;
    let content = compose(scene, actor, &to, what)?;
    let own = Jid::user(scene.address.number.as_str());
    let id = content::message_id(unix_seconds(), &own, &mut scene.world.random());
    send_content(scene, actor, &to, &id, &content)?;
    Ok(id)
}

fn compose(scene: &Scene<'_>, actor: &Actor, to: &Jid, what: &What) -> Result<Outgoing, NotSent> {
    let space = match scene.model.group(to) {
        Some(group) => group.mode,
        None => Space::of(to).ok_or(NotSent::NoSuchChat)?,
    };
    let named = |number: &str, space| scene.model.phones.get(number).map(|phone| phone.jid(space, 0));
    let person = |number: &str| named(number, space);
    let key = |target: &Target| {
        let mine = target.from == scene.address.number;
        let participant = if to.server == Server::Group && !mine { person(&target.from) } else { None };
        MessageRef { chat: Some(to.clone()), from_me: mine, id: target.id.clone(), participant }
    };
    let now = i64::try_from(unix_millis()).unwrap_or_default();
    let seal = |target: &Target, what: Sealable<'_>| {
        let author = named(&target.from, target.author_by.unwrap_or(space)).ok_or(NotSent::NoSuchChat)?;
        let own =
            named(&scene.address.number, target.sender_by.unwrap_or(space)).ok_or(NotSent::NoSuchChat)?;
        sealed::seal(scene, actor, &key(target), (&author, &own), &what, now)
    };
    let composed = match what {
        What::Vote(chosen, target) => return seal(target, Sealable::Vote(chosen)),
        What::SealedEdit(text, target) => return seal(target, Sealable::Edit(text)),
        What::SealedReaction(emoji, target) => return seal(target, Sealable::Reaction(emoji)),
        What::Text(text, None) => Outgoing::text(text, &Extras::default()),
        What::Text(text, Some(target)) => {
            let sender = person(&target.from).ok_or(NotSent::NoSuchChat)?;
            let quote = Some(Quote::of_text(target.id.clone(), sender, &target.text));
            Outgoing::text(text, &Extras { quote, ..Extras::default() })
        }
        What::Reaction(emoji, target) => Outgoing::reaction(&key(target), emoji, now),
        What::Edit(text, target) => Outgoing::edit(&key(target), text, &Extras::default(), now),
        What::Delete(target) => Outgoing::delete(&key(target)),
        What::Raw(bytes) => Outgoing::of_any_size(bytes),
    };
    let composed = composed.map_err(|error| NotSent::Content(error.to_string()))?;
    // As official clients have it: with this, votes, edits and reactions of the message may be encrypted later.
    Ok(if matches!(what, What::Text(..)) {
        composed.with_secret(&random_array(&mut scene.world.random()))
    } else {
        composed
    })
}

/// Posts a text to the status feed, for these people to see; gives its id.
pub(crate) fn post_status(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    text: &str,
    audience: &[String],
) -> Result<String, NotSent> {
    let status = Jid::new("status", Server::Broadcast);
    let content =
        Outgoing::text(text, &Extras::default()).map_err(|error| NotSent::Content(error.to_string()))?;
    let content = content.with_secret(&random_array(&mut scene.world.random()));
    let own = scene.address.number.clone();
    let id = content::message_id(unix_seconds(), &Jid::user(own.as_str()), &mut scene.world.random());
    let numbers = audience.iter().chain([&own]);
    let everybody = devices(scene, numbers.clone(), Space::Lid);
    // Holders of the key are named without a device.
    let people: Vec<Jid> =
        numbers.filter_map(|number| Some(scene.model.phones.get(number)?.jid(Space::Lid, 0))).collect();
    let (outgoing, keys) = actor
        .encrypt_for_group(scene, &status, everybody, &content.message)
        .map_err(|error| NotSent::Content(error.to_string()))?;
    let has_key = |person: &&Jid| !keys.encs.iter().any(|(jid, _)| jid.same_account(person));
    let named = people.iter().filter(has_key).map(|person| Node::new("to").attr("jid", person));
    let list = participants(&keys, None).unwrap_or_else(|| Node::new("participants")).children(named);
    let attrs = attrs(&content.shape);
    let shared = Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes(outgoing.bytes);
    let mut node = start(&id, &status, &attrs).child(list).child(shared);
    if keys.opens() {
        node = node.children(identity(scene));
    }
    let message = content.message;
    actor.remember(Sent { id: id.clone(), to: status, message, attrs, at: unix_seconds() });
    scene.send(&node).map_err(NotSent::Refused)?;
    Ok(id)
}

/// Attributes of a message's stanza that follow from its content.
fn attrs(shape: &Shape) -> Vec<(&'static str, String)> {
    let mut attrs = vec![("type", shape.stanza_type.to_owned())];
    attrs.extend(shape.edit.map(|edit| ("edit", edit.to_owned())));
    attrs
}

/// Sets the marks of a content on a ciphertext.
fn marked(node: Node, shape: &Shape) -> Node {
    node.attr_opt("mediatype", shape.media_type)
        .attr_opt("decrypt-fail", shape.hide_decrypt_failure.then_some("hide"))
}

fn start(id: &str, to: &Jid, attrs: &[(&'static str, String)]) -> Node {
    attrs.iter().fold(Node::new("message").attr("id", Text::new(id)).attr("to", to), |node, (key, value)| {
        node.attr(*key, value)
    })
}

/// Sends a content under an id.
pub(super) fn send_content(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    to: &Jid,
    id: &str,
    content: &Outgoing,
) -> Result<(), NotSent> {
    let attrs = attrs(&content.shape);
    let mut node = start(id, to, &attrs);
    let fanned;
    if to.server == Server::Group {
        let group = scene.model.group(to).cloned().ok_or(NotSent::Refused(404))?;
        let everybody = devices(scene, group.members.keys(), group.mode);
        let (outgoing, keys) = actor
            .encrypt_for_group(scene, to, everybody, &content.message)
            .map_err(|error| NotSent::Content(error.to_string()))?;
        node = node.attr("addressing_mode", group.mode.name()).children(participants(&keys, None));
        let shared = Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes(outgoing.bytes);
        node = node.child(marked(shared, &content.shape));
        fanned = keys;
    } else {
        let space = Space::of(to).ok_or(NotSent::NoSuchChat)?;
        let number = scene.model.number_of(to).ok_or(NotSent::NoSuchChat)?.to_owned();
        let copy = content::device_sent(&content.message, to);
        let mut all = Vec::new();
        if number != scene.address.number {
            all.extend(
                devices(scene, [&number], space)
                    .into_iter()
                    .map(|(device, jid)| (device, jid, content.message.as_slice())),
            );
        }
        let own = devices(scene, [&scene.address.number.clone()], space);
        all.extend(own.into_iter().map(|(device, jid)| (device, jid, copy.as_slice())));
        fanned = actor.fan_out(scene, all);
        node = node.children(participants(&fanned, Some(&content.shape)));
    }
    if fanned.opens() {
        node = node.children(identity(scene));
    }
    if !content.shape.meta.is_empty() {
        node = node.child(
            content.shape.meta.iter().fold(Node::new("meta"), |meta, (key, value)| meta.attr(*key, *value)),
        );
    }
    actor.remember(Sent {
        id: id.to_owned(),
        to: to.clone(),
        message: content.message.clone(),
        attrs,
        at: unix_seconds(),
    });
    scene.send(&node).map_err(NotSent::Refused)
}

/// All devices of these accounts but the own one, each with its name.
fn devices<'n>(
    scene: &Scene<'_>,
    numbers: impl IntoIterator<Item = &'n String>,
    space: Space,
) -> Vec<(DeviceAddress, Jid)> {
    let phones = numbers.into_iter().filter_map(|number| scene.model.phones.get(number));
    phones
        .flat_map(|phone| {
            phone.device_numbers().map(move |device| {
                (DeviceAddress { number: phone.number.clone(), device }, phone.jid(space, device))
            })
        })
        .filter(|(device, _)| device != scene.address)
        .collect()
}

fn participants(fanned: &super::actor::Fanned, shape: Option<&Shape>) -> Option<Node> {
    let to = fanned.encs.iter().map(|(jid, outgoing)| {
        let enc = enc(outgoing);
        let enc = match shape {
            Some(shape) => marked(enc, shape),
            None => enc,
        };
        Node::new("to").attr("jid", jid).child(enc)
    });
    (!fanned.encs.is_empty()).then(|| Node::new("participants").children(to))
}

/// Returns this companion's identity, signed by its phone; a phone needs no such thing.
pub(super) fn identity(scene: &Scene<'_>) -> Option<Node> {
    let blob = scene.model.device(scene.address)?.signed_identity.as_deref()?;
    let mut signed = AdvSignedDeviceIdentity::decode(blob).ok()?;
    let account = &scene.model.phones.get(&scene.address.number)?.identity;
    signed.account_signature_key = Some(account.public().0.to_vec());
    Some(Node::new("device-identity").bytes(signed.encode_to_vec()))
}

/// Sends a message to one of the own devices, of which people do not see anything; gives its id.
pub(super) fn send_peer(
    scene: &mut Scene<'_>,
    actor: &mut Actor,
    device: &DeviceAddress,
    message: &[u8],
) -> Result<String, NotSent> {
    let jid = device.jid();
    let outgoing =
        actor.encrypt(scene, device, message).map_err(|error| NotSent::Content(error.to_string()))?;
    let id = content::message_id(unix_seconds(), &jid, &mut scene.world.random());
    let attrs = vec![("type", "text".to_owned()), ("category", "peer".to_owned())];
    let node = start(&id, &jid, &attrs)
        .child(Node::new("meta").attr("appdata", "default"))
        .child(enc(&outgoing))
        .children((outgoing.kind.as_str() == "pkmsg").then(|| identity(scene)).flatten());
    let sent = Sent { id: id.clone(), to: jid, message: message.to_vec(), attrs, at: unix_seconds() };
    actor.remember(sent);
    scene.send(&node).map_err(NotSent::Refused)?;
    Ok(id)
}
