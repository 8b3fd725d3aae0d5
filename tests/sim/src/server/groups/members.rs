//! Making groups, and who is in them.

use wa::{
    crypto::random_array,
    stanza::{Jid, Node, NodeRef},
};

use super::{change, show};
use crate::{
    model::{Group, Model, Rank, Space},
    world::{World, unix_seconds},
};

/// Longest name of a group, in characters.
const MAX_SUBJECT: usize = 100;
/// Most members.
const MAX_MEMBERS: usize = 2_048;
/// Most groups of one simulator.
const MAX_GROUPS: usize = 100_000;

/// An action on members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// They come in.
    Add,
    /// They are put out.
    Remove,
    /// They become admins.
    Promote,
    /// They are admins no more.
    Demote,
}

impl Action {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Add, Self::Remove, Self::Promote, Self::Demote]
            .into_iter()
            .find(|action| action.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }
}

/// Makes a group, with the settings of who asked for it; gives its id. Numbers that are no accounts are left out.
pub(crate) fn create(
    world: &World,
    model: &mut Model,
    creator: &str,
    subject: &str,
    numbers: &[String],
    mode: Space,
    asked: Option<NodeRef<'_>>,
) -> Result<String, u16> {
    if subject.is_empty() || subject.chars().count() > MAX_SUBJECT {
        return Err(406);
    }
    if numbers.len() >= MAX_MEMBERS || model.groups.len() >= MAX_GROUPS {
        return Err(419);
    }
    if !model.phones.contains_key(creator) {
        return Err(404);
    }
    let now = unix_seconds();
    let id = format!("120363{:012}", model.next_group());
    let mut group = Group {
        id: id.clone(),
        subject: subject.to_owned(),
        subject_at: now,
        subject_by: creator.to_owned(),
        created: now,
        creator: creator.to_owned(),
        mode,
        members: [(creator.to_owned(), Rank::Owner)].into(),
        description: None,
        announcement: false,
        locked: false,
        ephemeral: 0,
        all_add: true,
        invite: invite_code(world),
        version: version(world),
        false_hashes: 0,
    };
    for number in numbers.iter().filter(|number| model.phones.contains_key(*number)) {
        group.members.entry(number.clone()).or_insert(Rank::Member);
    }
    model.groups.insert(id.clone(), group);
    for setting in asked.into_iter().flat_map(|asked| asked.children()) {
        // Anything else that a client may say here is of no interest.
        let _ = change::apply(world, model, &id, creator, setting);
    }
    let group = model.groups.get(&id).ok_or(500u16)?;
    let key = asked.and_then(|asked| asked.str("key"));
    let node = Node::new("create").attr("type", "new").attr_opt("key", key);
    let node = node.child(show::group_node(model, group));
    change::tell(world, model, &id, creator, node, None);
    Ok(id)
}

pub(super) fn invite_code(world: &World) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 22] = random_array(&mut world.random());
    bytes
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()))
        .map(|b| char::from(*b))
        .collect()
}

/// A version of a member list: grows with time.
fn version(world: &World) -> u64 {
    world.stanza_id().parse().unwrap_or_default()
}

/// Answers `create`.
pub(super) fn create_asked(
    world: &World,
    model: &mut Model,
    number: &str,
    asked: NodeRef<'_>,
) -> Result<Node, u16> {
    let subject = asked.str("subject").ok_or(400u16)?;
    let mut numbers = Vec::new();
    let mut unknown = Vec::new();
    for participant in asked.children_named("participant").take(MAX_MEMBERS) {
        let jid = participant.jid("jid").ok_or(400u16)?;
        match model.number_of(&jid) {
            Some(other) if !may_add(model, number, other, participant) => {
                unknown.push(to_be_invited(world, named(model, other, world.options.group_mode(), jid)));
            }
            Some(number) => numbers.push(number.to_owned()),
            None => unknown.push(Node::new("participant").attr("jid", jid).attr("error", 404u16)),
        }
    }
    let id = create(world, model, number, &subject, &numbers, world.options.group_mode(), Some(asked))?;
    let group = model.groups.get(&id).ok_or(500u16)?;
    Ok(show::group_node(model, group).children(unknown))
}

/// Answers `add`, `remove`, `promote` and `demote`.
pub(super) fn update_asked(
    world: &World,
    model: &mut Model,
    by: &str,
    to: &Jid,
    action: Action,
    asked: NodeRef<'_>,
) -> Result<Node, u16> {
    let group = model.group(to).ok_or(404u16)?;
    let id = group.id.clone();
    let mode = group.mode;
    if !group.members.contains_key(by) {
        return Err(403);
    }
    let anybody_may = action == Action::Add && group.all_add;
    if !anybody_may && !group.is_admin(by) {
        return Err(401);
    }
    let mut answer = Node::new(action.name());
    let mut done = Vec::new();
    for participant in asked.children_named("participant").take(MAX_MEMBERS) {
        let jid = participant.jid("jid").ok_or(400u16)?;
        let number = model.number_of(&jid).map(str::to_owned);
        let outcome = match &number {
            Some(number) if action == Action::Add && !may_add(model, by, number, participant) => Err(403),
            Some(number) => check(model, &id, number, action),
            None => Err(404),
        };
        let shown = named(model, number.as_deref().unwrap_or_default(), mode, jid);
        answer = answer.child(match outcome {
            Err(403) => to_be_invited(world, shown),
            _ => shown.attr_opt("error", outcome.err()),
        });
        done.extend(number.filter(|_| outcome.is_ok()));
    }
    update(world, model, &id, by, &done, action);
    Ok(answer)
}

/// Returns whether a person lets another one add them: some do so only to those to whom they gave a token.
fn may_add(model: &Model, by: &str, number: &str, participant: NodeRef<'_>) -> bool {
    let Some(phone) = model.phones.get(number).filter(|phone| phone.behaviour.guarded) else { return true };
    let shown = participant.child("privacy").and_then(|token| token.bytes());
    phone.tokens.get(by).is_some_and(|token| shown == Some(token.bytes.as_slice()))
}

/// Names a person by both names; as asked for, if there is nobody of that name.
fn named(model: &Model, number: &str, mode: Space, asked: Jid) -> Node {
    let Some(phone) = model.phones.get(number) else { return Node::new("participant").attr("jid", asked) };
    let pn = (mode == Space::Lid).then(|| phone.jid(Space::Pn, 0));
    Node::new("participant").attr("jid", phone.jid(mode, 0)).attr_opt("phone_number", pn)
}

/// Says that a person cannot be added, and how to invite them.
fn to_be_invited(world: &World, shown: Node) -> Node {
    let request = Node::new("add_request")
        .attr("code", invite_code(world))
        .attr("expiration", crate::world::unix_seconds() + 259_200);
    shown.attr("error", 403u16).child(request)
}

fn check(model: &Model, id: &str, number: &str, action: Action) -> Result<(), u16> {
    let group = model.groups.get(id).ok_or(404u16)?;
    match (action, group.members.get(number)) {
        (Action::Add, Some(_)) => Err(409),
        (Action::Add, None) if group.members.len() >= MAX_MEMBERS => Err(419),
        (Action::Add, None) => Ok(()),
        (_, None) => Err(404),
        (Action::Remove | Action::Demote, Some(Rank::Owner)) => Err(406),
        _ => Ok(()),
    }
}

/// Changes members and tells everybody; those who are put out, too.
pub(crate) fn update(
    world: &World,
    model: &mut Model,
    id: &str,
    by: &str,
    numbers: &[String],
    action: Action,
) {
    let version = version(world);
    let Some(group) = model.groups.get_mut(id) else { return };
    if numbers.is_empty() {
        return;
    }
    let before = group.members.keys().cloned().collect::<Vec<_>>();
    for number in numbers {
        match action {
            Action::Add => {
                group.members.entry(number.clone()).or_insert(Rank::Member);
            }
            Action::Remove => {
                group.members.remove(number);
            }
            Action::Promote | Action::Demote => {
                let to = if action == Action::Promote { Rank::Admin } else { Rank::Member };
                if let Some(rank) = group.members.get_mut(number).filter(|rank| **rank != Rank::Owner) {
                    *rank = to;
                }
            }
        }
    }
    let old = std::mem::replace(&mut group.version, version);
    let group = group.clone();
    let participants: Vec<Node> = numbers
        .iter()
        .filter_map(|number| {
            let rank = group.members.get(number).copied().unwrap_or(Rank::Member);
            show::participant(model, &group, number, rank)
        })
        .collect();
    let node = |name| {
        Node::new(name).attr("v_id", group.version).attr("prev_v_id", old).children(participants.clone())
    };
    match action {
        // New members get the whole group; the others, the change.
        Action::Add => {
            change::tell(world, model, id, by, node("add"), Some(&before));
            let whole = Node::new("create").attr("type", "new").child(show::group_node(model, &group));
            change::tell(world, model, id, by, whole, Some(numbers));
        }
        _ => change::tell(world, model, id, by, node(action.name()), Some(&before)),
    }
}

/// Answers `leave`.
pub(super) fn leave_asked(
    world: &World,
    model: &mut Model,
    number: &str,
    asked: NodeRef<'_>,
) -> Result<Node, u16> {
    let mut answer = Node::new("leave");
    for group in asked.children_named("group") {
        // One client writes the address as text.
        let jid = group.jid("id").or_else(|| group.str("id")?.parse().ok()).ok_or(400u16)?;
        let error = leave(world, model, &jid.user, number).err();
        answer = answer.child(Node::new("group").attr("id", jid).attr_opt("error", error));
    }
    Ok(answer)
}

/// A member leaves.
pub(crate) fn leave(world: &World, model: &mut Model, id: &str, number: &str) -> Result<(), u16> {
    let group = model.groups.get(id).ok_or(404u16)?;
    if !group.members.contains_key(number) {
        return Err(403);
    }
    update(world, model, id, number, &[number.to_owned()], Action::Remove);
    if let Some(group) = model.groups.get_mut(id) {
        // A group always has a member who can change it.
        if !group.members.values().any(|rank| *rank >= Rank::Admin)
            && let Some(rank) = group.members.values_mut().next()
        {
            *rank = Rank::Admin;
        }
    }
    Ok(())
}

/// Answers `invite` with a code: joins.
pub(super) fn join(world: &World, model: &mut Model, number: &str, asked: NodeRef<'_>) -> Result<Node, u16> {
    let code = asked.str("code").ok_or(400u16)?;
    let group = model.groups.values().find(|group| group.invite == code).ok_or(406u16)?;
    let jid = group.jid();
    if group.members.contains_key(number) {
        return Err(409);
    }
    check(model, &jid.user, number, Action::Add)?;
    update(world, model, &jid.user, number, &[number.to_owned()], Action::Add);
    Ok(Node::new("group").attr("jid", jid))
}
