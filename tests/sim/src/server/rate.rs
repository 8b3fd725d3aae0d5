//! Limits the queries of a kind of an account in a minute. Public reports show that the server answers more with
//! `429 rate-overlimit`, and name no numbers: the default is above what a client needs that keeps what it has learned.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use wa::stanza::NodeRef;

/// The time for which questions count.
const WINDOW: Duration = Duration::from_secs(60);

/// A kind of question that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// The numbers that have an account.
    Contacts,
    /// The devices of people.
    Devices,
    /// Keys for new sessions.
    Bundles,
    /// Groups and their members.
    Groups,
}

impl Kind {
    fn of(node: NodeRef<'_>) -> Option<Self> {
        let child = node.children().next()?;
        match node.str("xmlns")?.as_ref() {
            "usync" => {
                let query = child.child("query")?;
                Some(if query.child("contact").is_some() { Self::Contacts } else { Self::Devices })
            }
            "encrypt" if child.tag() == "key" => Some(Self::Bundles),
            "w:g2" if node.is("type", "get") => Some(Self::Groups),
            _ => None,
        }
    }
}

/// The recent queries, by account.
#[derive(Default)]
pub(crate) struct Rates {
    /// When the minute began, and how many questions came in it.
    asked: HashMap<(String, Kind), (Instant, u32)>,
}

impl Rates {
    /// Returns whether the account may send this query; `most` is the number in a minute, 0 for any.
    pub(super) fn allows(&mut self, number: &str, node: NodeRef<'_>, most: u32, now: Instant) -> bool {
        let Some(kind) = Kind::of(node).filter(|_| most > 0) else { return true };
        let (begun, count) = self.asked.entry((number.to_owned(), kind)).or_insert((now, 0));
        if now.duration_since(*begun) >= WINDOW {
            (*begun, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use wa::stanza::{Node, Stanza};

    use super::*;

    fn question(xmlns: &'static str, child: Node) -> Stanza {
        let node = Node::new("iq").attr("xmlns", xmlns).attr("type", "get").child(child);
        Stanza::from_node(&node).unwrap()
    }

    #[test]
    fn each_kind_of_each_account_has_its_minute() {
        let groups = question("w:g2", Node::new("query"));
        let devices =
            question("usync", Node::new("usync").child(Node::new("query").child(Node::new("devices"))));
        let ping = question("w:p", Node::new("ping"));
        let (mut rates, now) = (Rates::default(), Instant::now());
        let mut asked = |number: &str, stanza: &Stanza, now| rates.allows(number, stanza.root(), 2, now);
        for stanza in [&groups, &devices] {
            assert_eq!([0; 3].map(|_| asked("1", stanza, now)), [true, true, false]);
            assert!(asked("2", stanza, now));
        }
        assert!([0; 9].map(|_| asked("1", &ping, now)).iter().all(|allowed| *allowed));
        assert!(asked("1", &groups, now + WINDOW));
        assert!(Rates::default().allows("1", groups.root(), 0, now));
    }
}
