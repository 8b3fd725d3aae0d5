//! An engine that is told arbitrary things, one after the other. Nothing may panic, never may a step go without what it needs
//! for ever, what it sends must be fit to be sent, and what it stores must be readable afterwards. For the fuzzer, and in
//! tests with random bytes.

use super::test_driver::Driver;
use super::{GroupCommand, GroupRequest, OutboundContent, OutboundMessage, Output, QueryError, Tag};
use crate::messaging::content::{Extras, Outgoing};
use crate::messaging::stanzas::random_walk::{JIDS, must_encode, stanza_of};
use crate::stanza::{Jid, Stanza, Text};

/// Longest piece that becomes one stanza.
const PIECE: usize = 200;
/// Most pieces that are looked at.
const MOST: usize = 64;

/// Tells an engine what the bytes say.
pub fn walk(input: &[u8]) {
    let (pn, lid) = (Jid::user("100").with_device(7), Jid::lid("900").with_device(7));
    let mut driver = Driver::new(&pn, &lid, 1);
    let mut asked = Vec::new();
    let (mut rest, mut number) = (input, 0);
    while let Some((what, after)) = rest.split_first()
        && number < MOST
    {
        number += 1;
        driver.now += 1000 * u64::from(*what);
        let length = after.first().map_or(0, |length| usize::from(*length).min(PIECE));
        let (piece, left) = after.split_at(length.min(after.len()));
        rest = left;
        let outputs = match what % 8 {
            0 => send(&mut driver, number, piece),
            1 => driver.call(|engine, cx| {
                engine.time_passed(cx);
                Ok(())
            }),
            2 => driver.call(|engine, _| {
                engine.offline();
                engine.online();
                Ok(())
            }),
            _ => match stanza_of(piece) {
                Some(stanza) => tell(&mut driver, &stanza, *what, &mut asked),
                None => Vec::new(),
            },
        };
        for output in outputs {
            match output {
                Output::Send(node) | Output::SendBeforeCommit(node) => must_encode(&node),
                Output::Query { tag, node } => {
                    must_encode(&node);
                    asked.push(tag);
                }
                _ => {}
            }
        }
    }
    let read = driver.restarted();
    assert!(read.is_ok(), "what was stored cannot be read: {:?}", read.err());
}

/// The host wants something sent, or something of a group.
fn send(driver: &mut Driver, number: usize, piece: &[u8]) -> Vec<Output> {
    let pick = piece.get(1).copied().map_or(0, usize::from);
    let chats: Vec<Jid> = JIDS.split_whitespace().filter_map(|jid| jid.parse().ok()).collect();
    let Some(chat) = chats.get(pick % chats.len().max(1)).cloned() else { return Vec::new() };
    let request = number as u64;
    if piece.len() % 3 == 2 {
        let group_request = GroupRequest { request, command: GroupCommand::Add(chat, chats) };
        return driver.call(|engine, cx| engine.group_request(&group_request, cx));
    }
    let content = Outgoing::raw(piece.get(2..).unwrap_or_default())
        .or_else(|_| Outgoing::text("text", &Extras::default()));
    let Ok(content) = content else { return Vec::new() };
    // The ids are those that the stanzas speak of.
    let id = (piece.len() % 3 == 1).then(|| Text::from("3EB0A1"));
    let command = OutboundMessage { chat: chat.account(), id, content: OutboundContent::Content(content) };
    driver.call(|engine, cx| engine.send(request, &command, cx))
}

/// A stanza goes where the session would bring it, or is the answer to a question.
fn tell(driver: &mut Driver, stanza: &Stanza, what: u8, asked: &mut Vec<Tag>) -> Vec<Output> {
    let node = stanza.root();
    match node.tag() {
        "message" => driver.call(|engine, cx| engine.message(node, cx)),
        "receipt" => driver.call(|engine, cx| engine.receipt(node, cx)),
        "notification" if node.is("type", "w:gp2") => driver.call(|engine, cx| engine.group_notice(node, cx)),
        "notification" if node.is("type", "mex") => {
            driver.call(|engine, cx| engine.time_lock_notice(node, cx))
        }
        "notification" => driver.call(|engine, cx| engine.person_notice(node, cx)),
        "ack" => driver.call(|engine, cx| engine.ack(node, cx)),
        _ => {
            let Some(tag) = asked.pop() else { return Vec::new() };
            let answer = if what >= 200 { Err(QueryError::of(u32::from(what))) } else { Ok(node) };
            driver.call(|engine, cx| engine.reply(tag, answer, cx))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Random;
    use crate::crypto::testing::Seeded;

    #[test]
    fn random_walks() {
        let mut seed = Seeded(1 << 51);
        for _ in 0..200 {
            let mut bytes = vec![0; 2_000];
            seed.fill(&mut bytes);
            walk(&bytes);
        }
    }
}
