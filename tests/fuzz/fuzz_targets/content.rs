//! The content of a decrypted message: any bytes are read within bounds, and what a host sends raw stays what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::messaging::content::{
    Body, ContentError, Outgoing, Protocol, device_sent, parse, reporting_token, web_message_info,
};
use wa::{crypto::Secret, stanza::Jid};

fuzz_target!(|bytes: &[u8]| {
    let chat = Jid::lid("100000011111111");
    if let Ok(found) = parse(bytes) {
        assert!(bytes.get(found.inner).is_some());
        if let Some(quoted) = found.context.quoted {
            let _ = parse(bytes.get(quoted.message).expect("the quoted message lies in the message"));
        }
        match found.body {
            Body::Edit(edit) => {
                let _ = parse(bytes.get(edit.message).expect("the new version lies in the message"));
            }
            Body::Protocol(Protocol::PeerDataResponse(answer)) => {
                for kept in &answer.resent {
                    assert!(web_message_info(kept).is_none_or(|found| kept.get(found.message).is_some()));
                }
            }
            _ => {}
        }
    }
    let _ = reporting_token(bytes, &Secret::new([7; 32]), "3EB0", &chat, &chat);
    match Outgoing::raw(bytes) {
        Ok(sent) => {
            assert_eq!(sent.message, bytes);
            let before = parse(bytes).expect("what can be sent can be read");
            let copy = device_sent(&sent.with_secret(&[7; 32]).message, &chat);
            match parse(&copy) {
                Ok(after) => {
                    assert_eq!(after.device_sent, Some(chat));
                    assert!(after.secret.is_some());
                    assert!(after.kind == before.kind || before.device_sent.is_some());
                }
                // One wrapper more than is taken off.
                Err(error) => assert_eq!(error, ContentError::TooDeep),
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
