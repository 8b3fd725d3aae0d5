use super::super::testing::{jid, reading};
use super::*;

fn inside(kind: &str, to: &str, xml: &str) -> String {
    format!("<iq to=\"{to}\" type=\"{kind}\" xmlns=\"w:g2\">{xml}</iq>")
}

fn text_node(text: &str) -> String {
    format!("<!-- {} bytes: {} -->", text.len(), hex::encode(text))
}

const G: &str = "120363@g.us";

#[test]
fn questions() {
    let g = jid(G);
    assert_eq!(metadata(&g).xml(), inside("get", G, "<query request=\"interactive\"/>"));
    let all = "<participating><participants/><description/></participating>";
    assert_eq!(participating().xml(), inside("get", "g.us", all));
    assert_eq!(invited_to("XYZ").xml(), inside("get", "g.us", "<invite code=\"XYZ\"/>"));
    assert_eq!(invite_code(&g).xml(), inside("get", G, "<invite/>"));
    assert_eq!(join_requests(&g).xml(), inside("get", G, "<membership_approval_requests/>"));
}

#[test]
fn joining_and_leaving() {
    let g = jid(G);
    assert_eq!(reset_invite_code(&g).xml(), inside("set", G, "<invite/>"));
    assert_eq!(join("XYZ").xml(), inside("set", "g.us", "<invite code=\"XYZ\"/>"));
    let accept = "<accept code=\"XYZ\" expiration=\"9\" admin=\"555@lid\"/>";
    assert_eq!(accept_invitation(&g, "XYZ", 9, &jid("555:3@lid")).xml(), inside("set", G, accept));
    let out = "<leave><group id=\"120363@g.us\"/></leave>";
    assert_eq!(leave([&g]).xml(), inside("set", "g.us", out));
    let verdict = "<membership_requests_action><reject><participant jid=\"555@lid\"/></reject>\
                   </membership_requests_action>";
    assert_eq!(decide_join_requests(&g, false, [&jid("555@lid")]).xml(), inside("set", G, verdict));
}

#[test]
fn making_one() {
    let (lid, pn, plain, parent) =
        (jid("555@lid"), jid("1555@s.whatsapp.net"), jid("1666@s.whatsapp.net"), jid("120364@g.us"));
    let members = vec![
        NewMember { jid: &lid, phone_number: Some(&pn), token: Some(b"t") },
        NewMember { jid: &plain, phone_number: Some(&plain), token: None },
    ];
    let group = NewGroup {
        subject: "Friends",
        members,
        description: Some(("AB12CD34", "us")),
        is_announcement: true,
        is_locked: true,
        expiration: 86400,
        parent: Some(&parent),
    };
    let expected = format!(
        "<create subject=\"Friends\"><participant jid=\"555@lid\" phone_number=\"1555@s.whatsapp.net\">\
         <privacy>{}</privacy></participant><participant jid=\"1666@s.whatsapp.net\"/>\
         <description id=\"AB12CD34\"><body>{}</body></description><member_add_mode>{}</member_add_mode>\
         <linked_parent jid=\"120364@g.us\"/><locked/><announcement/><ephemeral expiration=\"86400\"/>\
         <membership_approval_mode><group_join state=\"off\"/></membership_approval_mode></create>",
        text_node("t"),
        text_node("us"),
        text_node("all_member_add")
    );
    assert_eq!(create(&group).xml(), inside("set", "g.us", &expected));
}

#[test]
fn members() {
    let (g, who) = (jid(G), jid("555:3@lid"));
    let new = NewMember { jid: &who, phone_number: None, token: None };
    assert_eq!(add(&g, &[new]).xml(), inside("set", G, "<add><participant jid=\"555@lid\"/></add>"));
    for (action, tag) in [
        (MemberAction::Remove, "remove"),
        (MemberAction::Promote, "promote"),
        (MemberAction::Demote, "demote"),
    ] {
        let expected = format!("<{tag}><participant jid=\"555@lid\"/></{tag}>");
        assert_eq!(change(&g, action, [&who]).xml(), inside("set", G, &expected));
    }
}

#[test]
fn settings() {
    let described = |attrs: &str| format!("<description id=\"NEW\" {attrs}/>");
    let mode = |tag: &str, word: &str| format!("<{tag}>{}</{tag}>", text_node(word));
    let approval = |state: &str| {
        format!("<membership_approval_mode><group_join state=\"{state}\"/></membership_approval_mode>")
    };
    let cases = [
        (Setting::Subject("Us"), format!("<subject>{}</subject>", text_node("Us"))),
        (
            Setting::Description { id: "NEW", previous: Some("OLD"), text: None },
            described("prev=\"OLD\" delete=\"true\""),
        ),
        (
            Setting::Description { id: "NEW", previous: None, text: Some("we") },
            format!("<description id=\"NEW\"><body>{}</body></description>", text_node("we")),
        ),
        (Setting::Announcement(true), "<announcement/>".into()),
        (Setting::Announcement(false), "<not_announcement/>".into()),
        (Setting::Locked(true), "<locked/>".into()),
        (Setting::Locked(false), "<unlocked/>".into()),
        (Setting::Expiration(60), "<ephemeral expiration=\"60\"/>".into()),
        (Setting::Expiration(0), "<not_ephemeral/>".into()),
        (Setting::AllMayAdd(true), mode("member_add_mode", "all_member_add")),
        (Setting::AllMayAdd(false), mode("member_add_mode", "admin_add")),
        (Setting::AllMayInvite(true), mode("member_link_mode", "all_member_link")),
        (Setting::AllMayInvite(false), mode("member_link_mode", "admin_link")),
        (Setting::JoinApproval(true), approval("on")),
        (Setting::JoinApproval(false), approval("off")),
    ];
    for (setting, expected) in cases {
        assert_eq!(configure(&jid(G), setting).xml(), inside("set", G, &expected), "{setting:?}");
    }
}

fn iq(child: Node) -> Node {
    Node::new("iq").attr("type", "result").child(child)
}

#[test]
fn answers_with_groups() {
    let named = |id: &'static str| Node::new("group").attr("id", id);
    assert_eq!(reading(iq(named("120363")), |node| group(&node).unwrap().jid), jid(G));
    assert_eq!(reading(iq(Node::new("other")), |node| group(&node).err()), Some(NoGroup::Malformed));
    let all = Node::new("iq")
        .child(Node::new("groups").children([
            named("1"),
            named("2").attr("error", "404"),
            Node::new("other"),
        ]))
        .child(Node::new("communities").child(Node::new("community").attr("id", "3")));
    let all: Vec<_> = reading(all, |node| groups(node).map(|group| group.map(|group| group.jid)).collect());
    let refused = NoGroup::Refused { jid: Some(jid("2@g.us")), code: 404 };
    assert_eq!(all, [Ok(jid("1@g.us")), Err(refused), Ok(jid("3@g.us"))]);
}

#[test]
fn other_answers() {
    let member = Node::new("participant").attr("jid", jid("555@lid")).attr("error", "409");
    let errors = |action: Node| {
        reading(iq(action), |node| member_results(&node).into_iter().map(|m| m.error).collect::<Vec<_>>())
    };
    assert_eq!(errors(Node::new("add").child(member.clone())), [Some(409)]);
    let decided = Node::new("membership_requests_action").child(Node::new("approve").child(member));
    assert_eq!(errors(decided), [Some(409)]);
    assert_eq!(errors(Node::new("error")), []);

    let invite = Node::new("invite").attr("code", "XYZ");
    assert_eq!(reading(iq(invite), |node| code(&node)).as_deref(), Some("XYZ"));
    assert_eq!(reading(iq(Node::new("invite")), |node| code(&node)), None);

    let in_group = |tag: &'static str| iq(Node::new(tag).attr("jid", jid(G)));
    assert_eq!(reading(in_group("group"), |node| joined(&node)), Some(Joined::Member(jid(G))));
    let pending = in_group("membership_approval_request");
    assert_eq!(reading(pending, |node| joined(&node)), Some(Joined::Pending(jid(G))));
    assert_eq!(reading(Node::new("iq"), |node| joined(&node)), None);

    let one = |id: &str| Node::new("group").attr("id", jid(id));
    let out = iq(Node::new("leave").children([one("1@g.us"), one("2@g.us").attr("error", "403")]));
    assert_eq!(reading(out, |node| left(&node)), [(jid("1@g.us"), None), (jid("2@g.us"), Some(403))]);

    let wants =
        Node::new("membership_approval_request").attr("jid", jid("555@lid")).attr("request_time", "7");
    let list = iq(Node::new("membership_approval_requests").child(wants));
    assert_eq!(reading(list, |node| waiting(&node)), [(jid("555@lid"), Some(7))]);
}
