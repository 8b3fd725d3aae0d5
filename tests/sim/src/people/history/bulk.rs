//! Chats with invented people, for histories of any size: none of them is kept.

use wa::{crypto::sha256, stanza::Jid};

use super::{
    chat::{Chat, Known, Other, Settings, Texts},
    order::Bulk,
};

/// The chats, each made when it is asked for.
pub(super) fn chats(bulk: Bulk, by_lid: bool, last_s: u64) -> impl Iterator<Item = Chat> {
    (0..bulk.chats).map(move |n| {
        let person = person(n);
        let jid = if by_lid { person.lid.clone() } else { person.pn.clone() };
        let [token @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            sha256(&[b"wa-sim bulk token", &n.to_be_bytes()]);
        Chat {
            jid,
            other: Other::Person(person),
            settings: Settings {
                token: bulk.tokens.then(|| (token.to_vec(), last_s)),
                ..Settings::default()
            },
            texts: Texts {
                count: bulk.messages / bulk.chats + u64::from(n < bulk.messages % bulk.chats),
                last_s,
                length: bulk.text,
            },
            landmarks: Vec::new(),
        }
    })
}

fn person(n: u64) -> Known {
    Known {
        pn: Jid::user(format!("1999{n:08}")),
        lid: Jid::lid(format!("88{n:013}")),
        name: format!("Person {n}"),
    }
}
