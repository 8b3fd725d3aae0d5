//! Tests of the places of those that the phone is asked for, when there are more messages than places.

use std::collections::HashMap;

use super::super::MOST;
use super::*;

/// Unreadable messages of that chat, more than there are places.
fn flood(world: &mut World, prefix: &'static str, chat: &str) {
    for number in 0..MOST + 10 {
        let enc = Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes([0x33; 80]);
        let author = Jid::lid(format!("9{number}"));
        let head = Node::new("message")
            .attr("id", format!("{prefix}{number}"))
            .attr("from", chat.parse::<Jid>().unwrap());
        let head = head.attr("t", START / 1000).attr("participant", author);
        world.arrives(&head.child(enc));
    }
}

/// Returns the number of pending messages, by the host's last event of each.
fn pending(world: &World) -> usize {
    let one = |told: &MessagingEvent| match told {
        MessagingEvent::Unreadable(what) => Some((what.info.id.to_string(), what.pending)),
        _ => None,
    };
    let last: HashMap<String, bool> = world.told.iter().filter_map(one).collect();
    last.values().filter(|pending| **pending).count()
}

#[test]
fn neither_status_posts_nor_one_group_keep_a_person_s_messages_from_the_phone() {
    for chats in [
        &["status@broadcast"][..],
        &["120363000000000001@g.us"],
        &["120363000000000001@g.us", "status@broadcast"],
    ] {
        let mut world = World::new();
        for (chat, prefix) in chats.iter().zip(["F", "G"]) {
            flood(&mut world, prefix, chat);
        }
        assert_eq!(world.companion.rows(Space::PhoneAsk).len(), MOST, "{chats:?}");
        world.later(PATIENCE);
        world.requests();
        world.friend_writes("M1", "gone");
        world.arrives_as("M1", false);
        assert_eq!(world.unreadable().pop(), Some((UnreadableReason::Undecryptable, true)), "{chats:?}");
        world.later(PATIENCE);
        let asked = world.requests();
        assert_eq!(
            asked.iter().map(|(_, key)| key.id.as_deref()).collect::<Vec<_>>(),
            [Some("M1")],
            "{chats:?}"
        );
        // Each that had to go had its last word.
        assert_eq!((world.companion.rows(Space::PhoneAsk).len(), pending(&world)), (MOST, MOST), "{chats:?}");
        // A restart changes nothing about it.
        let mut world = world.restart();
        world.phone_answers("P1", &asked[0].0, "M1", "here it is");
        assert_eq!(world.texts(), ["here it is"], "{chats:?}");
    }
}
