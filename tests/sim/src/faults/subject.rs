//! The subject that a rule is matched against.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use wa::stanza::{Node, NodeRef};

use super::When;

/// A point in the life of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Point {
    /// The TCP connection is there.
    Accept,
    /// The HTTP request for the WebSocket is about to be answered.
    Upgrade,
    /// The client's first handshake message was received.
    ClientHello,
    /// The server's handshake message is about to be sent.
    ServerHello,
    /// The client's last handshake message was received.
    ClientFinish,
    /// A linked device is about to be let in.
    Login,
    /// An unpaired client is about to be let in.
    Register,
    /// A stanza was received.
    In,
    /// A stanza is about to be sent.
    Out,
    /// The server makes pair-success from what the phone uploaded.
    PairSuccess,
    /// A file is asked for, or to be deleted.
    Media,
}

/// One moment at which rules are asked.
pub(crate) struct Subject<'a> {
    point: Point,
    connection: u64,
    number: Option<Cow<'a, str>>,
    tag: Cow<'a, str>,
    xmlns: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    code: Option<Cow<'a, str>>,
    stage: Option<Cow<'a, str>>,
    children: Vec<Cow<'a, str>>,
    request: Option<FileRequest<'a>>,
}

/// A request for a file.
#[derive(Clone, Copy)]
struct FileRequest<'a> {
    method: &'a str,
    /// The path with its query.
    path: &'a str,
}

impl<'a> Subject<'a> {
    /// A point without a stanza.
    pub(crate) fn at(point: Point, connection: u64, number: Option<Cow<'a, str>>) -> Self {
        Self {
            point,
            connection,
            number,
            tag: Cow::Borrowed(""),
            xmlns: None,
            kind: None,
            code: None,
            stage: None,
            children: Vec::new(),
            request: None,
        }
    }

    /// A request for a file, and the account and type of that file.
    pub(crate) fn file(method: &'a str, path: &'a str, owner: Option<(String, String)>) -> Self {
        let (number, kind) = owner.unzip();
        Self {
            kind: kind.map(Cow::Owned),
            request: Some(FileRequest { method, path }),
            ..Self::at(Point::Media, 0, number.map(Cow::Owned))
        }
    }

    /// A received stanza.
    pub(crate) fn incoming(connection: u64, number: Option<Cow<'a, str>>, node: NodeRef<'a>) -> Self {
        Self {
            tag: Cow::Borrowed(node.tag()),
            xmlns: node.str("xmlns"),
            kind: node.str("type"),
            code: node.str("code"),
            stage: node.children().find_map(|child| child.str("stage")),
            children: node.children().map(|child| Cow::Borrowed(child.tag())).collect(),
            ..Self::at(Point::In, connection, number)
        }
    }

    /// A stanza to be sent.
    pub(crate) fn outgoing(connection: u64, number: Option<Cow<'a, str>>, node: &'a Node) -> Self {
        Self {
            tag: Cow::Borrowed(node.tag()),
            xmlns: attr(node, "xmlns"),
            kind: attr(node, "type"),
            code: attr(node, "code"),
            stage: node.child_nodes().iter().find_map(|child| attr(child, "stage")),
            children: node.child_nodes().iter().map(|child| Cow::Borrowed(child.tag())).collect(),
            ..Self::at(Point::Out, connection, number)
        }
    }

    pub(super) fn matches(&self, when: &When) -> bool {
        let same = |wanted: &Option<String>, have: &Option<Cow<'_, str>>| match wanted {
            None => true,
            Some(wanted) => have.as_deref() == Some(wanted),
        };
        // A rule that names parts of a stanza and no point means what comes in.
        let point = when.point.unwrap_or(Point::In);
        point == self.point
            && when.connection.is_none_or(|id| id == self.connection)
            && same(&when.number, &self.number)
            && when.tag.as_deref().is_none_or(|tag| tag == self.tag)
            && same(&when.xmlns, &self.xmlns)
            && same(&when.kind, &self.kind)
            && same(&when.code, &self.code)
            && same(&when.stage, &self.stage)
            && when.child.as_deref().is_none_or(|tag| self.children.iter().any(|child| child == tag))
            && self.is_requested(when)
    }

    /// Compares what a rule says of a request for a file.
    fn is_requested(&self, when: &When) -> bool {
        match self.request {
            None => when.method.is_none() && when.path.is_none(),
            Some(request) => {
                when.method.as_deref().is_none_or(|method| method == request.method)
                    && when.path.as_deref().is_none_or(|part| request.path.contains(part))
            }
        }
    }
}

fn attr<'a>(node: &'a Node, key: &str) -> Option<Cow<'a, str>> {
    node.get(key).map(|value| match value.as_text() {
        Some(text) => Cow::Borrowed(text),
        None => value.to_jid().map_or(Cow::Borrowed(""), |jid| Cow::Owned(jid.to_string())),
    })
}
