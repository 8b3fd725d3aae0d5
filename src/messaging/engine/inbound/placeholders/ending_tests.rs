//! The end of what is pending: a message, or a last word.

use super::*;

const DAY: u64 = 24 * 3_600_000;

#[test]
fn what_is_pending_ends_with_a_message_or_a_last_word() {
    let pending = (UnreadableReason::Undecryptable, true);
    let last = (UnreadableReason::Undecryptable, false);
    // The phone does not have it.
    let mut world = World::new();
    world.friend_writes("M1", "gone");
    world.arrives_as("M1", false);
    world.later(PATIENCE);
    let request = world.requests().remove(0).0;
    world.phone_answers("P1", &request, "M9", "another message");
    assert_eq!(world.unreadable(), [pending, last]);
    // The server refuses the request.
    let mut world = World::new();
    world.friend_writes("M1", "gone");
    world.arrives_as("M1", false);
    world.later(PATIENCE);
    let request = world.requests().remove(0).0;
    let ack = Node::new("ack").attr("class", "message").attr("id", request).attr("error", "404");
    let ack = Stanza::from_node(&ack.attr("t", START / 1000)).unwrap();
    let outputs = world.companion.call(|engine, cx| engine.ack(ack.root(), cx));
    world.sort(outputs);
    assert_eq!(world.unreadable(), [pending, last]);
    // Nobody answers for two weeks, with a restart in between. Whatever comes next brings the last word, once.
    for chat in [None, Some("status@broadcast")] {
        let mut world = World::new();
        match chat {
            None => {
                world.friend_writes("M1", "gone");
                world.arrives_as("M1", false);
            }
            // Of this the phone is not asked; its sender may send it again.
            Some(chat) => {
                let enc = Node::new("enc").attr("v", "2").attr("type", "skmsg").bytes([0x33; 80]);
                let head = head("M1", chat).attr("participant", FRIEND.parse::<Jid>().unwrap());
                world.arrives(&head.child(enc));
                world.later(PATIENCE);
                assert_eq!(world.requests(), []);
            }
        }
        assert_eq!(world.unreadable(), [pending], "{chat:?}");
        let mut world = world.restart();
        for days in [10, 5, 5] {
            world.companion.now += days * DAY;
            world.arrives(&head("M2", FRIEND).attr("category", "peer"));
        }
        assert_eq!(world.unreadable(), [pending, last], "{chat:?}");
        assert_eq!(world.companion.rows(Space::PhoneAsk).len(), 0);
    }
    // It is read after all, and there is nothing in it that a host is told.
    let mut world = World::new();
    world.friend_sends("M1", &field(12, &[0x10, 16]));
    world.arrives_as("M1", false);
    world.arrives_as("M1", true);
    assert_eq!(world.unreadable(), [pending, last]);
    assert_eq!(world.messages().count(), 0);
}
