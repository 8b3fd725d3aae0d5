//! Files over HTTP: whole, in part, refused, deleted, and as rules spoil them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use common::{
    Companion, NUMBER, Wire, http,
    http::{delete, get, host, plain, request},
    settled, simulator, until, with,
};
use serde_json::{Value, json};
use wa::{
    crypto::sha256,
    stanza::{Node, Stanza, build},
};
use wa_sim::{Handle, State};

/// The number of another phone.
const OTHER: &str = "15550005678";

fn bytes() -> Vec<u8> {
    (0..50_000u32).map(|n| (n * 31 + (n >> 8)) as u8).collect()
}

/// Puts a file up; gives its path.
fn put(sim: &Handle, more: Value) -> String {
    let mut file = json!({ "number": NUMBER, "type": "md-msg-hist", "bytes": STANDARD.encode(bytes()) });
    file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    sim.put_file(&file).unwrap()["path"].as_str().unwrap().to_owned()
}

async fn logged_in(sim: &Handle) -> Wire {
    let mut companion = Companion::new();
    companion.link(sim).await;
    companion.log_in(sim).await.0
}

async fn media_conn(wire: &mut Wire) -> Stanza {
    wire.query(build::set("w:m").child(Node::new("media_conn"))).await
}

async fn auth(wire: &mut Wire) -> String {
    media_conn(wire).await.root().child("media_conn").unwrap().str("auth").unwrap().into_owned()
}

#[tokio::test]
async fn a_file_is_on_every_address_and_the_host_is_the_one_that_the_client_has() {
    let sim = simulator().await;
    let started = sim.started();
    let path = put(&sim, json!({}));
    for (host, ca) in
        [(plain(started), None), (host(&started.wss), Some(&*started.ca_pem)), (host(&started.control), None)]
    {
        let answer = request(host, ca, ("GET", &path, &[])).await.unwrap();
        assert_eq!((answer.status, answer.body == bytes()), (200, true), "{host}");
    }
    let mut wire = logged_in(&sim).await;
    let answer = media_conn(&mut wire).await;
    let conn = answer.root().child("media_conn").unwrap();
    let hosts: Vec<_> = conn.children_named("host").collect();
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0].str("hostname").as_deref(), Some(plain(started)));
    for (key, value) in [("ttl", 3_600), ("auth_ttl", 21_600), ("max_buckets", 12)] {
        assert_eq!(conn.u64(key), Some(value), "{key}");
    }
    media_conn(&mut wire).await;
    let connections = settled_connections(&sim, &mut wire).await;
    let ours = connections.as_array().unwrap().last().unwrap();
    assert_eq!(ours["media_conns"], 2, "{connections}");
    let get = build::get("w:m").child(Node::new("media_conn"));
    assert!(wire.query(get).await.root().is("type", "error"), "it is set, not got");
}

/// The connections, after what the client sent is handled.
async fn settled_connections(sim: &Handle, wire: &mut Wire) -> Value {
    wire.query(build::get("w:p")).await;
    sim.wait(common::PATIENCE, |state| Some(state.connections())).await.unwrap()
}

#[tokio::test]
async fn requests_for_files_are_no_connections_and_the_websocket_stays_one() {
    let sim = simulator().await;
    let (host, path) = (plain(sim.started()).to_owned(), put(&sim, json!({})));
    // The address is still that of the WebSocket.
    let _wire = logged_in(&sim).await;
    sim.add_fault(json!({ "when": { "point": "media" }, "do": "silence" })).unwrap();
    let look = async {
        until(&sim, |state| (state.faults()[0]["applied"] == 1).then_some(())).await;
        let open = until(&sim, |state| Some(state.connections())).await;
        assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
        drop(sim);
    };
    let (none, ()) = tokio::join!(request(&host, None, ("GET", &path, &[])), look);
    assert_eq!(none, None);
}

#[tokio::test]
async fn parts_are_given_and_what_clients_add_to_the_path_is_compared() {
    let sim = simulator().await;
    let started = sim.started();
    let path = put(&sim, json!({}));
    for (range, part) in
        [("bytes=100-199", 100..200), ("bytes=49990-", 49_990..50_000), ("bytes=-7", 49_993..50_000)]
    {
        let answer = request(plain(started), None, ("GET", &path, &[("Range", range)])).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (206, &bytes()[part.clone()]), "{range}");
        let of = format!("bytes {}-{}/50000", part.start, part.end - 1);
        assert_eq!(answer.header("content-range"), Some(&*of));
    }
    let outside = request(plain(started), None, ("GET", &path, &[("Range", "bytes=50000-")])).await.unwrap();
    assert_eq!((outside.status, outside.header("content-range")), (416, Some("bytes */50000")));
    let hash = sha256(&[&bytes()]);
    for good in [
        format!("&hash={}&mms-type=md-msg-hist&__wa-mms=", URL_SAFE.encode(hash)),
        format!("&auth=anything&token={}", URL_SAFE_NO_PAD.encode(hash)),
    ] {
        assert_eq!(get(started, &format!("{path}{good}")).await.unwrap().status, 200, "{good}");
    }
    for bad in ["&hash=AAAA", "&token=AAAA", "&mms-type=image"] {
        assert_eq!(get(started, &format!("{path}{bad}")).await.unwrap().status, 400, "{bad}");
    }
}

#[tokio::test]
async fn unknown_unsigned_and_expired_paths_are_refused() {
    let sim = simulator().await;
    let started = sim.started();
    let path = put(&sim, json!({}));
    let name = path.split('?').next().unwrap();
    let unknown = path.replace("/1000", "/2000");
    let run_out = put(&sim, json!({ "expired": true }));
    for (bad, status) in [(name, 403), (&*unknown, 404), (&run_out, 403), ("/v/", 404), ("/mms/x", 404)] {
        assert_eq!(get(started, bad).await.unwrap().status, status, "{bad}");
    }
    let other_end = path.replace("oe=", "oe=1");
    assert_eq!(get(started, &other_end).await.unwrap().status, 403);
    assert_eq!(sim.expire_media(&json!({ "number": OTHER })), Ok(0));
    assert_eq!(sim.expire_media(&json!({ "path": name })), Ok(1));
    assert_eq!(get(started, &path).await.unwrap().status, 410);
    let media = settled(&sim, |state| state.media()).await;
    assert_eq!((&media["refused"], &media["downloads"]), (&json!(5), &json!(0)), "{media}");
}

#[tokio::test]
async fn only_the_account_deletes_and_only_with_the_secret_of_a_locked_file() {
    let sim = with(|_| {}).await;
    assert!(sim.add_phone(OTHER, "Bob"));
    let started = sim.started();
    let locked = put(&sim, json!({ "e_handle": "handle", "secret": "nonce" }));
    let of_other = put(&sim, json!({ "number": OTHER }));
    let mut wire = logged_in(&sim).await;
    let auth = auth(&mut wire).await.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let token = URL_SAFE_NO_PAD.encode(sha256(&[&bytes()]));
    let d_md = |path: &str| URL_SAFE_NO_PAD.encode(path.split('?').next().unwrap());
    let target = |path: &str, auth: &str, handle: &str| {
        format!("/mms/md-msg-hist/{token}?token={token}&d_md={}&auth={auth}{handle}", d_md(path))
    };
    let good = target(&locked, &auth, "&e_handle=handle");
    let elsewhere = good.replace("/md-msg-hist/", "/image/");
    let unlike = good.replacen(&format!("/{token}"), "/AAAA", 1);
    for (path, secret, status) in [
        (target(&locked, "AAAA", "&e_handle=handle"), Some("nonce"), 401),
        (good.replace("&auth=", "&other="), Some("nonce"), 401),
        (good.clone(), None, 403),
        (good.clone(), Some("other"), 403),
        (target(&locked, &auth, ""), Some("nonce"), 403),
        (target(&locked, &auth, "&e_handle=other"), Some("nonce"), 403),
        (target(&of_other, &auth, ""), None, 403),
        (target("/v/none", &auth, ""), None, 404),
        (good.replace("&d_md=", "&d_md=!"), Some("nonce"), 400),
        (elsewhere, Some("nonce"), 400),
        (unlike, Some("nonce"), 400),
    ] {
        assert_eq!(delete(started, &path, secret).await.status, status, "{path} {secret:?}");
    }
    assert_eq!(get(started, &locked).await.unwrap().status, 200, "it is there still");
    assert_eq!(delete(started, &good, Some("nonce")).await.status, 200);
    assert_eq!(delete(started, &good, Some("nonce")).await.status, 404);
    assert_eq!(get(started, &locked).await.unwrap().status, 404);
    wire.query(build::get("w:p")).await;
    let media = sim.wait(common::PATIENCE, |state| Some(state.media())).await.unwrap();
    assert_eq!(
        (&media["held"], &media["deleted"], &media["downloads"]),
        (&json!(1), &json!(1), &json!(1)),
        "{media}"
    );
}

/// Answers that a rule spoils.
#[tokio::test]
async fn rules_spoil_downloads() {
    let sim = simulator().await;
    let started = sim.started();
    let path = put(&sim, json!({}));
    let whole = bytes();
    let fetch = |action: Value| {
        sim.clear_faults();
        let when = json!({ "point": "media", "number": NUMBER, "path": "_n.enc", "method": "GET", "type": "md-msg-hist" });
        sim.add_fault(json!({ "when": when, "do": action })).unwrap();
        async { (get(started, &path).await, get(started, &path).await.unwrap()) }
    };
    let good = |answer: &http::Answer| answer.status == 200 && answer.is_whole && answer.body == whole;
    let (status, after) = fetch(json!({ "http": 503 })).await;
    assert!(status.unwrap().status == 503 && good(&after));
    let (throttled, _) = fetch(json!({ "error": { "code": 429, "backoff": 2 } })).await;
    let throttled = throttled.unwrap();
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, Some("2")));
    assert!(good(&fetch(json!({ "delay": 1 })).await.0.unwrap()));
    for action in ["close", "cut"] {
        let (none, after) = fetch(json!(action)).await;
        assert!(none.is_none() && good(&after), "{action}");
    }
    let (cut, _) = fetch(json!({ "cut_at": 20_000 })).await;
    let cut = cut.unwrap();
    assert!(!cut.is_whole && cut.body.len() <= 20_000 && whole.starts_with(&cut.body), "{}", cut.body.len());
    let (flipped, _) = fetch(json!({ "flip_at": 123 })).await;
    let flipped = flipped.unwrap().body;
    let other: Vec<usize> = (0..whole.len()).filter(|at| flipped[*at] != whole[*at]).collect();
    assert_eq!((other, flipped.len()), (vec![123], whole.len()));
    let (short, _) = fetch(json!("truncate")).await;
    let short = short.unwrap();
    assert!(short.is_whole && short.body == whole[..whole.len() - 1]);
    assert!(good(&fetch(json!([{ "slow": 1 }, { "split": 9_999 }])).await.0.unwrap()));
}

#[tokio::test]
async fn rules_hang_downloads() {
    for (action, is_begun) in [(json!("silence"), false), (json!({ "hang_at": 1_000 }), true)] {
        let sim = simulator().await;
        let (host, path) = (plain(sim.started()).to_owned(), put(&sim, json!({})));
        sim.add_fault(json!({ "when": { "point": "media" }, "do": action })).unwrap();
        let end = async {
            let wanted = json!(u64::from(is_begun));
            let is_on_its_way = |state: &State<'_>| {
                (state.faults()[0]["applied"] == 1 && state.media()["downloads"] == wanted).then_some(())
            };
            until(&sim, is_on_its_way).await;
            drop(sim);
        };
        // It ends only with the simulator.
        let (answer, ()) = tokio::join!(request(&host, None, ("GET", &path, &[])), end);
        assert!(answer.is_none_or(|it| is_begun && !it.is_whole && it.body.len() <= 1_000), "{action}");
    }
}
