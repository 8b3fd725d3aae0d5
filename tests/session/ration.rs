//! The ration of codes for a number, which outlives every session that asked for one.

use wa::api::Config;

use super::world::{NUMBER, World};

const OTHER: &str = "15550005678";

fn config(world: &World) -> Config {
    world.config_with(&[("pairing.limit_burst", "1"), ("pairing.limit_interval_ms", "86400000")])
}

/// Asks for a code that the ration does not allow.
fn is_refused(world: &World, config: &Config, number: &str) {
    let mut host = world.client(config);
    let request = host.client.request_pairing(number, None).unwrap();
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_ERROR_PAIRING_LIMIT", "{answer}\n{}", host.story());
    assert!(answer["retry_after_ms"].as_u64().unwrap() > 60_000, "{answer}");
}

fn link(world: &World, config: &Config, number: &str) -> super::world::Host {
    let mut host = world.client(config);
    host.client.request_pairing(number, None).unwrap();
    let code = host.wait("pairing.code");
    world.enter_on(number, &code["code"]);
    host.wait("ready");
    host
}

#[test]
fn no_end_of_a_session_resets_it() {
    let world = World::new();
    assert!(world.sim.add_phone(OTHER, "Bob"));
    let config = config(&world);

    // The phone unlinks the device.
    let mut host = link(&world, &config, NUMBER);
    world.sim.unlink_all(NUMBER);
    host.wait("logged_out");
    host.acknowledge_all();
    host.closed();
    drop(host);
    is_refused(&world, &config, NUMBER);

    // The session is erased, with nothing left of it but that.
    let mut host = world.client(&config);
    let request = host.client.call("session.erase", None).unwrap();
    assert_eq!(host.answer(request)["status"], 0);
    host.closed();
    drop(host);
    is_refused(&world, &config, NUMBER);

    // A logout; another number has its own ration.
    let mut host = link(&world, &config, OTHER);
    let request = host.client.logout().unwrap();
    assert_eq!(host.answer(request)["status"], 0);
    host.closed();
    drop(host);
    is_refused(&world, &config, OTHER);

    // Nor does a session of another name in the same store.
    let mut other = config.clone();
    other.set("session.id", "another").unwrap();
    is_refused(&world, &other, NUMBER);
}
