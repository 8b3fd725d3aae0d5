//! Tells a client where the files are: on the address that it is connected to, with TLS if it has TLS.

use base64::{Engine, engine::general_purpose::STANDARD};
use wa::{
    crypto::random_array,
    stanza::{Node, NodeRef},
};

use super::{answer, dispatch::Reply};
use crate::{
    media::{AUTH_TTL, TTL},
    model::{Connection, DeviceAddress},
    world::{World, unix_seconds},
};

/// The kinds of files that the host names.
const KINDS: [&str; 8] =
    ["image", "video", "audio", "document", "sticker", "md-msg-hist", "md-app-state", "thumbnail-link"];

/// Answers `media_conn`: one host, and a token of the account.
pub(super) fn handle(
    world: &World,
    connection: &Connection,
    address: &DeviceAddress,
    iq: NodeRef<'_>,
) -> Reply {
    if !iq.is("type", "set") {
        return Reply::refused(400);
    }
    connection.count_media_conn();
    let auth: [u8; 24] = random_array(&mut world.random());
    let auth = STANDARD.encode(auth);
    world.media.auths.give(auth.clone(), &address.number, unix_seconds());
    let kinds = || KINDS.map(Node::new);
    let host = Node::new("host")
        .attr("hostname", connection.local.to_string())
        .attr("type", "primary")
        .child(Node::new("download").children(kinds()))
        .child(Node::new("download_buckets").children(["0", "1", "2", "3"].map(Node::new)));
    let media_conn = Node::new("media_conn")
        .attr("auth", auth)
        .attr("ttl", TTL)
        .attr("auth_ttl", AUTH_TTL)
        .attr("max_buckets", 12u8)
        .attr("is_new", 1u8)
        .attr("max_auto_download_retry", 3u8)
        .attr("max_manual_retry", 3u8)
        .child(host);
    Reply::Node(answer::result(iq).child(media_conn))
}
