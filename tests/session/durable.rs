//! Durable events: they come again until they are acknowledged, and not after that.

use serde_json::{Value, json};

use crate::world::{Host, World};

/// The server says when it refuses this version: each other time makes a durable event.
fn tell(world: &World, time: u64) {
    let expiration = json!({ "tag": "client_expiration", "attrs": { "t": time.to_string() } });
    world.say(&json!({ "tag": "ib", "attrs": { "from": "s.whatsapp.net" }, "children": [expiration] }));
}

fn times(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["starts_at_ms"].as_u64().unwrap() / 1000).collect()
}

/// So many of them, which must all have come before or not.
fn take(host: &mut Host, count: usize, redelivered: bool) -> Vec<Value> {
    let events: Vec<_> = (0..count).map(|_| host.wait("restricted")).collect();
    for event in &events {
        assert_eq!(event["redelivered"], redelivered, "{event}");
    }
    events
}

#[test]
fn what_is_not_acknowledged_comes_again_in_order_and_marked() {
    let world = World::new();
    let config = world.config();
    let mut host = world.linked(&config);
    for time in 1..=6 {
        tell(&world, time);
    }
    let events = take(&mut host, 6, false);
    assert_eq!(times(&events), [1, 2, 3, 4, 5, 6]);
    for event in [&events[4], &events[1]] {
        host.client.ack(event["id"].as_u64().unwrap());
    }
    drop(host);
    let mut host = World::offline_client(&config);
    let events = take(&mut host, 4, true);
    assert_eq!(times(&events), [1, 3, 4, 6]);
    drop(host);
    // Not having been acknowledged the second time either, they come a third time, now with a new one behind them.
    let mut host = world.client(&config);
    let mut events = take(&mut host, 4, true);
    host.wait("ready");
    tell(&world, 7);
    events.extend(take(&mut host, 1, false));
    assert_eq!(times(&events), [1, 3, 4, 6, 7]);
    host.acknowledge_all();
    drop(host);
    let mut host = World::offline_client(&config);
    host.client.close();
    host.closed();
    assert!(host.taken("restricted").is_empty(), "{}", host.story());
}
