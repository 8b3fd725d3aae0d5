//! Identities and lists of devices: what the server announces, and what it answers or refuses.

use super::*;
use crate::messaging::address::Address;
use crate::messaging::engine::QueryError;
use crate::signal::{IdentityKey, SignalError};

#[test]
fn a_new_identity_is_told_once_and_the_next_message_goes_to_it() {
    let mut net = Net::new();
    net.acquainted();
    // Bob has a new phone.
    let (pn, jid) = (Jid::user("15550000002"), net.phones[BOB].jid.clone());
    net.phones[BOB].driver = Driver::new(&pn, &jid, 77);
    let stanza = notice("encrypt", &jid, Node::new("identity"));
    for _ in 0..2 {
        net.act(ADA, |engine, cx| engine.person_notice(stanza.root(), cx));
    }
    assert_eq!(net.phones[ADA].changed_identities(), 1);
    net.phones[ADA].asked.clear();
    net.text(ADA, BOB, "to the new phone");
    assert_eq!(net.phones[ADA].asked, ["usync", "encrypt"], "devices and keys are asked for anew");
    assert_eq!(net.phones[BOB].texts(), ["hello", "to the new phone"]);
    net.text(BOB, ADA, "here I am");
    assert_eq!(net.phones[ADA].texts(), ["hello yourself", "here I am"]);
    assert_eq!(net.phones[ADA].changed_identities(), 1, "it was told");
}

#[test]
fn an_identity_that_nobody_announced_is_told_when_it_is_seen() {
    let mut net = Net::new();
    net.acquainted();
    let (pn, jid) = (Jid::user("15550000002"), net.phones[BOB].jid.clone());
    net.phones[BOB].driver = Driver::new(&pn, &jid, 78);
    net.text(BOB, ADA, "guess who");
    assert_eq!(net.phones[ADA].texts(), ["hello yourself", "guess who"]);
    assert_eq!(net.phones[ADA].changed_identities(), 1);
}

#[test]
fn devices_that_come_and_go_are_asked_for_before_the_next_message() {
    let mut net = Net::new();
    net.acquainted();
    net.phones[ADA].asked.clear();
    net.text(ADA, BOB, "nothing to ask");
    assert!(!net.phones[ADA].asked.contains(&"usync".to_owned()), "{:?}", net.phones[ADA].asked);
    let jid = net.phones[BOB].jid.clone();
    for tag in ["add", "remove"] {
        let device = Node::new("device").attr("jid", jid.clone().with_device(3));
        let stanza = notice("devices", &jid, Node::new(tag).child(device));
        net.act(ADA, |engine, cx| engine.person_notice(stanza.root(), cx));
        net.phones[ADA].asked.clear();
        net.text(ADA, BOB, tag);
        assert_eq!(net.phones[ADA].asked, ["usync, held"], "{tag}");
    }
    assert_eq!(net.phones[BOB].texts(), ["hello", "nothing to ask", "add", "remove"]);
}

/// The lists of a large group may have been evicted between the message and its acknowledgement.
#[test]
fn lists_that_the_server_contradicts_are_out_of_date_though_they_are_not_at_hand() {
    let mut net = Net::new();
    net.acquainted();
    let chat: Jid = "120363000000000001@g.us".parse().unwrap();
    let key = chat.to_string().into_bytes();
    let members = [ADA, BOB].map(|who| User::of(&net.phones[who].jid).unwrap());
    for (id, refusal, phash, stale) in [
        ("SAME", None, None, false),
        ("OTHER", None, Some("2:AAAAAAAA"), true),
        ("MODE", Some("421"), None, true),
    ] {
        let driver = &mut net.phones[ADA].driver;
        driver.call(|engine, cx| {
            for member in &members {
                if let Some(list) = engine.core.cache.devices.change(&member.key()) {
                    list.fetched_ms = cx.unix_ms;
                }
            }
            let group = GroupRecord { by_lid: true, fetched_ms: cx.unix_ms, ..GroupRecord::default() };
            engine.core.cache.groups.put(&key, GroupRecord { members: members.to_vec(), ..group });
            Ok(())
        });
        let content = OutboundContent::Content(Outgoing::text(id, &Extras::default()).unwrap());
        let outbound = OutboundMessage { chat: chat.clone(), id: Some(id.into()), content };
        let outputs = driver.call(|engine, cx| engine.send(1, &outbound, cx));
        let sent = outputs.iter().find_map(|output| match output {
            Output::Send(node) => Some(Stanza::from_node(node).unwrap()),
            _ => None,
        });
        let own = sent.unwrap().root().str("phash").unwrap().into_owned();
        driver.engine.core.cache = RecordCache::default();
        let ack = Node::new("ack").attr("class", "message").attr("id", id).attr("from", &chat);
        let ack = ack.attr("phash", phash.unwrap_or(&own).to_owned()).attr_opt("error", refusal);
        let ack = Stanza::from_node(&ack).unwrap();
        driver.call(|engine, cx| {
            engine.ack(ack.root(), cx)?;
            let mut wants = RecordRequirements::default();
            engine.core.want_membership(&chat, &mut wants);
            wants.met()?;
            let is_stale = |fetched_ms: i64| fetched_ms < 0;
            assert_eq!(is_stale(engine.core.cache.groups.get(&key).unwrap().fetched_ms), stale, "{id}");
            for member in &members {
                let list = engine.core.cache.devices.get(&member.key()).unwrap();
                assert_eq!(is_stale(list.fetched_ms), stale, "{id}");
            }
            Ok(())
        });
    }
}

#[test]
fn a_list_that_the_server_is_told_of_and_does_not_repeat_is_good_for_another_day() {
    const DAY: u64 = 24 * 3_600_000;
    let mut net = Net::new();
    net.acquainted();
    for _ in 0..2 {
        net.phones[ADA].driver.now += DAY + 1;
        net.phones[ADA].asked.clear();
        net.text(ADA, BOB, "once a day");
        assert!(net.phones[ADA].asked.contains(&"usync, held".to_owned()), "{:?}", net.phones[ADA].asked);
        net.phones[ADA].asked.clear();
        net.text(ADA, BOB, "and again");
        assert_eq!(net.phones[ADA].asked, [""; 0]);
    }
    assert_eq!(net.phones[BOB].texts().len(), 5);
}

#[test]
fn a_query_that_the_server_puts_off_waits_for_as_long_as_it_says() {
    let mut driver = Driver::new(&Jid::user("15550000001"), &Jid::lid("100"), 5);
    let content = OutboundContent::Content(Outgoing::text("hello", &Extras::default()).unwrap());
    let outbound = OutboundMessage { chat: Jid::lid("200"), id: None, content };
    let queries = |outputs: Vec<Output>| -> Vec<_> {
        let tag = |output| if let Output::Query { tag, .. } = output { Some(tag) } else { None };
        outputs.into_iter().filter_map(tag).collect()
    };
    let refused = QueryError { code: 429, is_silence: false, backoff_s: Some(60) };
    let asked = queries(driver.call(|engine, cx| engine.send(1, &outbound, cx)));
    assert_eq!(asked.len(), 1);
    for tag in asked {
        driver.call(|engine, cx| engine.reply(tag, Err(refused), cx));
    }
    assert_eq!(driver.engine.deadline(), Some(60_000));
    let mut pass = |until| {
        driver.now = until;
        queries(driver.call(|engine, cx| {
            engine.time_passed(cx);
            Ok(())
        }))
    };
    assert_eq!(pass(59_999), []);
    assert_eq!(pass(60_000).len(), 1);
}

#[test]
fn a_query_that_fails_takes_no_other_with_it() {
    let mut driver = Driver::new(&Jid::user("15550000001"), &Jid::lid("100"), 6);
    let content = OutboundContent::Content(Outgoing::text("hello", &Extras::default()).unwrap());
    let outbound = OutboundMessage { chat: Jid::lid("200"), id: None, content };
    let users = |outputs: Vec<Output>| -> Vec<_> {
        let query =
            |output| if let Output::Query { tag, node } = output { Some((tag, node.xml())) } else { None };
        outputs.into_iter().filter_map(query).collect()
    };
    // The first query is about the recipient and this account.
    let first = users(driver.call(|engine, cx| engine.send(1, &outbound, cx)));
    let [(tag, xml)] = first.as_slice() else { panic!("{first:?}") };
    assert!(xml.contains("200@lid") && xml.contains("100@lid"), "{xml}");
    driver.call(|engine, cx| engine.reply(*tag, Err(QueryError::of(404)), cx));
    driver.now = 10_000;
    let again = users(driver.call(|engine, cx| {
        engine.time_passed(cx);
        Ok(())
    }));
    let about = |name| again.iter().filter(|(_, xml)| xml.contains(name)).count();
    assert_eq!((again.len(), about("200@lid"), about("100@lid")), (2, 1, 1), "{again:?}");
}

/// The link stands on the phone's identity: no word of a server puts another one in its place.
#[test]
fn the_own_phone_has_the_identity_of_the_link_and_no_other() {
    let mut driver = Driver::new(&Jid::user("15550000001"), &Jid::lid("100"), 7);
    driver.call(|engine, cx| {
        let of_the_link = IdentityKey::new(cx.account.account_key).unwrap();
        let foreign = IdentityKey::new(PublicKey([7; 32])).unwrap();
        for name in [Jid::user("15550000001"), Jid::lid("100")] {
            let phone = Address::of(&name).unwrap();
            assert!(engine.core.classify(&of_the_link, None, &phone, cx).is_ok(), "{name}");
            let refused = engine.core.classify(&foreign, None, &phone, cx);
            assert!(matches!(refused, Err(SignalError::UntrustedIdentity)), "{name}");
        }
        let other = Address::of(&Jid::lid("200")).unwrap();
        assert!(engine.core.classify(&foreign, None, &other, cx).is_ok());
        Ok(())
    });
}
