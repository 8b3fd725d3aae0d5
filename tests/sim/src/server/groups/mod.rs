//! Groups: asked for, made, joined, changed. Every change is told to all members' devices.

mod change;
mod members;
mod show;

use wa::stanza::{Node, NodeRef, Server};

use super::{answer, dispatch::Reply};
use crate::{model::DeviceAddress, world::World};

pub(crate) use change::set;
pub(crate) use members::{Action, create, leave, update};

/// Answers an iq of namespace `w:g2`.
pub(super) fn handle(world: &World, address: &DeviceAddress, iq: NodeRef<'_>) -> Reply {
    let Some(child) = iq.children().next() else { return Reply::refused(400) };
    let Some(to) = iq.jid("to").filter(|to| to.server == Server::Group) else { return Reply::refused(400) };
    let mut model = world.model.lock();
    let number = address.number.as_str();
    let answer = match (iq.is("type", "get"), to.user.is_empty(), child.tag()) {
        (true, true, "participating") => Ok(Some(show::participating(&model, number))),
        (true, true, "query") => Ok(Some(show::many(&model, number, child))),
        (true, true, "invite") => show::invited(&model, child).map(Some),
        (true, false, "query") => show::one(&model, number, &to, child),
        (true, false, "invite") => change::invite(&model, number, &to).map(Some),
        (false, true, "create") => members::create_asked(world, &mut model, number, child).map(Some),
        (false, true, "invite") => members::join(world, &mut model, number, child).map(Some),
        (false, true, "leave") => members::leave_asked(world, &mut model, number, child).map(Some),
        (false, false, tag) => match Action::from_name(tag) {
            Some(action) => members::update_asked(world, &mut model, number, &to, action, child).map(Some),
            None => change::set_asked(world, &mut model, number, &to, child),
        },
        _ => Err(501),
    };
    drop(model);
    let answer: Result<Option<Node>, u16> = answer;
    match answer {
        Ok(child) => Reply::Node(answer::result(iq).children(child)),
        Err(code) => Reply::refused(code),
    }
}
