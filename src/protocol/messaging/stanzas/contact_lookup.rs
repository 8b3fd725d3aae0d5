//! Queries for the phone numbers that are on WhatsApp.

use super::addressing::Pair;
use super::parse::child_text;
use super::usync::{self, QueryContext};
use crate::stanza::{Jid, Node, NodeRef, Text};

/// Asks about phone numbers, given as digits with the country's code in front; still without an id. `sid` is any text that
/// is not used twice. No more than [`MAX_USERS`](super::devices::MAX_USERS) at once.
pub fn query<'n>(numbers: impl IntoIterator<Item = &'n str>, sid: impl Into<Text>) -> Node {
    let user = |number: &str| Node::new("user").child(Node::new("contact").text(format!("+{number}")));
    let asked = [
        Node::new("contact").attr("addressing_mode", "lid"),
        Node::new("business").child(Node::new("verified_name")),
        Node::new("disappearing_mode"),
        Node::new("username"),
    ];
    usync::query(QueryContext::Interactive, sid.into(), asked, numbers.into_iter().map(user))
}

/// The server's answer about a number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberAnswer<'a> {
    /// The number as it was asked for; digits only.
    pub number: &'a str,
    /// Set if the number is on WhatsApp.
    pub is_registered: bool,
    /// Its address. It may be of other digits than the number: some countries have two ways of writing theirs.
    pub jid: Option<Jid>,
    /// Its two addresses.
    pub pair: Option<Pair>,
}

/// Returns whether a reply has the list that answers [`query`].
pub fn is_answer(reply: NodeRef<'_>) -> bool {
    reply.child("usync").is_some_and(|usync| usync.child("list").is_some())
}

/// Reads the answer to [`query`]. Elements that name no number are passed over.
pub fn answers<'a>(reply: NodeRef<'a>) -> impl Iterator<Item = NumberAnswer<'a>> + use<'a> {
    usync::users(reply).filter_map(|user| {
        let contact = user.child("contact")?;
        let asked = child_text(&user, "contact")?;
        let number = asked.trim_start_matches('+').split('@').next().filter(|number| !number.is_empty())?;
        let jid = user.jid("jid").filter(|jid| !jid.user.is_empty()).map(|jid| jid.with_device(0));
        let lid = || user.child("lid").and_then(|lid| lid.jid("val"));
        let other = user.jid("pn_jid").or_else(lid);
        let pair = jid.as_ref().zip(other).and_then(|(jid, other)| Pair::of(jid, &other));
        Some(NumberAnswer { number, is_registered: contact.is("type", "in"), jid, pair })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, reading};
    use super::*;

    #[test]
    fn asking() {
        assert_eq!(
            query(["15551230001"], "1.2-3").xml(),
            format!(
                "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"usync\">\
                 <usync sid=\"1.2-3\" mode=\"query\" last=\"true\" index=\"0\" context=\"interactive\">\
                 <query><contact addressing_mode=\"lid\"/><business><verified_name/></business><disappearing_mode/>\
                 <username/></query><list><user><contact><!-- 12 bytes: {} --></contact></user></list>\
                 </usync></iq>",
                hex::encode("+15551230001")
            )
        );
    }

    #[test]
    fn answered() {
        let contact = |kind: &'static str, text: &str| {
            Node::new("user").child(Node::new("contact").attr("type", kind).text(text))
        };
        let users = [
            contact("in", "+15551230001")
                .attr("jid", jid("15551230001@s.whatsapp.net"))
                .child(Node::new("lid").attr("val", jid("555@lid"))),
            contact("in", "15551230002@c.us").attr("jid", jid("666@lid")),
            contact("out", "+15551230003"),
            contact("in", "+"),
            Node::new("user").attr("jid", jid("777@lid")),
        ];
        let node = Node::new("iq").child(Node::new("usync").child(Node::new("list").children(users)));
        reading(node, |node| {
            let answers: Vec<_> = answers(node).collect();
            let told: Vec<_> = answers.iter().map(|a| (a.number, a.is_registered, a.jid.is_some())).collect();
            assert_eq!(
                told,
                [("15551230001", true, true), ("15551230002", true, true), ("15551230003", false, false)]
            );
            assert_eq!(answers[0].pair.as_ref().unwrap().lid, jid("555@lid"));
        });
        reading(Node::new("iq"), |node| assert_eq!(answers(node).count(), 0));
    }
}
