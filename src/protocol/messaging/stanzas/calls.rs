//! Calls: their offer and their end. Taking part in one is beyond this library; declining is not.
//!
//! Main type: [`IncomingCall`]. Every `<call>` must be acknowledged. The official web client answers an offer with
//! `<receipt><offer/></receipt>` too: its device rings. One that cannot take the call sends none, as whatsmeow and Baileys do not.

use super::addressing::Pair;
use super::parse::{text, time};
use crate::stanza::{Jid, Node, NodeRef, Server, Text};

/// Something about a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IncomingCall<'a> {
    /// The stanza's id.
    pub id: &'a str,
    /// The device that it is from.
    pub from: Jid,
    /// The call.
    pub call_id: &'a str,
    /// The device that calls.
    pub creator: Jid,
    /// The caller's two addresses.
    pub pair: Option<Pair>,
    /// The group that is called.
    pub group: Option<Jid>,
    /// When, Unix seconds.
    pub timestamp: Option<u64>,
    /// Set if the server queued it while the account was offline: the call has most likely ended.
    pub offline: bool,
    /// The caller's name.
    pub push_name: Option<&'a str>,
    /// The event of the call.
    pub event: CallEvent,
}

/// An event of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallEvent {
    /// It rings.
    Offered {
        /// With a picture.
        video: bool,
        /// With more than one.
        group: bool,
    },
    /// It rang while nobody was there, or a group is called.
    Noticed {
        /// With a picture.
        video: bool,
        /// With more than one.
        group: bool,
    },
    /// The call was accepted.
    Accepted,
    /// A device declines. If it is busy, others go on ringing.
    Rejected {
        /// The reason: `busy` ...
        reason: Option<Text>,
    },
    /// It is over.
    Ended {
        /// The reason: `timeout`, `accepted_elsewhere`, `rejected_elsewhere`, `group_call_ended` ...
        reason: Option<Text>,
    },
    /// Something between those who take part, named by its element.
    Other(Text),
}

impl<'a> IncomingCall<'a> {
    /// Reads a `<call>`; `None` if it does not say which call it is, or from whom.
    pub fn read(node: NodeRef<'a>) -> Option<Self> {
        let from = node.jid("from").filter(|from| !from.user.is_empty())?;
        let child = node.children().find(|child| child.has_attr("call-id"))?;
        let creator = child.jid("call-creator").unwrap_or_else(|| from.clone());
        let other = if creator.is_lid() { "caller_pn" } else { "caller_lid" };
        let group = child.jid("group-jid").filter(|group| group.server == Server::Group);
        let reason = || text(&child, "reason").map(Text::new);
        let is_group = group.is_some() || child.is("type", "group");
        let event = match child.tag() {
            "offer" => CallEvent::Offered { video: child.child("video").is_some(), group: is_group },
            "offer_notice" => CallEvent::Noticed { video: child.is("media", "video"), group: is_group },
            "accept" => CallEvent::Accepted,
            "reject" => CallEvent::Rejected { reason: reason() },
            "terminate" => CallEvent::Ended { reason: reason() },
            other => CallEvent::Other(Text::new(other)),
        };
        Some(Self {
            id: text(&node, "id")?,
            call_id: text(&child, "call-id")?,
            pair: child.jid(other).and_then(|other| Pair::of(&creator, &other)),
            creator,
            group,
            timestamp: time(&node, "t"),
            offline: node.has_attr("offline"),
            push_name: text(&node, "notify"),
            event,
            from,
        })
    }
}

/// Declines a call for all devices of this account. `id` is a fresh message id, `own` the own address of the same kind as
/// the caller's.
pub fn reject(id: &str, own: &Jid, creator: &Jid, call_id: &str) -> Node {
    let reject = Node::new("reject")
        .attr("call-id", Text::new(call_id))
        .attr("call-creator", creator)
        .attr("count", "0");
    Node::new("call")
        .attr("id", Text::new(id))
        .attr("from", own.account())
        .attr("to", creator.account())
        .child(reject)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, reading};
    use super::*;
    use crate::stanza::build;

    fn call(tag: &'static str) -> Node {
        let child = Node::new(tag).attr("call-id", "C1").attr("call-creator", jid("555:3@lid"));
        Node::new("call").attr("id", "S1").attr("from", jid("555:3@lid")).attr("t", "7").child(child)
    }

    fn event(tag: &'static str, attrs: &[(&'static str, &'static str)]) -> CallEvent {
        let child = Node::new(tag).attr("call-id", "C1").attr("call-creator", jid("555@lid"));
        let child = attrs.iter().fold(child, |node, (key, value)| node.attr(*key, *value));
        let node = Node::new("call").attr("id", "S1").attr("from", jid("555@lid")).child(child);
        reading(node, |node| IncomingCall::read(node).unwrap().event)
    }

    #[test]
    fn it_rings() {
        let offer = Node::new("offer")
            .attr("call-id", "C1")
            .attr("call-creator", jid("555:3@lid"))
            .attr("caller_pn", jid("1555@s.whatsapp.net"))
            .attr("group-jid", jid("120363@g.us"))
            .child(Node::new("audio"))
            .child(Node::new("video"));
        let node = Node::new("call")
            .attr("id", "S1")
            .attr("from", jid("555:3@lid"))
            .attr("notify", "Ada")
            .attr("offline", "1")
            .child(Node::new("trace"))
            .child(offer);
        reading(node, |node| {
            let call = IncomingCall::read(node).unwrap();
            assert_eq!(
                (call.id, call.call_id, call.push_name, call.offline),
                ("S1", "C1", Some("Ada"), true)
            );
            assert_eq!((call.creator, call.group), (jid("555:3@lid"), Some(jid("120363@g.us"))));
            assert_eq!(call.pair.unwrap().pn, jid("1555@s.whatsapp.net"));
            assert_eq!(call.event, CallEvent::Offered { video: true, group: true });
            let ack = build::ack(&node).unwrap().xml();
            assert_eq!(ack, "<ack class=\"call\" id=\"S1\" to=\"555:3@lid\" type=\"offer\"/>");
        });
    }

    #[test]
    fn and_ends() {
        assert_eq!(event("offer", &[]), CallEvent::Offered { video: false, group: false });
        assert_eq!(
            event("offer_notice", &[("media", "video"), ("type", "group")]),
            CallEvent::Noticed { video: true, group: true }
        );
        assert_eq!(event("accept", &[]), CallEvent::Accepted);
        assert_eq!(
            event("reject", &[("reason", "busy")]),
            CallEvent::Rejected { reason: Some("busy".into()) }
        );
        assert_eq!(event("terminate", &[]), CallEvent::Ended { reason: None });
        assert_eq!(event("relaylatency", &[]), CallEvent::Other("relaylatency".into()));
    }

    #[test]
    fn declining() {
        assert_eq!(
            reject("3EB0A1", &jid("900:7@lid"), &jid("555:3@lid"), "C1").xml(),
            "<call id=\"3EB0A1\" from=\"900@lid\" to=\"555@lid\">\
             <reject call-id=\"C1\" call-creator=\"555:3@lid\" count=\"0\"/></call>"
        );
    }

    #[test]
    fn nonsense() {
        let read = |node| reading(node, |node| IncomingCall::read(node).is_some());
        assert!(read(call("offer")));
        assert!(!read(call("offer").attr("id", "")));
        assert!(!read(Node::new("call").attr("id", "S1").attr("from", jid("555@lid"))));
        assert!(!read(Node::new("call").attr("id", "S1").child(Node::new("offer").attr("call-id", "C1"))));
    }
}
