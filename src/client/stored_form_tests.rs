//! Stores of released versions: each is opened as a session opens it, and every record in it is read.
//!
//! `WA_NEW_STORE=1 cargo test --lib stored_form` adds the stores of the version that is about to be released, one sealed and one not, to
//! tests/vectors/stores. A store that is there is never written anew. What a later version adds to a record is not in the earlier stores:
//! their records are compared with what `fill` writes without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::journal::Journal;
use super::queue::Polled;
use crate::api::{Body, Config, Event, RequestResult, Restricted, RestrictionKind, RestrictionScope, Status};
use crate::crypto::testing::Seeded;
use crate::crypto::{KeyPair, PublicKey, Secret};
use crate::messaging::address::{Kind, User};
use crate::messaging::content::Expiration;
use crate::messaging::engine::DedupWindow;
use crate::messaging::record_cache::{
    Answered, Asked, ContactRecord, DeviceList, GroupRecord, IdentityAlias, ListedDevice, MessageSecret,
    PinnedIdentity, RecentSecret, SecretPeriods, SenderKeyHolders, SentRecord, StoredRecord,
};
use crate::pairing::limiter::{LimiterRecord, Limits};
use crate::signal::{
    IdentityKey, Own, OwnSenderKey, RawBundle, SenderKeyDistribution, SenderKeyRecord, SessionRecord,
};
use crate::store::memory::MemoryBackend;
use crate::store::records::{
    self, AccountLimits, AccountRecord, AppStateKeyRecord, ContactLock, DeviceRecord, OneTimePrekey,
    ServerRecord, SignedPrekey, WebVersionRecord, codec,
};
use crate::store::{self, Batch, Op, SessionName, Space, Value, seal::SealKey, sqlite};

/// The versions, each with the number of the last space that it had.
const VERSIONS: [(&str, u8); 1] = [("0.1.0", 34)];

/// The session in every store.
const SESSION: &str = "main";
/// The key of the sealed ones.
const SEAL_KEY: [u8; 32] = [0x42; 32];
/// The time at which their records were made, Unix milliseconds.
const NOW: i64 = 1_767_225_600_000;
/// A time that does not come soon, Unix seconds.
const LATE: u64 = 4_102_444_800;
const PHONE: &str = "15550001234";

/// A message that the phone is asked for, as version 0.1.0 stores it.
const PHONE_ASK: &[u8] =
    b"\x01\x0a\x01A\x12\x057@lid\x1a\x057@lid\x30\x05\x42\x057@lid\x48\x06\x50\x01\x58\x02\x60\x03";

fn jid(text: &str) -> crate::stanza::Jid {
    text.parse().unwrap()
}

fn device() -> DeviceRecord {
    let mut device = DeviceRecord::generate(NOW, &mut Seeded(1));
    device.routing_info = Some(vec![1, 2, 3]);
    device.refused_version = Some([2, 3000, 1]);
    device.server = Some(ServerRecord {
        key: PublicKey([3; 32]),
        validity: 1_700_000_000..=1_800_000_000,
        root: PublicKey([4; 32]),
        root_serial: 5,
    });
    device
}

fn account() -> AccountRecord {
    let own = (format!("{PHONE}:7@s.whatsapp.net"), "98765:7@lid".to_owned());
    let mut account = AccountRecord::new(own.0, own.1, vec![1, 2, 3], PublicKey([9; 32]));
    account.key_index = 3;
    account.business_name = Some("Büro".to_owned());
    account.platform = "android".to_owned();
    account.push_name = Some("Ada".to_owned());
    account.login_counter = 12;
    account.server_has_prekeys = true;
    account.lid_migrated = true;
    account.clock_offset_ms = -1500;
    account.linked_ms = NOW - 1;
    account.nct_salt = vec![4; 32];
    account.props_hash = Some("hash".to_owned());
    account
}

/// A session that was opened twice, so that it has an earlier state.
fn opened_twice(device: &DeviceRecord) -> SessionRecord {
    let mut record = SessionRecord::default();
    let rng = &mut Seeded(20);
    for _ in 0..2 {
        let (identity, signed) = (KeyPair::generate(&mut Seeded(21)), KeyPair::generate(rng));
        let signature = identity.sign(&[&signed.public().with_type_byte()], rng);
        let bundle = RawBundle {
            registration: &[0, 0, 0, 9],
            key_type: Some(&[5]),
            identity: &identity.public().0,
            signed_id: &[0, 0, 1],
            signed_value: &signed.public().0,
            signed_signature: &signature,
            one_time: None,
        };
        let own = Own { identity: &device.identity, registration_id: device.registration_id };
        let pin = IdentityKey::new(identity.public()).unwrap();
        record.open(&bundle.check().unwrap(), own, &pin, rng).unwrap();
        record.encrypt(b"padded", own, &pin, rng).unwrap();
    }
    record
}

/// Another member's sender key, of which messages are missing.
fn sender_key() -> SenderKeyRecord {
    let rng = &mut Seeded(30);
    let mut theirs = OwnSenderKey::generate(rng);
    let mut record = SenderKeyRecord::default();
    let distribution = theirs.distribution();
    record.accept(&SenderKeyDistribution::parse(&distribution).unwrap());
    let sent: Vec<_> = (0..100).map(|_| theirs.encrypt(b"padded", rng).unwrap().bytes).collect();
    record.decrypt(&crate::signal::SenderKeyMessage::parse(sent.last().unwrap()).unwrap()).unwrap();
    record
}

/// Two events in a row, of which the host has acknowledged the first.
async fn put_events(session: &store::Session, batch: &mut Batch) {
    let restricted = |code| Restricted {
        kind: RestrictionKind::RateLimit,
        scope: RestrictionScope::Client,
        starts_at_ms: None,
        ends_at_ms: Some(NOW),
        code: Some(code),
        user_text: "It holds.".into(),
    };
    let mut events = [1, 2].map(|code| Event::new(0, NOW, restricted(code)));
    let journal = Journal::open(session).await.unwrap();
    drop(journal.put(batch, events.iter_mut()));
    batch.put(Space::EventMark, 0_u64.to_be_bytes(), vec![1, 1]);
}

/// Writes records of every kind that a session keeps.
async fn fill(session: &store::Session) {
    let (device, mut batch) = (device(), Batch::new());
    device.put(&mut batch);
    let made = records::allocate_prekeys(&account(), 3, &mut Seeded(3));
    session.commit(made.batch).await.unwrap();
    let earlier = SignedPrekey::generate(7, &device.identity, NOW, &mut Seeded(4));
    batch.put(Space::SignedPrekey, 7_u32.to_be_bytes(), earlier.encode());
    let mut limiter = LimiterRecord::default();
    limiter.try_request(&Limits::default(), NOW).unwrap();
    batch.put(Space::Limiter, PHONE.as_bytes(), limiter.to_bytes());
    put_events(session, &mut batch).await;

    let user = User::of(&jid("5@lid")).unwrap();
    let (of_user, of_device) = (user.key(), user.device(3).key());
    let mut put = |key: &[u8], record: &mut dyn FnMut(&[u8], &mut Batch)| record(key, &mut batch);
    let key = IdentityKey::new(device.identity.public()).unwrap();
    let mut pin = PinnedIdentity { key, superseded: true };
    put(&of_device, &mut |key, batch| pin.save(key, batch));
    put(&of_user, &mut |key, batch| IdentityAlias("15550000002".into()).save(key, batch));
    put(&of_device, &mut |key, batch| StoredRecord::save(&mut opened_twice(&device), key, batch));
    put(b"1@g.us 5", &mut |key, batch| StoredRecord::save(&mut sender_key(), key, batch));
    put(b"1@g.us", &mut |key, batch| {
        StoredRecord::save(&mut OwnSenderKey::generate(&mut Seeded(5)), key, batch);
    });
    let mut holders = SenderKeyHolders { key_id: 3, devices: [user.device(0), user.device(9)].into() };
    put(b"1@g.us", &mut |key, batch| holders.save(key, batch));
    let mut devices = DeviceList {
        devices: vec![
            ListedDevice { id: 0, key_index: None },
            ListedDevice { id: 65_535, key_index: Some(0) },
        ],
        hash: "2:abc".into(),
        signed_s: 7,
        raw_id: 8,
        fetched_ms: NOW,
    };
    put(&of_user, &mut |key, batch| devices.save(key, batch));
    let mut group = GroupRecord {
        by_lid: true,
        members: vec![user.clone()],
        admins: vec![user.clone()],
        expiration: 86_400,
        fetched_ms: NOW,
        version: String::new(),
    };
    put(b"1@g.us", &mut |key, batch| group.save(key, batch));
    let mut sent = SentRecord {
        chat: user.jid(),
        message: vec![0x0a, 2, b'h', b'i'],
        created_ms: NOW,
        number: 2,
        taken_ms: NOW,
        timer: Expiration { seconds: 4, set_at: Some(5) },
    };
    put(b"3EB0", &mut |key, batch| sent.save(key, batch));
    put(b"asked", &mut |key, batch| Asked { count: 2, at_ms: NOW }.save(key, batch));
    let mut answered = Answered { count: 2, base_key: Some(vec![1; 32]) };
    put(b"answered", &mut |key, batch| answered.save(key, batch));
    let secret = |fill| MessageSecret {
        secret: Secret::new([fill; 32]),
        options: vec!["yes".to_owned(), "no".to_owned()],
        selectable: 1,
    };
    put(b"poll", &mut |key, batch| secret(1).save(key, batch));
    put(b"even", &mut |key, batch| RecentSecret::<false>(secret(2)).save(key, batch));
    put(b"odd", &mut |key, batch| RecentSecret::<true>(secret(3)).save(key, batch));
    put(b"", &mut |key, batch| SecretPeriods { even: 4, odd: 5 }.save(key, batch));
    let mut token = ContactRecord {
        token: vec![1],
        issued_s: 2,
        given_s: 3,
        met: true,
        expiration: 4,
        expiration_set_at: 5,
        taken_as: Some(Kind::Pn),
        push_name: String::new(),
    };
    put(&of_user, &mut |key, batch| token.save(key, batch));

    let mut known = DedupWindow::default();
    known.insert(&user.jid(), &user, "A");
    known.flush(&mut batch);
    let data = zeroize::Zeroizing::new(vec![6; 32]);
    let app_state = AppStateKeyRecord { data, fingerprint: vec![7], made_ms: NOW };
    batch.put(Space::AppStateKey, b"id".as_slice(), app_state.encode());
    batch.put(Space::HistoryNotice, b"3EB1".as_slice(), vec![8, 1]);
    batch.put(Space::FirstContact, 0_u64.to_be_bytes(), NOW.to_be_bytes().to_vec());
    let until_ms = i64::try_from(LATE).unwrap() * 1000;
    let lock = ContactLock { until_ms, ends_s: Some(LATE), reason: Some("DEFAULT".to_owned()) };
    batch.put(Space::Restriction, Vec::new(), codec::encode(&lock));
    batch.put(Space::PhoneAsk, b"3EB2".as_slice(), PHONE_ASK.to_vec());
    WebVersionRecord { version: [2, 3000, 5], learned_ms: NOW }.put(&mut batch);
    session.commit(batch).await.unwrap();
    records::keep_account_limits(session, PHONE, NOW).await.unwrap();
}

type Rows = BTreeMap<(Space, Vec<u8>), Value>;

/// Reads all rows of a session in the spaces up to `last`, but for the seal, which is not its own.
async fn rows(session: &store::Session, last: u8) -> Rows {
    let mut rows = Rows::new();
    for space in Space::ALL.iter().copied().filter(|space| *space != Space::Seal && space.number() <= last) {
        let found = session.scan(space, None, 100).await.unwrap();
        assert!(!found.is_empty(), "there is no record of {space:?}");
        rows.extend(found.into_iter().map(|(key, value)| ((space, key), value)));
    }
    rows
}

/// Reads a record of the cache, and writes its first part again.
fn cached<R: StoredRecord>(parts: &[Option<Value>]) -> Value {
    let mut batch = Batch::new();
    R::load(parts).unwrap().save(b"key", &mut batch);
    let written = batch.ops().iter().find_map(|op| match op {
        Op::Put { space, value, .. } if *space == R::SPACES[0] => Some(value.clone()),
        _ => None,
    });
    written.unwrap()
}

/// Reads every record by its codec, and writes it again as this version does.
fn read_again(rows: &Rows) -> Rows {
    let again = |((space, key), value): (&(Space, Vec<u8>), &Value)| {
        let other = |space| rows.get(&(space, key.clone())).cloned();
        let parts = [Some(value.clone())];
        let read = match space {
            Space::Device => DeviceRecord::decode(value).unwrap().encode(),
            Space::Account => AccountRecord::decode(value).unwrap().encode(),
            Space::OneTimePrekey => cached::<OneTimePrekey>(&parts),
            Space::SignedPrekey => SignedPrekey::decode(value).unwrap().encode(),
            Space::Limiter => LimiterRecord::from_bytes(value).to_bytes().into(),
            Space::Identity => cached::<PinnedIdentity>(&parts),
            Space::LidMap => cached::<IdentityAlias>(&parts),
            Space::Session => cached::<SessionRecord>(&[Some(value.clone()), other(Space::SessionArchive)]),
            Space::SenderKey => {
                cached::<SenderKeyRecord>(&[Some(value.clone()), other(Space::SenderKeyArchive)])
            }
            Space::OwnSenderKey => cached::<OwnSenderKey>(&parts),
            Space::SenderKeyHolders => cached::<SenderKeyHolders>(&parts),
            Space::Devices => cached::<DeviceList>(&parts),
            Space::Group => cached::<GroupRecord>(&parts),
            Space::Outbox => cached::<SentRecord>(&parts),
            Space::RetryAsked => cached::<Asked>(&parts),
            Space::RetryAnswered => cached::<Answered>(&parts),
            Space::MessageSecret => cached::<MessageSecret>(&parts),
            Space::SecretEven => cached::<RecentSecret<false>>(&parts),
            Space::SecretOdd => cached::<RecentSecret<true>>(&parts),
            Space::SecretPeriods => cached::<SecretPeriods>(&parts),
            Space::PrivacyToken => cached::<ContactRecord>(&parts),
            Space::AppStateKey => AppStateKeyRecord::decode(value).unwrap().encode(),
            Space::Restriction => codec::encode(&codec::decode::<ContactLock>(*space, value).unwrap()),
            Space::AccountLimits => codec::encode(&codec::decode::<AccountLimits>(*space, value).unwrap()),
            // Numbers and bytes as they stand, the other part of a record, or read by a session that starts.
            _ => value.clone(),
        };
        ((*space, key.clone()), read)
    };
    rows.iter().map(again).collect()
}

async fn open(path: &Path, is_sealed: bool) -> store::Session {
    let key = is_sealed.then(|| SealKey::new(SEAL_KEY));
    let backend = store::open(&format!("sqlite:{}", path.display()), key.as_ref()).await.unwrap();
    store::Session::open(backend, &SessionName::new(SESSION).unwrap()).await.unwrap()
}

/// Opens the session as a host does, and lets it load what a session loads when it is used first.
fn start_session(path: &Path, is_sealed: bool) {
    let mut config = Config::new();
    config.set("store.url", &format!("sqlite:{}", path.display())).unwrap();
    config.set("session.id", SESSION).unwrap();
    if is_sealed {
        config.set("store.seal_key", &hex::encode(SEAL_KEY)).unwrap();
    }
    let client = Client::new(&config, None).unwrap();
    assert!(client.is_linked());
    client.call("session.status", None).unwrap();
    client.call("restrictions.get", None).unwrap();
    let (mut answers, mut redelivered) = (Vec::new(), Vec::new());
    while answers.len() < 2 {
        let Polled::Event(event) = client.queue().poll(Some(Duration::from_secs(60))) else {
            panic!("the session gives no answer")
        };
        match event.body {
            Body::RequestResult(RequestResult { status, result, .. }) => {
                assert_eq!(status, Status::OK);
                answers.push(result);
            }
            Body::Restricted(restricted) => redelivered.push(restricted.code),
            Body::Closed(closed) => panic!("{closed:?}"),
            _ => {}
        }
    }
    assert_eq!(redelivered, [Some(2)]);
    let account = account();
    assert_eq!(
        (answers[0]["jid"].as_str(), answers[0]["lid"].as_str(), answers[0]["phone"].as_str()),
        (Some(account.jid.as_str()), Some(account.lid.as_str()), Some(PHONE))
    );
    assert_eq!(
        (answers[1]["time_locked"].as_bool(), answers[1]["reason"].as_str()),
        (Some(true), Some("DEFAULT"))
    );
    assert!(client.shut_down(Duration::from_secs(60)));
}

/// Reads `user_version` out of the header of a database file.
fn schema_version(path: &Path) -> u32 {
    let file = std::fs::read(path).unwrap();
    u32::from_be_bytes(file[60..64].try_into().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn stores() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/stores")
}

/// Adds the stores of this version, if that is wished for.
fn add_stores() {
    if std::env::var_os("WA_NEW_STORE").is_none() {
        return;
    }
    std::fs::create_dir_all(stores()).unwrap();
    for is_sealed in [false, true] {
        let version = env!("CARGO_PKG_VERSION");
        let name = format!("{version}{}.db", if is_sealed { "-sealed" } else { "" });
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(&name);
        runtime().block_on(async {
            let session = open(&path, is_sealed).await;
            fill(&session).await;
            rows(&session, u8::MAX).await;
        });
        assert!(sqlite::wait_closed(Duration::from_secs(60)));
        let to = stores().join(&name);
        assert!(!to.exists(), "{} is there already", to.display());
        std::fs::copy(&path, &to).unwrap();
    }
}

#[test]
fn stores_of_released_versions_open_unchanged() {
    add_stores();
    let filled = runtime().block_on(async {
        let name = SessionName::new(SESSION).unwrap();
        let session = store::Session::open(Arc::new(MemoryBackend::new()), &name).await.unwrap();
        fill(&session).await;
        session
    });
    let mut found = 0;
    for entry in std::fs::read_dir(stores()).unwrap() {
        let (from, directory) = (entry.unwrap().path(), tempfile::tempdir().unwrap());
        let name = from.file_stem().unwrap().to_str().unwrap();
        let (is_sealed, version) = (name.ends_with("-sealed"), name.trim_end_matches("-sealed"));
        let (_, last) =
            VERSIONS.iter().find(|(known, _)| *known == version).expect("VERSIONS lacks a version");
        let path = directory.path().join("store.db");
        std::fs::copy(&from, &path).unwrap();
        let (stored, wanted) = runtime().block_on(async {
            let session = open(&path, is_sealed).await;
            let learned = WebVersionRecord::load(&session).await.unwrap();
            assert_eq!(learned, Some(WebVersionRecord { version: [2, 3000, 5], learned_ms: NOW }));
            (rows(&session, *last).await, rows(&filled, *last).await)
        });
        assert!(sqlite::wait_closed(Duration::from_secs(60)));
        assert!(read_again(&stored) == read_again(&wanted), "{}", from.display());
        start_session(&path, is_sealed);
        assert!(sqlite::wait_closed(Duration::from_secs(60)));
        assert_eq!(schema_version(&path), schema_version(&from), "{}", from.display());
        found += 1;
    }
    assert!(found >= 2, "one store is sealed, and one is not");
}
