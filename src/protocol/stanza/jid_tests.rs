use super::*;

fn jid(text: &str) -> Jid {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn text_comes_back() {
    for text in [
        "s.whatsapp.net",
        "g.us",
        "15551230001@s.whatsapp.net",
        "15551230001:12@s.whatsapp.net",
        "15551230001:255@s.whatsapp.net",
        "100000012345678:5@lid",
        "15551230001:99@hosted",
        "100000012345678:99@hosted.lid",
        "120363043211234567@g.us",
        "15551230001-1500000000@g.us",
        "status@broadcast",
        "120363144038483540@newsletter",
        "867051314767696@bot",
        "3A0123456789ABCDEF01@call",
        "16505361212@c.us",
        "1000123456:700@msgr",
        "123-123:3@interop",
        "0-x@interop",
        "someone@a.new.server",
        "100000012345678.7@lid",
    ] {
        assert_eq!(jid(text).to_string(), text);
    }
}

#[test]
fn spellings_of_the_same_address() {
    assert_eq!(jid("@s.whatsapp.net"), Jid::server());
    assert_eq!(jid("15551230001:0@s.whatsapp.net"), Jid::user("15551230001"));
    assert_eq!(jid("x@interop").to_string(), "0-x@interop");
    assert_eq!(jid("a-b@interop"), jid("0-a-b@interop"));
}

#[test]
fn wrong_texts_have_names() {
    for (text, error) in [
        ("", JidError::NoServer),
        ("1555@", JidError::NoServer),
        ("@", JidError::NoServer),
        ("a@b@c", JidError::ManyAts),
        ("a:@lid", JidError::Device),
        ("a:1:2@lid", JidError::Device),
        ("a:+1@lid", JidError::Device),
        ("a:x@lid", JidError::Device),
        ("a:256@lid", JidError::Device),
        ("a:256@hosted", JidError::Device),
        ("a:65536@msgr", JidError::Device),
    ] {
        assert_eq!(text.parse::<Jid>(), Err(error), "{text}");
    }
    let long = "1".repeat(257);
    assert_eq!(format!("{long}@lid").parse::<Jid>(), Err(JidError::TooLong));
    assert_eq!(long.parse::<Jid>(), Err(JidError::TooLong));
}

#[test]
fn accounts() {
    let phone = jid("15551230001@s.whatsapp.net");
    assert!(phone.same_account(&jid("15551230001:12@s.whatsapp.net")));
    assert!(phone.same_account(&jid("15551230001@c.us")));
    assert!(phone.same_account(&jid("15551230001:99@hosted")));
    assert!(!phone.same_account(&jid("15551230001@lid")));
    assert!(!phone.same_account(&jid("15551230002@s.whatsapp.net")));
    assert!(jid("7@hosted.lid").same_account(&jid("7:3@lid")));
    assert_eq!(jid("15551230001:99@hosted").account(), phone);
    assert_ne!(phone, jid("15551230001@c.us"));
}

#[test]
fn kinds() {
    assert!(Jid::server().is_server());
    assert!(jid("c.us").is_server() && jid("server@c.us").is_server());
    assert!(!jid("g.us").is_server() && !jid("1@s.whatsapp.net").is_server());
    assert!(jid("1@c.us").is_pn() && jid("1@hosted").is_pn() && !Jid::server().is_pn());
    assert!(jid("1@lid").is_lid() && !jid("lid").is_lid() && !jid("1@g.us").is_lid());
}

#[test]
fn debug_masks_the_number() {
    let shown = format!("{:?}", jid("15551230001:12@s.whatsapp.net"));
    assert_eq!(shown, "*01:12@s.whatsapp.net");
    assert_eq!(format!("{:?}", jid("status@broadcast")), "status@broadcast");
    assert_eq!(format!("{:?}", Jid::server()), "s.whatsapp.net");
}

#[test]
fn an_address_is_small() {
    assert!(size_of::<Jid>() <= 56, "{}", size_of::<Jid>());
}
