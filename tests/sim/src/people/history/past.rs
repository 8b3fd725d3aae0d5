//! The past as a phone knows it: made of an order, and of the people, groups and tokens that the simulator has.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use wa::{crypto::random_array, messaging::content::message_id, stanza::Jid};

use super::{
    super::{act, actor::Sent},
    bulk,
    chat::{Chat, Known, Landmark, Other, Settings, Texts, Token},
    content::{OPTIONS, Special, with_secret},
    order::{Bulk, ChatOrder, Nonce, Order},
    wire::PushName,
};
use crate::{
    model::{DeviceAddress, Group, Model, Phone, PrivacyToken, Rank, Space},
    world::{World, unix_seconds},
};

/// Most chats of a bulk, and most messages.
const MAX_BULK: (u64, u64) = (1_000_000, 10_000_000);
/// Most chunks of the recent messages.
const MAX_CHUNKS: u32 = 10_000;

/// A past.
pub(super) struct Past {
    chats: Vec<Chat>,
    bulk: Option<Bulk>,
    /// The people whose pairs of names the phone knows.
    pub(super) people: Vec<Known>,
    pub(super) names: Vec<PushName>,
    pub(super) nonce: Option<String>,
    pub(super) salt: [u8; 32],
    /// Unix seconds.
    pub(super) lid_migrated_at: Option<i64>,
    pub(super) chunks: u32,
    pub(super) inline: Option<bool>,
    made: u64,
}

impl Past {
    /// The chats with people and groups of the simulator.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Chat> {
        self.chats.iter()
    }

    /// The chats with invented people.
    pub(super) fn bulk(&self) -> impl Iterator<Item = Chat> {
        let by_lid = self.lid_migrated_at.is_some();
        self.bulk.into_iter().flat_map(move |bulk| bulk::chats(bulk, by_lid, self.made))
    }
}

/// Gives a phone a past in place of the one that it had; gives what a test cannot know.
pub(crate) fn set(world: &World, number: &str, order: Order) -> Result<Value, String> {
    check(&order)?;
    let now = unix_seconds();
    let mut random = world.random();
    let mut model = world.model.lock();
    let phone = model.phones.get(number).ok_or_else(|| no_phone(number))?;
    let by_lid = phone.behaviour.lid_migrated == Some(true);
    let mut making = Making { world, number, by_lid, now, people: Vec::new(), names: own_names(phone) };
    let mut chats = Vec::new();
    for order in &order.chats {
        chats.push(making.chat(&mut model, order)?);
    }
    for other in &order.names {
        let known = known(model.phones.get(other).ok_or_else(|| no_phone(other))?);
        making.meet(known, making.space(None));
    }
    let Making { people, names, .. } = making;
    let phone = model.phones.get_mut(number).ok_or_else(|| no_phone(number))?;
    let nonce = match order.nonce {
        Nonce::Is(false) => None,
        Nonce::Is(true) => Some(STANDARD.encode(random_array::<16>(&mut random))),
        Nonce::Text(text) => Some(text),
    };
    let salt = *phone.nct_salt.get_or_insert_with(|| random_array(&mut random));
    let past = Past {
        chats,
        bulk: order.bulk,
        people,
        names,
        nonce,
        salt,
        lid_migrated_at: by_lid.then(|| i64::try_from(phone.created_ms / 1_000).unwrap_or_default()),
        chunks: order.chunks,
        inline: order.inline,
        made: now.saturating_sub(60),
    };
    let shown = show(&past, &order.chats);
    phone.history.past = Some(Arc::new(past));
    let landmarks = phone.history.past.clone();
    for chat in landmarks.iter().flat_map(|past| past.listed()) {
        recall(world, &mut model, number, chat);
    }
    drop(model);
    world.changed.notify_waiters();
    Ok(shown)
}

fn check(order: &Order) -> Result<(), String> {
    if order.chunks == 0 || order.chunks > MAX_CHUNKS {
        return Err(format!("the recent messages come in 1 to {MAX_CHUNKS} chunks"));
    }
    match order.bulk {
        Some(bulk) if bulk.chats == 0 || bulk.chats > MAX_BULK.0 || bulk.messages > MAX_BULK.1 => {
            Err(format!("a bulk has 1 to {} chats, and at most {} messages", MAX_BULK.0, MAX_BULK.1))
        }
        _ => Ok(()),
    }
}

fn no_phone(number: &str) -> String {
    format!("there is no phone {number}")
}

fn known(phone: &Phone) -> Known {
    Known { pn: phone.jid(Space::Pn, 0), lid: phone.lid(0), name: phone.name.clone() }
}

/// The own name, under both names.
fn own_names(phone: &Phone) -> Vec<PushName> {
    [Space::Pn, Space::Lid].map(|space| push_name(&phone.jid(space, 0), &phone.name)).to_vec()
}

fn push_name(jid: &Jid, name: &str) -> PushName {
    PushName { id: Some(jid.to_string()), pushname: Some(name.to_owned()) }
}

/// A past that is being made.
struct Making<'a> {
    world: &'a World,
    number: &'a str,
    by_lid: bool,
    now: u64,
    people: Vec<Known>,
    names: Vec<PushName>,
}

impl Making<'_> {
    /// The name space of a chat.
    fn space(&self, wanted: Option<Space>) -> Space {
        wanted.unwrap_or(if self.by_lid { Space::Lid } else { Space::Pn })
    }

    /// The phone knows a person, and the name under that address.
    fn meet(&mut self, person: Known, space: Space) {
        let jid = if space == Space::Lid { &person.lid } else { &person.pn };
        let name = push_name(jid, &person.name);
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        if !self.people.iter().any(|other| other.pn == person.pn) {
            self.people.push(person);
        }
    }

    fn chat(&mut self, model: &mut Model, order: &ChatOrder) -> Result<Chat, String> {
        let id = order.with.strip_suffix("@g.us").unwrap_or(&order.with);
        let (jid, other, settings) = match model.groups.get(id).cloned() {
            Some(group) => self.group(model, order, &group)?,
            None => self.person(model, order)?,
        };
        let texts = Texts { count: order.messages, last_s: order.last_s.unwrap_or(self.now - 60), length: 0 };
        let kinds = [(order.poll, Special::Poll), (order.event, Special::Event)];
        let wanted = kinds.into_iter().filter_map(|(is_wanted, what)| is_wanted.then_some(what));
        let mut random = self.world.random();
        let own = Jid::user(self.number);
        let landmarks = wanted
            .flat_map(|what| [(what, false), (what, true)])
            .map(|(what, from_me)| Landmark {
                id: message_id(texts.last_s, &own, &mut random),
                what,
                from_me,
                secret: random_array(&mut random),
            })
            .collect();
        Ok(Chat { jid, other, settings, texts, landmarks })
    }

    fn person(&mut self, model: &mut Model, order: &ChatOrder) -> Result<(Jid, Other, Settings), String> {
        let with = &order.with;
        if with == self.number {
            return Err("a past has no chat with the account itself".to_owned());
        }
        let person = known(model.phones.get(with).ok_or_else(|| no_phone(with))?);
        let space = self.space(order.by);
        let jid = if space == Space::Lid { person.lid.clone() } else { person.pn.clone() };
        self.meet(person.clone(), space);
        model.acquaint(self.number, with);
        let settings = Settings {
            timer: order.timer,
            token: order.token.then(|| self.token_of(model, with, order.token_s)),
            gave: order.gave_s,
        };
        if let (Some(at), Some(own)) = (order.gave_s, model.phones.get_mut(self.number)) {
            let bytes = random_array::<16>(&mut self.world.random()).to_vec();
            own.tokens.insert(with.clone(), PrivacyToken { bytes, at });
        }
        Ok((jid, Other::Person(person), settings))
    }

    /// Returns the token that the person has given the account; gives one if there is none.
    fn token_of(&self, model: &mut Model, person: &str, at: Option<u64>) -> Token {
        let now = self.now;
        let Some(phone) = model.phones.get_mut(person) else { return (Vec::new(), now) };
        let held = phone.tokens.get(self.number).filter(|token| at.is_none() && token.is_valid(now)).cloned();
        let token = held.unwrap_or_else(|| PrivacyToken {
            bytes: random_array::<16>(&mut self.world.random()).to_vec(),
            at: at.unwrap_or(now),
        });
        phone.tokens.insert(self.number.to_owned(), token.clone());
        (token.bytes, token.at)
    }

    fn group(
        &mut self,
        model: &Model,
        order: &ChatOrder,
        group: &Group,
    ) -> Result<(Jid, Other, Settings), String> {
        if order.token || order.token_s.is_some() || order.gave_s.is_some() || order.by.is_some() {
            return Err("a group gives no token, and has one address".to_owned());
        }
        if !group.members.contains_key(self.number) {
            return Err(format!("{} is no member of that group", self.number));
        }
        let mut members = Vec::new();
        let mut writer = None;
        for (number, rank) in &group.members {
            let phone = model.phones.get(number).ok_or_else(|| no_phone(number))?;
            let jid = phone.jid(group.mode, 0);
            let rank = match rank {
                Rank::Member => 0,
                Rank::Admin => 1,
                Rank::Owner => 2,
            };
            members.push((jid.clone(), rank));
            if number != self.number {
                writer.get_or_insert((jid, phone.name.clone()));
                self.meet(known(phone), group.mode);
            }
        }
        let settings = Settings { timer: order.timer, ..Settings::default() };
        Ok((group.jid(), Other::Group { subject: group.subject.clone(), members, writer }, settings))
    }
}

/// Lets the phones of a chat know its polls and events, so that they can vote and answer.
fn recall(world: &World, model: &mut Model, number: &str, chat: &Chat) {
    let others: Vec<String> = match &chat.other {
        Other::Person(person) => vec![person.pn.user.to_string()],
        Other::Group { members, .. } => {
            members.iter().filter_map(|(jid, _)| model.number_of(jid).map(str::to_owned)).collect()
        }
    };
    for (index, mark) in chat.landmarks.iter().enumerate() {
        let at = chat.at(index as u64);
        let message = with_secret(&mark.what.content(at), &mark.secret);
        let author = if mark.from_me { None } else { writer(model, chat, &others) };
        let author = author.unwrap_or(number).to_owned();
        let own = others.iter().all(|other| other != number).then_some(number);
        for other in others.iter().map(String::as_str).chain(own) {
            let address = DeviceAddress { number: other.to_owned(), device: 0 };
            act(world, model, &address, |_, actor| {
                if other == author {
                    let attrs = vec![("type", "text".to_owned())];
                    let (id, to, message) = (mark.id.clone(), chat.jid.clone(), message.clone());
                    actor.remember(Sent { id, to, message, attrs, at });
                } else {
                    actor.heard.recall(&mark.id, &author, message.clone());
                }
            });
        }
    }
}

/// The number of who writes on the other side.
fn writer<'o>(model: &Model, chat: &Chat, others: &'o [String]) -> Option<&'o str> {
    match &chat.other {
        Other::Person(_) => others.first().map(String::as_str),
        Other::Group { writer, .. } => {
            let wanted = model.number_of(&writer.as_ref()?.0)?;
            others.iter().find(|other| *other == wanted).map(String::as_str)
        }
    }
}

fn show(past: &Past, orders: &[ChatOrder]) -> Value {
    let chats = past.chats.iter().zip(orders).map(|(chat, order)| {
        let marks = |what: Special| {
            chat.landmarks.iter().filter(move |mark| mark.what == what).map(|mark| {
                json!({
                    "id": mark.id,
                    "from_me": mark.from_me,
                    "secret": STANDARD.encode(mark.secret),
                })
            })
        };
        let person = chat.person();
        json!({
            "with": order.with,
            "jid": chat.jid.to_string(),
            "pn": person.map(|person| person.pn.to_string()),
            "lid": person.map(|person| person.lid.to_string()),
            "token": chat.settings.token.as_ref().map(|(bytes, _)| STANDARD.encode(bytes)),
            "token_s": chat.settings.token.as_ref().map(|(_, at)| at),
            "polls": marks(Special::Poll).collect::<Vec<_>>(),
            "events": marks(Special::Event).collect::<Vec<_>>(),
        })
    });
    json!({
        "chats": chats.collect::<Vec<_>>(),
        "options": OPTIONS,
        "nonce": past.nonce,
        "salt": STANDARD.encode(past.salt),
    })
}
