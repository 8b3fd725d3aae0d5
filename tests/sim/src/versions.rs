//! The versions of the web client that are let in, and the one that the server calls the newest.
//!
//! Versions come several times a day and live for two to four months; then the server refuses them. Without other word the simulator
//! reckons with that: from a version whose day is known, and the numbers that come in a day, follow the newest of today and the
//! oldest that is still let in.

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use wa::noise::client_payload::AppVersion;

use crate::options::Options;

/// A version and the day on which it was the newest, in days since 1970: 10 October 2026.
const KNOWN: (u64, u64) = (1_049_950_004, 20_736);
/// By how much the number rises in a day: the mean of August to October 2026.
const PER_DAY: u64 = 84_000;

/// The newest version and the oldest that is let in, as long as they were not set.
#[derive(Default)]
pub(crate) struct Versions(Mutex<State>);

#[derive(Default)]
struct State {
    newest: Option<AppVersion>,
    oldest: Option<AppVersion>,
    asked: u64,
}

/// The settings; null goes back to what is reckoned.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[serde(default, deserialize_with = "given")]
    newest: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    oldest: Option<Option<String>>,
}

/// Tells null from nothing.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Versions {
    /// The newest version.
    pub(crate) fn newest(&self, now: u64) -> AppVersion {
        self.0.lock().newest.unwrap_or_else(|| of_day(now / DAY).max(AppVersion::BUILT_IN))
    }

    /// The oldest version that is let in: as set, as the option says, or the newest so many days ago. The library's own version
    /// is always let in unless something was set: whoever tests with an old release tests that release.
    pub(crate) fn oldest(&self, options: &Options, now: u64) -> AppVersion {
        if let Some(set) = self.0.lock().oldest.or(options.min_version) {
            return set;
        }
        match options.version_life_days {
            0 => AppVersion([0, 0, 0]),
            days => of_day((now / DAY).saturating_sub(days)).min(AppVersion::BUILT_IN),
        }
    }

    /// The page that tells the newest version, in the form of WhatsApp Web's own.
    pub(crate) fn page(&self, now: u64) -> String {
        let AppVersion([_, _, revision]) = self.newest(now);
        self.0.lock().asked += 1;
        format!(r#"self.__swData=JSON.parse("{{\"dynamic_data\":{{\"client_revision\":{revision}}}}}");"#)
    }

    /// `GET /version`.
    pub(crate) fn show(&self, options: &Options, now: u64) -> Value {
        let (newest, oldest) = (self.newest(now).to_string(), self.oldest(options, now).to_string());
        json!({ "newest": newest, "oldest": oldest, "asked": self.0.lock().asked })
    }

    /// `PATCH /version`; the error says what is no version.
    pub(crate) fn change(&self, change: Change) -> Result<(), String> {
        let read = |text: Option<String>| match text {
            Some(text) => text.parse().map(Some).map_err(|error| format!("{text}: {error}")),
            None => Ok(None),
        };
        let (newest, oldest) = (change.newest.map(read).transpose()?, change.oldest.map(read).transpose()?);
        let mut state = self.0.lock();
        if let Some(newest) = newest {
            state.newest = newest;
        }
        if let Some(oldest) = oldest {
            state.oldest = oldest;
        }
        Ok(())
    }
}

const DAY: u64 = 24 * 60 * 60;

/// The newest version of a day since 1970, about.
fn of_day(day: u64) -> AppVersion {
    let (number, known) = KNOWN;
    let later = number.saturating_add(day.saturating_sub(known).saturating_mul(PER_DAY));
    let number = later.saturating_sub(known.saturating_sub(day).saturating_mul(PER_DAY));
    AppVersion([2, 3000, u32::try_from(number).unwrap_or(u32::MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_follows_the_days_up_to_what_the_library_presents() {
        let (versions, options) = (Versions::default(), Options::default());
        let on = |days: u64| (20_736 + days) * DAY;
        let number = |version: AppVersion| version.0[2];
        assert_eq!(number(versions.newest(on(10))), 1_049_950_004 + 10 * 84_000);
        assert_eq!(number(versions.oldest(&options, on(10))), 1_049_950_004 - 110 * 84_000);
        // A release that nobody touches for years still passes its own tests.
        assert_eq!(versions.oldest(&options, on(3_000)), AppVersion::BUILT_IN);
        let any = Options { version_life_days: 0, ..Options::default() };
        assert_eq!(versions.oldest(&any, on(10)), AppVersion([0, 0, 0]));
        let change = |json: Value| versions.change(serde_json::from_value(json).unwrap());
        change(json!({ "oldest": "2.3000.7", "newest": "2.3000.9" })).unwrap();
        assert_eq!(versions.oldest(&any, on(10)), AppVersion([2, 3000, 7]));
        assert!(versions.page(on(10)).contains(r#"\"client_revision\":9}"#));
        change(json!({ "newest": null })).unwrap();
        assert_eq!(number(versions.newest(on(10))), 1_049_950_004 + 10 * 84_000);
        assert_eq!(versions.show(&any, on(10))["oldest"], "2.3000.7");
        assert!(change(json!({ "oldest": "7" })).unwrap_err().contains("three numbers"));
    }
}
