//! The server's part of linking by phone number: it checks what the companion sends and relays between companion and
//! phone. It never sees the code.

use wa::{
    pairing::platform::display_is_accepted,
    stanza::{Jid, Node, NodeRef},
};

use super::{answer, dispatch::Reply, register::mint};
use crate::{
    faults::Refusal,
    model::{CodeRequest, Connection, Finish, Model, RefKind},
    phone,
    world::{World, unix_millis, unix_seconds},
};

/// Client types that are taken. Others are unknown, or need an attestation that no companion on a computer can give.
const CLIENT_TYPES: &[u8] = b"123456789c";

/// Answers an iq with a `link_code_companion_reg` child from a companion.
pub(super) fn from_companion(world: &World, connection: &Connection, iq: NodeRef<'_>) -> Reply {
    let Some(child) = iq.child("link_code_companion_reg") else { return Reply::refused(400) };
    match child.str("stage").as_deref() {
        Some("companion_hello") => companion_hello(world, connection, iq, child),
        Some("companion_finish") => companion_finish(world, connection, iq, child),
        Some("get_country_code") => {
            Reply::Node(answer::result(iq).child(Node::new("country_code").attr("iso", "US")))
        }
        _ => Reply::refused(400),
    }
}

/// The fields of companion_hello, after all checks of form.
struct Hello {
    number: String,
    wrapped: [u8; 80],
    noise: [u8; 32],
    display: String,
    push: bool,
}

fn read_hello(child: NodeRef<'_>) -> Result<Hello, &'static str> {
    fn bytes<'a>(node: NodeRef<'a>, tag: &str) -> &'a [u8] {
        node.child(tag).and_then(|child| child.bytes()).unwrap_or_default()
    }
    let text = |tag| String::from_utf8_lossy(bytes(child, tag)).into_owned();
    let jid = child.jid("jid").filter(Jid::is_pn).ok_or("no jid")?;
    let number = jid.user.to_string();
    if !(7..=15).contains(&number.len())
        || number.starts_with('0')
        || !number.bytes().all(|b| b.is_ascii_digit())
    {
        return Err("not a phone number");
    }
    let id = text("companion_platform_id");
    if !matches!(id.as_bytes(), [id] if CLIENT_TYPES.contains(id)) {
        return Err("companion_platform_id");
    }
    let display = text("companion_platform_display");
    if !display_is_accepted(&display) {
        return Err("companion_platform_display");
    }
    if bytes(child, "link_code_pairing_nonce").len() != 1 {
        return Err("link_code_pairing_nonce");
    }
    Ok(Hello {
        number,
        wrapped: bytes(child, "link_code_pairing_wrapped_companion_ephemeral_pub")
            .try_into()
            .map_err(|_| "link_code_pairing_wrapped_companion_ephemeral_pub")?,
        noise: bytes(child, "companion_server_auth_key_pub")
            .try_into()
            .map_err(|_| "companion_server_auth_key_pub")?,
        display,
        push: child.is("should_show_push_notification", "true"),
    })
}

fn companion_hello(world: &World, connection: &Connection, iq: NodeRef<'_>, child: NodeRef<'_>) -> Reply {
    let hello = match read_hello(child) {
        Ok(hello) => hello,
        Err(why) => {
            world.log.note(Some(connection.id), format!("companion_hello refused: {why}"));
            return Reply::refused(400);
        }
    };
    let mut model = world.model.lock();
    let Some(unpaired) = model.unpaired(connection.id) else { return Reply::refused(401) };
    if unpaired.noise.0 != hello.noise {
        return Reply::refused(400);
    }
    if !model.phones.contains_key(&hello.number) {
        if !world.options.auto_phones {
            return Reply::refused(world.options.unknown_number_code);
        }
        phone::add(world, &mut model, &hello.number, "Phone");
    }
    let reference = mint(&mut model, connection.id, RefKind::Code, &mut world.random());
    if let Some(unpaired) = model.unpaired(connection.id) {
        unpaired.code = Some((hello.number.clone(), reference.clone()));
    }
    let Some(phone) = model.phones.get_mut(&hello.number) else { return Reply::refused(500) };
    phone.codes_asked += 1;
    if let Some(refusal) = &phone.behaviour.refuse_code {
        return Reply::Refused(refusal.clone());
    }
    if phone.behaviour.code_limit.is_some_and(|limit| phone.codes_asked > limit) {
        return Reply::Refused(Refusal::new(429));
    }
    // The newest request is the one the phone knows; typing an older code meets this one and fails.
    phone.request = Some(CodeRequest {
        reference: reference.clone(),
        connection: connection.id,
        wrapped: hello.wrapped,
        noise: wa::crypto::PublicKey(hello.noise),
        display: hello.display,
        push: hello.push,
        made_ms: unix_millis(),
        finish: None,
    });
    drop(model);
    world.changed.notify_waiters();
    Reply::Node(
        answer::result(iq).child(
            Node::new("link_code_companion_reg")
                .attr("stage", "companion_hello")
                .child(Node::new("link_code_pairing_ref").text(reference)),
        ),
    )
}

fn companion_finish(world: &World, connection: &Connection, iq: NodeRef<'_>, child: NodeRef<'_>) -> Reply {
    let bytes = |tag| child.child(tag).and_then(|child| child.bytes()).unwrap_or_default();
    let (bundle, identity) =
        (bytes("link_code_pairing_wrapped_key_bundle"), bytes("companion_identity_public"));
    let reference = String::from_utf8_lossy(bytes("link_code_pairing_ref"));
    if bundle.len() != 156 || identity.len() != 32 {
        return Reply::refused(400);
    }
    let mut model = world.model.lock();
    let Some((_, number)) = live_code(world, &mut model, &reference).filter(|(id, _)| *id == connection.id)
    else {
        return Reply::refused(400);
    };
    // The answer first, so that nothing the phone does can overtake it.
    connection.send(answer::result(iq));
    let request = model.phones.get_mut(&number).and_then(|phone| phone.request.as_mut());
    if let Some(request) = request.filter(|request| request.reference == reference)
        && let Some(finish) = &request.finish
    {
        // A phone that does not wait any more does not answer either.
        let _ = finish.send(Finish { bundle: bundle.to_vec(), identity: identity.to_vec() });
    }
    Reply::Sent
}

/// The connection and number of a code's ref, if it is still kept.
fn live_code(world: &World, model: &mut Model, reference: &str) -> Option<(u64, String)> {
    let entry = model.refs.get(reference)?;
    let (connection, made) = (entry.connection, entry.made);
    if entry.kind != RefKind::Code || made.elapsed() > world.options.code_lifetime() {
        return None;
    }
    let (number, current) = model.unpaired(connection)?.code.clone()?;
    (current == reference).then_some((connection, number))
}

/// The phone answers a companion with its own wrapped key.
pub(crate) fn primary_hello(
    world: &World,
    reference: &str,
    wrapped: &[u8; 80],
    identity: &[u8; 32],
) -> Result<(), Refusal> {
    let node = link_code_notification(world, "primary_hello", reference, |child| {
        child
            .child(Node::new("link_code_pairing_wrapped_primary_ephemeral_pub").bytes(*wrapped))
            .child(Node::new("primary_identity_pub").bytes(*identity))
    });
    let mut model = world.model.lock();
    let (connection, _) = live_code(world, &mut model, reference).ok_or(Refusal::new(404))?;
    notify(&mut model, connection, node);
    Ok(())
}

/// The server retires the code that a phone waits for.
pub(crate) fn refresh_code(world: &World, number: &str, force_manual: bool) -> Option<()> {
    let mut model = world.model.lock();
    let request = model.phones.get_mut(number)?.request.take()?;
    model.refs.remove(&request.reference);
    let node = link_code_notification(world, "refresh_code", &request.reference, |child| {
        child.attr("force_manual_refresh", force_manual)
    });
    notify(&mut model, request.connection, node);
    drop(model);
    world.changed.notify_waiters();
    Some(())
}

fn link_code_notification(
    world: &World,
    stage: &'static str,
    reference: &str,
    fill: impl FnOnce(Node) -> Node,
) -> Node {
    let child = Node::new("link_code_companion_reg")
        .attr("stage", stage)
        .child(Node::new("link_code_pairing_ref").text(reference));
    answer::notification(world.stanza_id(), "link_code_companion_reg", unix_seconds()).child(fill(child))
}

/// Sends a notification to a companion that is being linked, and remembers that it is to be acknowledged.
pub(super) fn notify(model: &mut Model, connection: u64, node: Node) {
    let Some(handle) = model.connection(connection) else { return };
    if let (Some(unpaired), Some(id)) =
        (model.unpaired(connection), node.get("id").and_then(|id| id.as_text()))
    {
        unpaired.unacked.push(id.to_owned());
    }
    handle.send(node);
}
