//! The frame of questions about users, whatever is asked about them.

use crate::stanza::{Node, NodeRef, Text, build};

/// Most users that one query should ask about. Official clients ask about some hundreds at once.
pub const MAX_USERS: usize = 500;

/// The purpose of a query, as the server is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueryContext {
    /// A message is about to be sent.
    Message,
    /// A notification said that something has changed.
    Notification,
    /// The user wants to know.
    Interactive,
    /// Nobody waits for it.
    Background,
}

impl QueryContext {
    const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Notification => "notification",
            Self::Interactive => "interactive",
            Self::Background => "background",
        }
    }
}

/// The query; still without an id.
pub(super) fn query(
    context: QueryContext,
    sid: Text,
    asked: impl IntoIterator<Item = Node>,
    users: impl IntoIterator<Item = Node>,
) -> Node {
    let usync = Node::new("usync")
        .attr("sid", sid)
        .attr("mode", "query")
        .attr("last", "true")
        .attr("index", "0")
        .attr("context", context.name())
        .child(Node::new("query").children(asked))
        .child(Node::new("list").children(users));
    build::get("usync").child(usync)
}

/// The users in an answer.
pub(super) fn users<'a>(reply: NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> + use<'a> {
    let list = reply.child("usync").and_then(|usync| usync.child("list"));
    list.into_iter().flat_map(|list| list.children_named("user"))
}
