//! The media servers: where encrypted files are fetched from, and the word that shows them whom they serve.

use super::parse::{number, text};
use crate::stanza::{Node, NodeRef, build};

/// The hosts of the official clients for a session that was told none.
pub const DEFAULT_HOSTS: [&str; 2] = ["mmg.whatsapp.net", "mmg-fallback.whatsapp.net"];
/// The number of hosts that are taken from an answer.
const MOST_HOSTS: usize = 8;

/// Asks for the media servers; still without an id.
#[must_use]
pub fn fetch() -> Node {
    build::set("w:m").child(Node::new("media_conn"))
}

/// The media servers of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaConn {
    /// Their names, with a port if it is not that of HTTPS; the best first.
    pub hosts: Vec<String>,
    /// The word that uploads and deletions show.
    pub auth: String,
    /// The number of seconds for which all of this holds.
    pub lasts_s: u64,
}

impl std::fmt::Debug for MediaConn {
    /// Leaves out the word.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaConn").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

impl MediaConn {
    /// Reads the answer; `None` if it names no host.
    #[must_use]
    pub fn read(reply: NodeRef<'_>) -> Option<Self> {
        let conn = reply.child("media_conn")?;
        let rank = |host: &NodeRef<'_>| u8::from(text(host, "type") != Some("primary"));
        let mut nodes: Vec<_> = conn.children_named("host").collect();
        nodes.sort_by_key(rank);
        let hosts = nodes.iter().filter_map(|host| text(host, "hostname")).filter(|host| !host.is_empty());
        let hosts: Vec<_> = hosts.take(MOST_HOSTS).map(str::to_owned).collect();
        let lasts = ["ttl", "auth_ttl"].into_iter().filter_map(|key| number::<u64>(&conn, key)).min();
        let auth = text(&conn, "auth").unwrap_or_default().to_owned();
        (!hosts.is_empty()).then(|| Self { hosts, auth, lasts_s: lasts.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::reading;
    use super::*;

    #[test]
    fn asking() {
        let asked = "<iq to=\"s.whatsapp.net\" type=\"set\" xmlns=\"w:m\"><media_conn/></iq>";
        assert_eq!(fetch().xml(), asked);
    }

    #[test]
    fn answered() {
        let host = |name: &'static str, kind: &'static str| {
            Node::new("host").attr("hostname", name).attr("type", kind)
        };
        let conn = Node::new("media_conn").attr("auth", "word").attr("ttl", "300").attr("auth_ttl", "200");
        let conn = conn.children([host("b", "fallback"), host("", "primary"), host("a", "primary")]);
        let read = reading(Node::new("iq").child(conn), |node| MediaConn::read(node).unwrap());
        let hosts = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(read, MediaConn { hosts, auth: "word".to_owned(), lasts_s: 200 });
        let nothing = Node::new("iq").child(Node::new("media_conn").attr("auth", "word"));
        assert!(reading(nothing, |node| MediaConn::read(node).is_none()));
    }
}
