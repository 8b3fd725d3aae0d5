//! Many messages that wait at the server while the host is away.

use std::collections::HashMap;

use serde_json::json;
use wa_sim::Options;

use super::world::{NUMBER, World};

const PEOPLE: [&str; 4] = ["15550005678", "15550005679", "15550005680", "15550005681"];
const MANY: u64 = 10_000;

#[test]
fn ten_thousand_come_once_and_in_order_to_a_host_that_takes_its_time() {
    let world = World::with(Options { log_limit: 0, ..Options::default() });
    for number in PEOPLE {
        assert!(world.sim.add_phone(number, number));
    }
    let config = world.config();
    drop(world.linked(&config));
    let order = json!({ "to": NUMBER, "from": PEOPLE, "count": MANY, "window": MANY });
    let id = world.begin_load(&order);
    world.wait_load(id, |load| load["sent"] == MANY);

    let mut host = world.client(&config);
    let mut next: HashMap<String, u64> = PEOPLE.map(|number| (number.to_owned(), 1)).into();
    let mut take = |host: &mut super::world::Host| {
        let message = host.wait("message");
        let next = next.get_mut(message["sender_phone"].as_str().unwrap()).unwrap();
        let text = message["text"].as_str().unwrap().trim_end();
        assert_eq!((text, &message["offline"]), (format!("#{next}").as_str(), &true.into()));
        assert_eq!(message["redelivered"], false);
        *next += 1;
        host.client.ack(message["id"].as_u64().unwrap());
    };
    // The server need not wait for the host: what it has not taken is in the store.
    let mut taken = 0;
    while taken < MANY / 2 {
        take(&mut host);
        taken += 1;
    }
    world.wait_load(id, |load| load["state"] == "done");
    for _ in taken..MANY {
        take(&mut host);
    }
    // Nothing comes twice, and nothing after the last.
    let request = host.client.call("server.ping", None).unwrap();
    host.answer(request);
    assert_eq!(host.taken("message").len() as u64, MANY);
    drop(host);
    let mut host = world.client(&config);
    host.wait("ready");
    assert!(host.taken("message").is_empty(), "all were acknowledged");
    world.no_key_is_used_twice();
}
