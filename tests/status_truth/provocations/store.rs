//! The statuses of wa_client_new when the configuration or the store is not as it should be.

use std::fs::{self, File};
use std::path::Path;

use super::Returned;
use crate::calls::{Client, Config};
use crate::system;
use wa::api::Status;

const KEY: &str = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d";
const OTHER_KEY: &str = "45c48cce2e2d7fbdea1afc51c7c6ad2645c48cce2e2d7fbdea1afc51c7c6ad26";

/// Makes a client with a store in that folder, or fails to.
type Opening = fn(&Path) -> Status;

/// Each gets a folder of its own.
const TABLE: &[(Status, Opening)] = &[
    (Status::BAD_VALUE, |_| open(&[("server.ca_file", "/nowhere.pem")])),
    (Status::INSECURE_URL, |_| open(&[("server.url", "ws://example.com/ws/chat")])),
    (Status::CONFIG_CONFLICT, |_| open(&[("keepalive.min_ms", "2000"), ("keepalive.max_ms", "1000")])),
    (Status::INVALID_HANDLE, |_| {
        let freed = Config::new();
        freed.free();
        Client::new(&freed).status()
    }),
    (Status::INVALID_ARGUMENT, |_| {
        let other = Client::new(&Config::new()).unwrap();
        Client::with_queue(&Config::new(), &other.queue()).status()
    }),
    (Status::SESSION_IN_USE, |folder| {
        let _first = client(&store(folder)).unwrap();
        open(&store(folder))
    }),
    (Status::STORE_LOCKED, |folder| {
        let file = File::create(folder.join("store.db-lock")).unwrap();
        system::lock(&file);
        open(&store(folder))
    }),
    (Status::STORE_NOT_FOUND, |folder| open(&store(&folder.join("nowhere")))),
    // Nobody may make a file there, not even root.
    (Status::STORE_READ_ONLY, |_| open(&store(Path::new("/sys")))),
    (Status::STORE, |folder| {
        fs::create_dir(folder.join("store.db-lock")).unwrap();
        open(&store(folder))
    }),
    (Status::STORE_FULL, |folder| {
        assert_eq!(open(&store(folder)), Status::OK);
        system::without_room(|| open(&sealed(folder, KEY)))
    }),
    (Status::STORE_CORRUPT, |folder| {
        fs::write(folder.join("store.db"), [0xa5; 8192]).unwrap();
        open(&store(folder))
    }),
    (Status::STORE_TOO_NEW, |folder| {
        assert_eq!(open(&store(folder)), Status::OK);
        let database = rusqlite::Connection::open(folder.join("store.db")).unwrap();
        database.execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(database);
        open(&store(folder))
    }),
    (Status::STORE_SEALED, |folder| {
        assert_eq!(open(&sealed(folder, KEY)), Status::OK);
        open(&store(folder))
    }),
    (Status::WRONG_SEAL_KEY, |folder| {
        assert_eq!(open(&sealed(folder, KEY)), Status::OK);
        open(&sealed(folder, OTHER_KEY))
    }),
    (Status::STORE_NOT_SEALED, |folder| {
        let _unsealed = client(&store(folder)).unwrap();
        open(&sealed(folder, KEY))
    }),
    (Status::TOO_MANY_FILES, |folder| system::without_descriptors(|| open(&store(folder)))),
    (Status::SYSTEM, |folder| system::without_threads(|| open(&store(folder)))),
];

/// Runs the table. Returns the rows that brought about something else.
pub(crate) fn run() -> Vec<String> {
    let folder = || tempfile::tempdir().unwrap();
    let unlike = |(status, provoke): &(Status, Opening)| {
        super::unlike("wa_client_new", *status, || provoke(folder().path()))
    };
    TABLE.iter().filter_map(unlike).collect()
}

type Values = Vec<(&'static str, String)>;

fn store(folder: &Path) -> Values {
    vec![("store.url", format!("sqlite:{}", folder.join("store.db").display()))]
}

fn sealed(folder: &Path, key: &str) -> Values {
    [store(folder), vec![("store.seal_key", key.to_owned())]].concat()
}

fn client<V: AsRef<str>>(values: &[(&str, V)]) -> Result<Client, Status> {
    let values: Vec<_> = values.iter().map(|(key, value)| (*key, value.as_ref())).collect();
    Client::new(&Config::new().with(&values))
}

/// Makes a client and frees it.
fn open<V: AsRef<str>>(values: &[(&str, V)]) -> Status {
    client(values).status()
}
