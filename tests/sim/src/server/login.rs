//! Letting clients in: the checks of a login, and what a logged-in device is told first.

use std::sync::Arc;

use wa::{
    crypto::PublicKey,
    stanza::{Jid, Node},
};

use super::{
    answer,
    client_payload::{Login, Refused, Wish, read},
    queue, register,
};
use crate::{
    faults::{End, Plan, Point, Subject},
    model::{Connection, Stage},
    world::{World, unix_millis, unix_seconds},
};

/// Decides about a client whose handshake is done. The rest of the rules is for the connection's task.
pub(super) fn admit(world: &World, connection: &Arc<Connection>, noise: PublicKey, payload: &[u8]) -> Plan {
    let oldest = world.versions.oldest(&world.options, unix_seconds());
    let wish = match read(payload, noise, oldest, &world.options) {
        Ok(wish) => wish,
        Err(refused) => {
            refuse(world, connection, &refused);
            return Plan::default();
        }
    };
    let subject = || match &wish {
        Wish::Register(_) => Subject::at(Point::Register, connection.id, None),
        Wish::LogIn(login) => {
            Subject::at(Point::Login, connection.id, Some(login.address.number.clone().into()))
        }
    };
    let plan = Plan::of(world.faults.hit(subject));
    if let Some(attrs) = &plan.failure {
        let node = attrs
            .iter()
            .fold(Node::new("failure"), |node, (key, value)| node.attr(key.as_str(), value.clone()));
        connection.send(node);
        connection.end(End::Polite);
        return plan;
    }
    if let Some((code, conflict, child)) = &plan.stream_error {
        connection.send(answer::stream_error(code.as_deref(), conflict.as_deref(), child.as_deref()));
        connection.end(End::Polite);
        return plan;
    }
    queue_all(world, connection, &plan.before);
    if !plan.drop {
        match wish {
            Wish::Register(registration) => register::offer(world, connection, *registration),
            Wish::LogIn(login) => match log_in(world, connection, noise, login) {
                Ok(()) => {}
                Err(refused) => refuse(world, connection, &refused),
            },
        }
    }
    queue_all(world, connection, &plan.after);
    if let Some(how) = plan.end_after {
        connection.end(how);
    }
    plan
}

fn queue_all(world: &World, connection: &Connection, list: &[serde_json::Value]) {
    for json in list {
        match crate::json_node::from_json(json) {
            Ok(node) => connection.send(node),
            Err(why) => world.log.note(Some(connection.id), format!("not sent: {why}")),
        }
    }
}

fn refuse(world: &World, connection: &Connection, refused: &Refused) {
    world.log.note(Some(connection.id), format!("refused with {}: {}", refused.reason, refused.why));
    connection.send(answer::failure(refused.reason));
    connection.end(End::Polite);
}

/// Checks that this is the device it says it is, replaces its older connection, and welcomes it.
fn log_in(
    world: &World,
    connection: &Arc<Connection>,
    noise: PublicKey,
    login: Login,
) -> Result<(), Refused> {
    let Login { address, passive, .. } = &login;
    let passive = *passive;
    let mut model = world.model.lock();
    let phone = model.phones.get_mut(&address.number).ok_or(Refused::new(401, "no such account"))?;
    let lid = phone.lid(address.device);
    let (name, created) = (phone.name.clone(), phone.created_ms / 1000);
    let device = phone.devices.get_mut(&address.device).ok_or(Refused::new(401, "no such device"))?;
    if device.noise != noise {
        return Err(Refused::new(401, "another noise key"));
    }
    if device.signed_identity.is_none() {
        return Err(Refused::new(401, "the device never signed its identity"));
    }
    if let Some(counted) = login.counted {
        // It counts those of which it heard, which may be fewer than there were and never more. Some always say 1.
        let most = i32::try_from(device.logins).unwrap_or(i32::MAX).max(1);
        if !(0..=most).contains(&counted) && !world.options.lenient {
            return Err(Refused::new(400, "it has counted more logins than there were"));
        }
    }
    device.version.clone_from(&login.version);
    let replaced = device.connection.replace(connection.id);
    device.passive = passive;
    device.logins += 1;
    device.last_seen_ms = unix_millis();
    if let Some(old) = replaced.and_then(|id| model.connection(id)) {
        old.send(answer::stream_error(None, Some("replaced"), None));
        old.end(End::Polite);
    }
    if let Some(entry) = model.connections.get_mut(&connection.id) {
        entry.stage = Stage::Device(address.clone());
    }
    world.log.note(Some(connection.id), format!("logged in as {}", address.jid()));
    connection.send(
        Node::new("success")
            .attr("t", unix_seconds())
            .attr("lid", lid)
            .attr("display_name", name)
            .attr("creation", created)
            .attr("props", 30u8)
            .attr("abprops", 1u8)
            .attr("location", "sim"),
    );
    connection.send(
        Node::new("ib")
            .attr("from", Jid::server())
            .child(Node::new("edge_routing").child(Node::new("routing_info").bytes(*b"\x08\x0dwa-sim"))),
    );
    if !passive {
        queue::deliver(world, &mut model, address);
    }
    drop(model);
    world.changed.notify_waiters();
    Ok(())
}
