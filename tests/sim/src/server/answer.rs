//! Answers: results, errors, and the stanzas that end a connection.

use wa::stanza::{Jid, Node, NodeRef, Text};

use crate::{faults::Refusal, world::unix_seconds};

/// The empty good answer to a client's iq.
pub(crate) fn result(iq: NodeRef<'_>) -> Node {
    let mut node = Node::new("iq").attr("from", asked(iq)).attr("type", "result");
    if let Some(id) = iq.str("id") {
        node = node.attr("id", id);
    }
    node
}

/// The bad answer to a client's iq.
pub(crate) fn error(iq: NodeRef<'_>, refusal: &Refusal) -> Node {
    let error = Node::new("error")
        .attr("code", refusal.code)
        .attr("text", refusal.text().to_owned())
        .attr_opt("backoff", refusal.backoff);
    result(iq).attr("type", "error").child(error)
}

/// The bad answer to any stanza: iqs have errors, everything else has acknowledgements with a code.
pub(crate) fn refusal(node: NodeRef<'_>, refusal: &Refusal) -> Node {
    if node.tag() == "iq" {
        return error(node, refusal);
    }
    Node::new("ack")
        .attr("class", node.tag().to_owned())
        .attr_opt("id", node.str("id"))
        .attr("from", asked(node))
        .attr("t", unix_seconds())
        .attr_opt("participant", node.jid("participant"))
        .attr("error", refusal.code)
}

/// Returns the address that the client asked; the answer comes from there.
fn asked(iq: NodeRef<'_>) -> Jid {
    iq.jid("to").unwrap_or_else(Jid::server)
}

/// `failure` with a reason.
pub(crate) fn failure(reason: u16) -> Node {
    Node::new("failure").attr("reason", reason)
}

/// `stream:error`.
pub(crate) fn stream_error(code: Option<&str>, conflict: Option<&str>, child: Option<&str>) -> Node {
    let node = Node::new("stream:error").attr_opt("code", code.map(str::to_owned));
    let node = match conflict {
        Some(kind) => node.child(Node::new("conflict").attr("type", kind.to_owned())),
        None => node,
    };
    match child {
        Some(tag) => node.child(Node::new(Text::new(tag))),
        None => node,
    }
}

/// A notification of the server itself.
pub(crate) fn notification(id: String, kind: &'static str, t: u64) -> Node {
    Node::new("notification").attr("from", Jid::server()).attr("type", kind).attr("id", id).attr("t", t)
}
