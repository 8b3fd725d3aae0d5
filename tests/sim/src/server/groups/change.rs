//! Changes the settings of a group, and tells its members.

use wa::stanza::{Jid, Node, NodeRef};

use super::{members, show};
use crate::{
    model::{Description, Model},
    server::devices,
    world::{World, unix_seconds},
};

/// Longest name of a group, in characters.
const MAX_SUBJECT: usize = 100;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 2_048;

/// Tells all devices of all members, or of these numbers. The device that did it is told like the others.
pub(super) fn tell(
    world: &World,
    model: &mut Model,
    id: &str,
    by: &str,
    change: Node,
    to: Option<&[String]>,
) {
    let Some(group) = model.groups.get(id).cloned() else { return };
    let (participant, participant_pn) = show::both_names(model, &group, by).unzip();
    let name = model.phones.get(by).map(|phone| phone.name.clone()).filter(|name| !name.is_empty());
    let node = Node::new("notification")
        .attr("from", group.jid())
        .attr("type", "w:gp2")
        .attr("t", unix_seconds())
        .attr_opt("participant", participant)
        .attr_opt("participant_pn", participant_pn)
        .attr("addressing_mode", group.mode.name())
        .attr_opt("notify", name)
        .child(change);
    let members: Vec<String> = match to {
        Some(numbers) => numbers.to_vec(),
        None => group.members.keys().cloned().collect(),
    };
    for number in members {
        devices::to_account(world, model, &number, node.clone());
    }
}

/// The invite code.
pub(super) fn invite(model: &Model, number: &str, to: &Jid) -> Result<Node, u16> {
    let group = model.group(to).ok_or(404u16)?;
    if !group.is_admin(number) {
        return Err(if group.members.contains_key(number) { 401 } else { 403 });
    }
    Ok(Node::new("invite").attr("code", &group.invite))
}

/// Answers everything that sets something.
pub(super) fn set_asked(
    world: &World,
    model: &mut Model,
    number: &str,
    to: &Jid,
    asked: NodeRef<'_>,
) -> Result<Option<Node>, u16> {
    let group = model.group(to).ok_or(404u16)?;
    if !group.members.contains_key(number) {
        return Err(403);
    }
    let restricted =
        group.locked || !matches!(asked.tag(), "subject" | "description" | "ephemeral" | "not_ephemeral");
    if restricted && !group.is_admin(number) {
        return Err(401);
    }
    let id = group.id.clone();
    set(world, model, &id, number, asked)
}

/// Sets something, whoever may, and tells everybody. Gives what the one who asked is told.
pub(crate) fn set(
    world: &World,
    model: &mut Model,
    id: &str,
    by: &str,
    asked: NodeRef<'_>,
) -> Result<Option<Node>, u16> {
    let (change, answer) = apply(world, model, id, by, asked)?;
    tell(world, model, id, by, change, None);
    Ok(answer)
}

/// Sets something. Gives what everybody is to be told, and what the one who asked is.
pub(super) fn apply(
    world: &World,
    model: &mut Model,
    id: &str,
    by: &str,
    asked: NodeRef<'_>,
) -> Result<(Node, Option<Node>), u16> {
    let now = unix_seconds();
    let group = model.groups.get_mut(id).ok_or(404u16)?;
    let mut answer = None;
    let change = match asked.tag() {
        "subject" => {
            let text = asked.text().unwrap_or_default().into_owned();
            if text.is_empty() || text.chars().count() > MAX_SUBJECT {
                return Err(406);
            }
            (group.subject, group.subject_at, group.subject_by) = (text.clone(), now, by.to_owned());
            let group = group.clone();
            let model = &*model;
            let (owner, owner_pn) = show::both_names(model, &group, by).unzip();
            Node::new("subject")
                .attr("subject", text)
                .attr("s_t", now)
                .attr_opt("s_o", owner)
                .attr_opt("s_o_pn", owner_pn)
        }
        "description" => {
            let new = asked.str("id").ok_or(400u16)?.into_owned();
            let held = group.description.as_ref().map(|description| description.id.as_str());
            if asked.str("prev").as_deref() != held && held.is_some() {
                return Err(409);
            }
            let node = Node::new("description").attr("id", new.clone());
            if asked.is("delete", "true") {
                group.description = None;
                node.child(Node::new("delete"))
            } else {
                let body = asked.child("body").and_then(|body| body.text()).unwrap_or_default().into_owned();
                if body.chars().count() > MAX_DESCRIPTION {
                    return Err(406);
                }
                group.description =
                    Some(Description { id: new, body: body.clone(), by: by.to_owned(), at: now });
                node.child(Node::new("body").text(body))
            }
        }
        tag @ ("announcement" | "not_announcement") => {
            group.announcement = tag == "announcement";
            // whatsmeow drops the notice without it.
            asked.to_node().attr("v_id", now)
        }
        tag @ ("locked" | "unlocked") => {
            group.locked = tag == "locked";
            asked.to_node()
        }
        "ephemeral" => {
            group.ephemeral =
                asked.u64("expiration").and_then(|secs| u32::try_from(secs).ok()).ok_or(400u16)?;
            asked.to_node()
        }
        "not_ephemeral" => {
            group.ephemeral = 0;
            asked.to_node()
        }
        "member_add_mode" => {
            group.all_add = asked.text().as_deref() == Some("all_member_add");
            asked.to_node()
        }
        "invite" => {
            group.invite = members::invite_code(world);
            let node = Node::new("invite").attr("code", &group.invite);
            answer = Some(node.clone());
            node
        }
        "member_link_mode" | "membership_approval_mode" => asked.to_node(),
        _ => return Err(501),
    };
    Ok((change, answer))
}
