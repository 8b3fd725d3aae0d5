//! The settings of an account: blocklist, privacy, tokens, about text.

use wa::{
    crypto::random_array,
    stanza::{Jid, Node, NodeRef},
};

use super::{answer, devices, dispatch::Reply};
use crate::{
    model::{DeviceAddress, Model, PrivacyToken, Space},
    world::{World, unix_seconds},
};

/// Most entries of each list of an account.
const MAX_ENTRIES: usize = 10_000;
/// Longest about text, in bytes.
const MAX_ABOUT: usize = 1_000;

/// Gives privacy tokens out: whoever gets one may write to this account.
pub(super) fn give_tokens(
    world: &World,
    address: &DeviceAddress,
    iq: NodeRef<'_>,
    tokens: NodeRef<'_>,
) -> Reply {
    let mut model = world.model.lock();
    for token in tokens.children_named("token").take(MAX_ENTRIES) {
        let (Some(jid), Some(at)) = (token.jid("jid"), token.u64("t")) else { return Reply::refused(400) };
        if !token.is("type", "trusted_contact") {
            return Reply::refused(400);
        }
        let Some(number) = model.number_of(&jid).map(str::to_owned) else { continue };
        give_token(world, &mut model, &address.number, &number, at);
    }
    Reply::Node(answer::result(iq))
}

/// One account gives another one a token.
pub(crate) fn give_token(world: &World, model: &mut Model, from: &str, to: &str, at: u64) {
    let bytes: [u8; 16] = random_array(&mut world.random());
    let Some(phone) = model.phones.get_mut(from) else { return };
    if phone.tokens.len() >= MAX_ENTRIES {
        phone.tokens.pop_first();
    }
    phone.tokens.insert(to.to_owned(), PrivacyToken { bytes: bytes.to_vec(), at });
    let node = Node::new("notification")
        .attr("from", phone.jid(Space::Pn, 0))
        .attr("type", "privacy_token")
        .attr("t", unix_seconds())
        .attr("sender_lid", phone.lid(0))
        .child(
            Node::new("tokens")
                .child(Node::new("token").attr("type", "trusted_contact").attr("t", at).bytes(bytes)),
        );
    devices::to_account(world, model, to, node);
}

/// The privacy settings.
pub(super) fn privacy(model: &Model, number: &str) -> Node {
    let hides = model.phones.get(number).is_some_and(|phone| phone.behaviour.hides_reading);
    let settings = [
        ("readreceipts", if hides { "none" } else { "all" }),
        ("profile", "all"),
        ("status", "all"),
        ("online", "all"),
        ("last", "all"),
        ("groupadd", "all"),
        ("calladd", "all"),
        ("messages", "all"),
        ("defense", "off"),
    ];
    Node::new("privacy")
        .children(settings.map(|(name, value)| Node::new("category").attr("name", name).attr("value", value)))
}

/// Tells the account's devices what its settings are now.
pub(crate) fn tell_privacy(world: &World, model: &mut Model, number: &str) {
    let Some(phone) = model.phones.get(number) else { return };
    let node = Node::new("notification")
        .attr("from", phone.jid(Space::Pn, 0))
        .attr("type", "account_sync")
        .attr("t", unix_seconds())
        .child(privacy(model, number));
    devices::to_account(world, model, number, node);
}

/// The blocklist, as a list.
pub(super) fn blocklist(model: &Model, address: &DeviceAddress) -> Node {
    let Some(phone) = model.phones.get(&address.number) else { return Node::new("list") };
    let items = phone.blocked.iter().filter_map(|number| {
        let blocked = model.phones.get(number)?;
        Some(Node::new("item").attr("jid", blocked.lid(0)).attr("pn_jid", blocked.jid(Space::Pn, 0)))
    });
    Node::new("list").attr("dhash", blocklist_hash(phone.blocked.iter())).children(items)
}

fn blocklist_hash<'a>(numbers: impl Iterator<Item = &'a String>) -> String {
    super::phash::of(numbers.map(|number| Jid::user(number.as_str())))
}

/// Blocks a person, or no more.
pub(super) fn block(world: &World, address: &DeviceAddress, iq: NodeRef<'_>, item: NodeRef<'_>) -> Reply {
    let mut model = world.model.lock();
    let Some(jid) = item.jid("jid") else { return Reply::refused(400) };
    let blocks = item.is("action", "block");
    if !blocks && !item.is("action", "unblock") {
        return Reply::refused(400);
    }
    let Some(number) = model.number_of(&jid).map(str::to_owned) else { return Reply::refused(404) };
    let Some(phone) = model.phones.get_mut(&address.number) else { return Reply::refused(401) };
    // A migrated account says who is meant by both names.
    if blocks && phone.behaviour.lid_migrated == Some(true) && !(jid.is_lid() && item.has_attr("pn_jid")) {
        return Reply::refused(400);
    }
    let before = blocklist_hash(phone.blocked.iter());
    if blocks && phone.blocked.len() < MAX_ENTRIES {
        phone.blocked.insert(number);
    } else {
        phone.blocked.remove(&number);
    }
    let after = blocklist_hash(phone.blocked.iter());
    let others: Vec<u16> = phone.device_numbers().filter(|device| *device != address.device).collect();
    let change = Node::new("item").attr("jid", jid).attr("action", if blocks { "block" } else { "unblock" });
    let list = Node::new("blocklist")
        .attr("action", "modify")
        .attr("prev_dhash", before)
        .attr("dhash", after)
        .child(change);
    for device in others {
        let node = Node::new("notification")
            .attr("from", Jid::user(address.number.as_str()))
            .attr("type", "account_sync")
            .attr("t", unix_seconds())
            .child(list.clone());
        let device = DeviceAddress { number: address.number.clone(), device };
        devices::to_device(world, &mut model, &device, node);
    }
    Reply::Node(answer::result(iq).child(blocklist(&model, address)))
}

/// Sets the about text.
pub(super) fn set_about(world: &World, address: &DeviceAddress, iq: NodeRef<'_>) -> Reply {
    let text = iq.child("status").and_then(|status| status.text()).unwrap_or_default();
    if text.len() > MAX_ABOUT {
        return Reply::refused(406);
    }
    let mut model = world.model.lock();
    let Some(phone) = model.phones.get_mut(&address.number) else { return Reply::refused(401) };
    phone.about = text.clone().into_owned();
    let from = phone.jid(Space::Pn, 0);
    for watcher in devices::audience(&model, &address.number) {
        let node = Node::new("notification")
            .attr("from", from.clone())
            .attr("type", "status")
            .attr("t", unix_seconds())
            .child(Node::new("set").text(text.clone()));
        devices::to_account(world, &mut model, &watcher, node);
    }
    Reply::Node(answer::result(iq))
}
