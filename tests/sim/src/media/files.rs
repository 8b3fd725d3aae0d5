//! The files that the media servers hold.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use wa::crypto::sha256;

use super::path::{DirectPath, LIFETIME};

/// The condition for deleting a file: its handle, and the secret that the account's devices share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) handle: String,
    pub(crate) secret: String,
}

/// A file that a phone puts up.
pub(crate) struct Upload {
    pub(crate) number: String,
    pub(crate) mms_type: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) lock: Option<Lock>,
    /// Its path has run out already.
    pub(crate) has_run_out: bool,
}

/// The state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    /// Whoever asks for it is told that it was there.
    Expired,
    Deleted,
}

struct File {
    path: DirectPath,
    number: String,
    mms_type: String,
    /// Base64 of the hash of its bytes, for addresses, without padding.
    token: String,
    lock: Option<Lock>,
    bytes: Bytes,
    state: State,
    downloads: u64,
}

/// The query of a request for a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown<'a> {
    pub(super) oh: Option<&'a str>,
    pub(super) oe: Option<&'a str>,
    /// `hash`, or `token`.
    pub(super) hash: Option<&'a str>,
    pub(super) mms_type: Option<&'a str>,
}

/// A request to delete a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deletion<'a> {
    pub(super) mms_type: &'a str,
    pub(super) token: &'a str,
    /// The direct path without its query.
    pub(super) path: &'a str,
    /// The account whose token of `media_conn` was shown.
    pub(super) number: &'a str,
    pub(super) handle: Option<&'a str>,
    pub(super) secret: Option<&'a str>,
}

/// A refusal: an HTTP status, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotServed {
    pub(super) status: u16,
    pub(super) why: &'static str,
}

fn not_served(status: u16, why: &'static str) -> NotServed {
    NotServed { status, why }
}

#[derive(Default)]
struct Held {
    last: u64,
    by_name: BTreeMap<String, File>,
    refused: u64,
}

/// All files.
pub(crate) struct Files {
    /// Signs the paths.
    secret: [u8; 32],
    held: Mutex<Held>,
}

impl Files {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret, held: Mutex::default() }
    }

    /// Takes a file; gives its direct path, with its query.
    pub(crate) fn put(&self, upload: Upload, now: u64) -> String {
        let mut held = self.held.lock();
        held.last += 1;
        let ends = if upload.has_run_out { now.saturating_sub(1) } else { now + LIFETIME };
        let path = DirectPath::new(held.last, &self.secret, ends);
        let uploaded = path.text();
        let file = File {
            token: URL_SAFE_NO_PAD.encode(sha256(&[&upload.bytes])),
            number: upload.number,
            mms_type: upload.mms_type,
            lock: upload.lock,
            bytes: upload.bytes.into(),
            state: State::Held,
            downloads: 0,
            path,
        };
        held.by_name.insert(file.path.name.clone(), file);
        uploaded
    }

    /// Returns the account and the type of a file, for rules.
    pub(super) fn owner(&self, name: &str) -> Option<(String, String)> {
        self.held.lock().by_name.get(name).map(|file| (file.number.clone(), file.mms_type.clone()))
    }

    /// Returns the bytes of a file to whoever shows its whole path.
    pub(super) fn fetch(&self, name: &str, shown: Shown<'_>, now: u64) -> Result<Bytes, NotServed> {
        let mut held = self.held.lock();
        let found = held.fetch(name, shown, now);
        held.refused += u64::from(found.is_err());
        found
    }

    /// Deletes a file, if it is the account's and what it is locked with is shown.
    pub(super) fn delete(&self, deletion: Deletion<'_>) -> Result<(), NotServed> {
        let mut held = self.held.lock();
        let deleted = held.delete(deletion);
        held.refused += u64::from(deleted.is_err());
        deleted
    }

    /// Notes a request that was refused before a file was looked for.
    pub(super) fn note_refused(&self) {
        self.held.lock().refused += 1;
    }

    /// Lets files expire: those of an account, or those with that in their path; gives their number.
    pub(crate) fn expire(&self, number: Option<&str>, path: Option<&str>) -> usize {
        let mut held = self.held.lock();
        let meant = held.by_name.values_mut().filter(|file| {
            file.state == State::Held
                && number.is_none_or(|number| file.number == number)
                && path.is_none_or(|path| file.path.text().contains(path))
        });
        meant.map(|file| file.state = State::Expired).count()
    }

    /// The figures, of all accounts or of one, and the files as JSON.
    pub(crate) fn show(&self, number: Option<&str>) -> Value {
        let held = self.held.lock();
        let files = || held.by_name.values().filter(|file| number.is_none_or(|number| file.number == number));
        let kept = || files().filter(|file| file.state != State::Deleted);
        json!({
            "held": kept().count(),
            "bytes": kept().map(|file| file.bytes.len()).sum::<usize>(),
            "downloads": files().map(|file| file.downloads).sum::<u64>(),
            "deleted": files().filter(|file| file.state == State::Deleted).count(),
            "refused": held.refused,
            "files": files().map(File::show).collect::<Vec<_>>(),
        })
    }
}

impl Held {
    fn fetch(&mut self, name: &str, shown: Shown<'_>, now: u64) -> Result<Bytes, NotServed> {
        let file = self.by_name.get_mut(name).ok_or(not_served(404, "there is no such file"))?;
        if !file.path.allows(shown.oh, shown.oe, now) {
            return Err(not_served(403, "the signature of the path is missing, wrong or has run out"));
        }
        match file.state {
            State::Deleted => return Err(not_served(404, "the file was deleted")),
            State::Expired => return Err(not_served(410, "the file has expired")),
            State::Held => {}
        }
        if shown.hash.is_some_and(|hash| unpadded(hash) != file.token) {
            return Err(not_served(400, "the hash is not that of the file"));
        }
        if shown.mms_type.is_some_and(|mms_type| mms_type != file.mms_type) {
            return Err(not_served(400, "the mms-type is not that of the file"));
        }
        file.downloads += 1;
        Ok(file.bytes.clone())
    }

    fn delete(&mut self, deletion: Deletion<'_>) -> Result<(), NotServed> {
        let file =
            self.by_name.get_mut(deletion.path).ok_or(not_served(404, "there is no file of that d_md"))?;
        if file.state == State::Deleted {
            return Err(not_served(404, "the file was deleted before"));
        }
        if unpadded(deletion.token) != file.token || deletion.mms_type != file.mms_type {
            return Err(not_served(400, "token and type are not those of the file of that d_md"));
        }
        if deletion.number != file.number {
            return Err(not_served(403, "the file belongs to another account"));
        }
        if let Some(lock) = &file.lock {
            if deletion.handle != Some(&*lock.handle) {
                return Err(not_served(403, "e_handle is missing or wrong"));
            }
            if deletion.secret != Some(&*lock.secret) {
                return Err(not_served(403, "the header Companion_User_Secret is missing or wrong"));
            }
        }
        file.state = State::Deleted;
        file.bytes = Bytes::new();
        Ok(())
    }
}

impl File {
    fn show(&self) -> Value {
        json!({
            "path": self.path.text(),
            "number": self.number,
            "type": self.mms_type,
            "bytes": self.bytes.len(),
            "downloads": self.downloads,
            "deleted": self.state == State::Deleted,
            "expired": self.state == State::Expired,
            "token": self.token,
            "e_handle": self.lock.as_ref().map(|lock| lock.handle.clone()),
        })
    }
}

/// Base64 with or without its padding.
fn unpadded(token: &str) -> &str {
    token.trim_end_matches('=')
}
