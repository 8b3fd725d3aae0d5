//! A store that is put back from a copy: with `session.restored`, and as the check of the keys at login notices it, no message key
//! is used a second time, and messages go both ways again.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use wa::api::Config;

use super::damage::until_closed;
use super::world::{Host, World};

const ADA: &str = "15550001234";
const BOB: &str = "15550005678";
/// More messages than a chain is ever reserved for ahead, so that a copy goes on where the original has been.
const MANY: usize = 40;
/// The variables that tell the child process its task.
const STORE: &str = "WA_TEST_RESTORED_STORE";

/// The files of a store that was closed.
pub(crate) struct Backup(PathBuf, Vec<(PathBuf, Vec<u8>)>);

impl Backup {
    /// Of the store in that folder.
    pub(crate) fn of(folder: &Path) -> Self {
        until_closed(folder);
        Self(folder.to_owned(), files(folder))
    }

    /// Puts it in the place of what is there now.
    pub(crate) fn put_back(&self) {
        let Self(folder, backup) = self;
        until_closed(folder);
        files(folder).iter().for_each(|(path, _)| fs::remove_file(path).unwrap());
        backup.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    }
}

/// The files in a folder and in those below it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        if path.is_dir() { files(&path) } else { vec![(path.clone(), fs::read(&path).unwrap())] }
    };
    paths.flat_map(read).collect()
}

/// Ada, whose store is put back, and Bob, with a group of the two.
struct Scene {
    world: World,
    folder: PathBuf,
    config: Config,
    bob: Host,
    group: String,
    backup: Backup,
    /// The number of texts.
    said: usize,
}

impl Scene {
    /// Messages went both ways, and a copy was made.
    fn new(values: &[(&str, &str)]) -> Self {
        let world = World::new();
        assert!(world.sim.add_phone(BOB, "Bob"));
        let folder = world.folder().join("ada");
        fs::create_dir(&folder).unwrap();
        let mut config = world.config_with(values);
        config.set("store.url", &format!("sqlite:{}", folder.join("ada.db").display())).unwrap();
        let mut ada = world.linked(&config);
        let bob = world.linked_as(BOB);
        let made = call(&mut ada, "group.create", &json!({ "subject": "Tea", "members": [BOB] }));
        let group = made["chat"].as_str().unwrap().to_owned();
        let backup = Backup(folder.clone(), Vec::new());
        let mut scene = Self { world, folder, config, bob, group, backup, said: 0 };
        scene.talk(&mut ada, 2);
        ada.acknowledge_all();
        drop(ada);
        scene.backup = Backup::of(&scene.folder);
        scene
    }

    /// Ada after the copy, for so long that a second life of the copy meets its keys.
    fn original_goes_on(&mut self) {
        let mut ada = self.world.client(&self.config);
        ada.wait("ready");
        self.talk(&mut ada, MANY);
        ada.acknowledge_all();
    }

    /// Bob writes to Ada, and each of them to the other and to the group.
    fn talk(&mut self, ada: &mut Host, times: usize) {
        self.hear(ada, times);
        self.say(ada, times);
    }

    fn hear(&mut self, ada: &mut Host, times: usize) {
        let mut texts = Vec::new();
        for _ in 0..times {
            for chat in [ADA, &self.group] {
                self.said += 1;
                texts.push(self.said.to_string());
                self.bob.client.send_text(chat, &self.said.to_string(), None).unwrap();
            }
        }
        all_come(ada, texts);
    }

    fn say(&mut self, ada: &Host, times: usize) {
        let mut texts = Vec::new();
        for _ in 0..times {
            for chat in [BOB, &self.group] {
                self.said += 1;
                texts.push(self.said.to_string());
                ada.client.send_text(chat, &self.said.to_string(), None).unwrap();
            }
        }
        all_come(&mut self.bob, texts);
    }

    fn reused(&self) -> u64 {
        self.world.settled(|state| state.ciphertexts())["reused"].as_u64().unwrap()
    }
}

/// Takes events until all these texts have come, in any order and each once.
fn all_come(host: &mut Host, mut texts: Vec<String>) {
    while !texts.is_empty() {
        let message = host.wait_for("message", |message| message["redelivered"] == false);
        let came = texts.iter().position(|text| message["text"] == **text);
        texts.swap_remove(came.unwrap_or_else(|| panic!("{message} is none of {texts:?}\n{}", host.story())));
    }
}

fn call(host: &mut Host, method: &str, params: &Value) -> Value {
    let request = host.client.call(method, Some(&params.to_string())).unwrap();
    let answer = host.answer(request);
    assert_eq!(answer["name"], "WA_OK", "{method}: {answer}");
    answer["result"].clone()
}

/// A client that has not connected and says that its store was put back.
fn restored(config: &Config) -> Host {
    let mut host = World::offline_client(config);
    for _ in 0..2 {
        assert_eq!(call(&mut host, "session.restored", &json!({})), json!({}), "it may be said twice");
    }
    host
}

#[test]
fn a_copy_that_goes_on_as_it_is_uses_keys_twice() {
    let mut scene = Scene::new(&[]);
    scene.original_goes_on();
    assert_eq!(scene.reused(), 0);
    scene.backup.put_back();
    let ada = scene.world.client(&scene.config);
    let sent = ada.client.send_text(BOB, "again", None).unwrap();
    let mut ada = ada;
    assert_eq!(ada.answer(sent)["name"], "WA_OK");
    assert!(scene.reused() > 0, "or the tests below show nothing");
}

#[test]
fn a_copy_that_is_said_to_be_one_uses_no_key_twice_and_messages_go_both_ways() {
    let mut scene = Scene::new(&[]);
    scene.original_goes_on();
    // The same copy is put back again and again, and what came after it goes on each time.
    for round in 0..3 {
        scene.backup.put_back();
        let mut ada = restored(&scene.config);
        ada.client.connect().unwrap();
        ada.wait("ready");
        if round == 1 {
            // First what was sent to keys that are gone.
            scene.hear(&mut ada, 3);
        }
        scene.say(&ada, MANY);
        scene.hear(&mut ada, 3);
        let unreadable = ada.taken("message.unreadable").len();
        assert!(round == 1 || unreadable == 0, "{}", ada.story());
        scene.world.no_key_is_used_twice();
    }
}

#[test]
fn it_may_be_said_amid_the_life_of_a_session() {
    let mut scene = Scene::new(&[]);
    let mut ada = scene.world.client(&scene.config);
    ada.wait("ready");
    scene.talk(&mut ada, 3);
    let requests: Vec<u64> =
        (0..10).map(|number| ada.client.send_text(BOB, &format!("amid {number}"), None).unwrap()).collect();
    let request = ada.client.call("session.restored", None).unwrap();
    all_come(&mut scene.bob, (0..10).map(|number| format!("amid {number}")).collect());
    let mut left: Vec<u64> = requests.into_iter().chain([request]).collect();
    while !left.is_empty() {
        let answer = ada.wait_for("result", |answer| left.contains(&answer["request"].as_u64().unwrap()));
        assert_eq!(answer["name"], "WA_OK", "{answer}");
        left.retain(|request| answer["request"] != *request);
    }
    scene.talk(&mut ada, 3);
    scene.world.no_key_is_used_twice();
}

#[test]
fn a_session_that_is_not_linked_has_nothing_to_drop() {
    let world = World::new();
    restored(&world.config());
}

/// A message that waited in the copy goes out under the id that it had, and an event that was not acknowledged comes again.
#[test]
fn what_waited_in_the_copy_is_sent_and_told_once_more() {
    let mut scene = Scene::new(&[]);
    let mut ada = World::offline_client(&scene.config);
    ada.client.send_text(BOB, "it waits", Some("WAITS-1")).unwrap();
    // The answer to a later question shows that it is in the store.
    call(&mut ada, "session.status", &json!({}));
    drop(ada);
    let backup = Backup::of(&scene.folder);
    let mut ada = scene.world.client(&scene.config);
    ada.wait("ready");
    let message = scene.bob.wait_for("message", |message| message["text"] == "it waits");
    assert_eq!(message["message_id"], "WAITS-1");
    drop(ada);
    backup.put_back();
    let mut ada = restored(&scene.config);
    ada.client.connect().unwrap();
    ada.wait("ready");
    scene.talk(&mut ada, 2);
    assert_eq!(scene.bob.taken("message").iter().filter(|message| message["text"] == "it waits").count(), 1);
    scene.world.no_key_is_used_twice();
}

/// Bob has it from the original; the server shows by its keys that the store is an older copy.
#[test]
fn a_copy_that_the_server_gives_away_begins_anew_before_it_sends() {
    let mut scene = Scene::new(&[("prekeys.upload_count", "6")]);
    let is_upload = |stanza: &Value| stanza["children"][0]["tag"] == "registration";
    let after = scene.world.now();
    let mut ada = scene.world.client(&scene.config);
    ada.wait("ready");
    let value = json!({ "tag": "count", "attrs": { "value": "1" } });
    let attrs = json!({ "from": "s.whatsapp.net", "type": "encrypt", "id": "c-1" });
    let connections = scene.world.sim.clone();
    let to_ada = scene.world.settled(|state| {
        let list = state.connections();
        let mine = list.as_array().unwrap().iter().filter(|one| one.to_string().contains(ADA));
        mine.filter_map(|one| one["id"].as_u64()).max().unwrap()
    });
    let stanza = json!({ "tag": "notification", "attrs": attrs, "children": [value] });
    connections.connection(to_ada, "send", &json!({ "stanza": stanza })).unwrap();
    scene.world.received(after, is_upload);
    scene.talk(&mut ada, MANY);
    drop(ada);
    scene.backup.put_back();

    // A message was handed in before there was a connection, and the server takes its time to say what it holds.
    scene.world.fault(json!({ "when": { "child": "digest" }, "do": { "delay": 700 } }));
    let mut ada = World::offline_client(&scene.config);
    let sent = ada.client.send_text(BOB, "first", None).unwrap();
    ada.client.connect().unwrap();
    assert_eq!(ada.answer(sent)["name"], "WA_OK");
    assert!(
        ada.taken("log")
            .iter()
            .any(|line| line["text"].as_str().unwrap().contains("put back from an older copy")),
        "{}",
        ada.story()
    );
    all_come(&mut scene.bob, vec!["first".to_owned()]);
    scene.talk(&mut ada, MANY);
    scene.world.no_key_is_used_twice();
}

#[test]
fn a_server_that_does_not_say_what_it_holds_holds_nothing_up_for_long() {
    let mut scene = Scene::new(&[]);
    scene.world.fault(json!({ "when": { "child": "digest" }, "do": "drop" }));
    let mut ada = scene.world.client(&scene.config);
    ada.wait("ready");
    scene.talk(&mut ada, 2);
}

/// The entry of the child: it says that its store was put back, and then that it is done. Without a store this is no child.
#[test]
fn child_process() {
    let Some(url) = env::var_os(STORE) else { return };
    let mut config = Config::new();
    config.set("store.url", url.to_str().unwrap()).unwrap();
    let mut host = World::offline_client(&config);
    println!("open");
    call(&mut host, "session.restored", &json!({}));
    println!("done");
    thread::sleep(Duration::from_secs(600));
}

#[test]
fn a_kill_amid_it_leaves_what_was_or_all_of_what_is_to_be() {
    let mut scene = Scene::new(&[]);
    scene.original_goes_on();
    let (mut before, mut after) = (0, 0);
    for round in 0..12u64 {
        scene.backup.put_back();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "restored::child_process", "--nocapture"])
            .env(STORE, format!("sqlite:{}", scene.folder.join("ada.db").display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "open"));
        thread::sleep(Duration::from_micros(round * round * 400));
        child.kill().unwrap();
        child.wait().unwrap();
        // Lines that are still in the pipe were said before the kill.
        let is_done = lines.any(|line| line == "done");
        if is_done {
            after += 1
        } else {
            before += 1
        }
        let mut ada = if is_done { World::offline_client(&scene.config) } else { restored(&scene.config) };
        ada.client.connect().unwrap();
        ada.wait("ready");
        scene.say(&ada, 1);
        scene.hear(&mut ada, 1);
        scene.world.no_key_is_used_twice();
    }
    println!("killed {before} times before the result and {after} times after it");
}
