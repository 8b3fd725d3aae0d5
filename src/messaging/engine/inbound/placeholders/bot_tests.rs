//! Bots: what they say is read by the phone and by this device.

use super::*;

/// A bot's answer under that id to the message `Q` of the account.
fn bots_answer(id: &'static str, text: &str, bot: &str) -> Node {
    bot_says(id, &field(1, text.as_bytes()), bot)
}

/// The same with any message.
fn bot_says(id: &'static str, message: &[u8], bot: &str) -> Node {
    let asker = if bot.ends_with("@bot") { OWN } else { "15550000001@s.whatsapp.net" };
    let base: Secret<32> = hkdf(None, &[7; 32], b"Bot Message");
    let key: Secret<32> = hkdf(None, base.as_bytes(), [id, asker, bot].concat().as_bytes());
    let bound = [id, "\0", bot].concat();
    let sealed = gcm::seal(key.as_bytes(), &[3; 12], bound.as_bytes(), message);
    let payload = [field(2, &[3; 12]), field(3, &sealed)].concat();
    let enc = Node::new("enc").attr("v", "2").attr("type", "msmsg").bytes(payload);
    let asked = Node::new("meta").attr("target_id", "Q");
    head(id, bot).child(asked).child(enc)
}

#[test]
fn a_bot_that_the_phone_asks_is_read_here_too() {
    for bot in ["867051314767696@bot", "13135550002@s.whatsapp.net"] {
        let mut world = World::new();
        // Nobody knows what it answers.
        world.arrives(&bots_answer("B0", "what?", bot));
        assert_eq!((world.texts().len(), world.nacks()), (0, vec!["495".to_owned()]));
        let message = [field(1, b"who are you?"), field(35, &field(3, &[7; 32]))].concat();
        let copy = field(31, &[field(1, bot.as_bytes()), field(2, &message)].concat());
        world.phone_sends(head("Q", OWN).attr("recipient", bot.parse::<Jid>().unwrap()), &copy);
        for _ in 0..2 {
            world.arrives(&bots_answer("B1", "a bot", bot));
        }
        assert_eq!(world.texts(), ["who are you?", "a bot"]);
        let (_, message) = world.messages().last().unwrap();
        assert_eq!(
            (message.info.sender.to_string().as_str(), message.info.chat.to_string().as_str()),
            (bot, bot)
        );
        assert_eq!((message.info.from_me, world.nacks().len()), (false, 0));
        // Of another message it cannot be.
        let mut other = bots_answer("B2", "a bot", bot);
        other.set("id", "B3");
        world.arrives(&other);
        assert_eq!((world.texts().len(), world.nacks()), (2, vec!["495".to_owned()]));
    }
}

#[test]
fn a_bot_edits_and_deletes_what_it_names_by_its_id_alone() {
    for bot in ["867051314767696@bot", "13135550002@s.whatsapp.net"] {
        let mut world = World::new();
        let message = [field(1, b"who are you?"), field(35, &field(3, &[7; 32]))].concat();
        let copy = field(31, &[field(1, bot.as_bytes()), field(2, &message)].concat());
        world.phone_sends(head("Q", OWN).attr("recipient", bot.parse::<Jid>().unwrap()), &copy);
        world.arrives(&bots_answer("B1", "a b", bot));
        // protocolMessage { key { id }, type: MESSAGE_EDIT, editedMessage }, and one of type REVOKE.
        let key = field(1, &field(3, b"B1"));
        let edit = [key.clone(), vec![2 << 3, 14], field(14, &field(1, b"a bot"))].concat();
        world.arrives(&bot_says("B2", &field(12, &edit), bot));
        world.arrives(&bot_says("B3", &field(12, &key), bot));
        let kinds: Vec<_> = world
            .told
            .iter()
            .filter_map(|told| match told {
                MessagingEvent::Message(message) => Some((message.content.kind, message.target.clone())),
                _ => None,
            })
            .skip(2)
            .collect();
        assert_eq!(kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["edit", "delete"], "{bot}");
        for (_, target) in kinds {
            let target = target.unwrap();
            assert_eq!((target.id.as_str(), target.from_me), ("B1", false));
            assert_eq!(target.sender.unwrap().to_string(), bot);
        }
    }
}
