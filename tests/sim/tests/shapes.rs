//! Stanzas of clients are checked against the official client's shapes, if that is wanted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use common::{Companion, Wire, with};
use serde_json::Value;
use wa::stanza::{Jid, Node, build};

/// Returns the simulator's findings once a client has sent these.
async fn found(check_shapes: bool, stanzas: &[Node]) -> Vec<String> {
    let sim = with(|options| options.check_shapes = check_shapes).await;
    let (mut wire, _) = Companion::new().register(&sim).await;
    for stanza in stanzas {
        wire.send(stanza).await;
    }
    wire.query(build::get("w:p")).await;
    sim.violations()
}

#[tokio::test]
async fn a_violation_is_told_with_the_stanza() {
    let good = build::ping("1.2-900");
    let bad = build::ping("1.2-901").attr("mood", "good");
    let again = build::ping("1.2-900");
    let of_check = found(true, &[good.clone(), bad.clone(), again]).await;
    let wanted =
        ["/@mood: is not an attribute of it", "mood=\"good\"/>", "1.2-900 is the id of an earlier request"];
    let all = of_check.join("\n");
    assert!(wanted.iter().all(|part| all.contains(part)), "{all}");
    assert_eq!(found(false, &[good, bad]).await, [""; 0]);
}

#[tokio::test]
async fn each_connection_has_ids_of_its_own() {
    let sim = with(|options| options.check_shapes = true).await;
    for _ in 0..2 {
        let (mut wire, _) = Companion::new().register(&sim).await;
        wire.send(&build::ping("1.2-900")).await;
        wire.send(&build::result(Jid::server(), "1.2-900")).await;
        wire.query(build::get("w:p")).await;
    }
    assert!(sim.violations().iter().all(|one| !one.contains("1.2-900")), "{:?}", sim.violations());
}

/// The status of the command after a client has sent this.
async fn status_after(stanza: &Node) -> Option<i32> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wa-sim"))
        .args(["--check-shapes", "--exit-with-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let started: Value = serde_json::from_str(&line).unwrap();
    let hexadecimal = started["root_key"].as_str().unwrap();
    let byte = |at: usize| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).unwrap();
    let root_key = std::array::from_fn(byte);
    let companion = Companion::new();
    let ws = started["ws"].as_str().unwrap();
    let mut wire = Wire::open_at(ws, root_key, &companion.noise, &companion.registration()).await.unwrap();
    wire.send(stanza).await;
    while !wire.next().await.unwrap().root().is("id", "1.2-900") {}
    drop(child.stdin.take());
    child.wait().unwrap().code()
}

#[tokio::test]
async fn the_command_ends_with_a_status_of_its_own_if_there_were_violations() {
    assert_eq!(status_after(&build::ping("1.2-900").attr("mood", "good")).await, Some(3));
    assert_eq!(status_after(&build::ping("1.2-900")).await, Some(0));
}
