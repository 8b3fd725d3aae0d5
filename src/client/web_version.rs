//! The newest version of WhatsApp Web, as far as this process has learned it, for sessions with `client.version` = `auto`.
//!
//! The version that one session learns holds for all, for a day. Sessions that want to know at the same moment, by the same way, share one
//! question. A question that fails is not remembered: each session asks again when it would connect again.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

use super::clock::unix_ms;
use crate::net::{self, Endpoint, NetError};
use crate::noise::client_payload::AppVersion;
use crate::store::records::WebVersionRecord;

/// For how long an answer holds, in milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// Answers, by the address of the page.
static LEARNED: Mutex<BTreeMap<String, WebVersionRecord>> = Mutex::new(BTreeMap::new());

/// Questions under way, by page and proxy. Held weakly: they go with the last session that waits, and so with the runtime.
static ASKING: Mutex<BTreeMap<(String, String), WeakShared<Asking>>> = Mutex::new(BTreeMap::new());

type Asking = BoxFuture<'static, Result<WebVersionRecord, NetError>>;

/// The newest version that is known without asking: the built-in one, what the store has, what the process has learned.
pub(crate) fn newest(url: &str, stored: Option<WebVersionRecord>) -> AppVersion {
    let learned = LEARNED.lock().get(url).copied();
    let known = [stored, learned].into_iter().flatten().map(|record| AppVersion(record.version));
    known.fold(AppVersion::BUILT_IN, AppVersion::max)
}

/// The newest version: what was learned within a day, or else what the page says now. `stored` is what the store has.
///
/// # Errors
/// As [`net::latest_version`].
pub(crate) async fn learn(
    endpoint: Endpoint,
    url: String,
    stored: Option<WebVersionRecord>,
) -> Result<WebVersionRecord, NetError> {
    let learned = LEARNED.lock().get(&url).copied();
    let now = unix_ms();
    let held = [stored, learned].into_iter().flatten().filter(|record| holds(record, now));
    if let Some(record) = held.max_by_key(|record| record.version) {
        return Ok(record);
    }
    ask(endpoint, url).await
}

/// Joins the question under way, or puts it.
fn ask(endpoint: Endpoint, url: String) -> Shared<Asking> {
    let proxy = endpoint.proxy_address().map_or_else(String::new, |(host, port)| format!("{host}:{port}"));
    let mut asking = ASKING.lock();
    asking.retain(|_, question| question.upgrade().is_some_and(|question| question.peek().is_none()));
    let key = (url.clone(), proxy);
    if let Some(question) = asking.get(&key).and_then(WeakShared::upgrade) {
        return question;
    }
    let question = async move {
        let version = net::latest_version(&endpoint, &url).await?;
        let record = WebVersionRecord { version, learned_ms: unix_ms() };
        LEARNED.lock().insert(url, record);
        Ok(record)
    };
    let question = question.boxed().shared();
    if let Some(weak) = question.downgrade() {
        asking.insert(key, weak);
    }
    question
}

/// Returns whether an answer is of the last day. One from the future was written under a wrong clock.
fn holds(record: &WebVersionRecord, now_ms: i64) -> bool {
    (0..DAY).contains(&now_ms.saturating_sub(record.learned_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Config;

    #[test]
    fn an_answer_holds_for_a_day_and_not_before_it_was_given() {
        let record = WebVersionRecord { version: [2, 3000, 1], learned_ms: 10 * DAY };
        for (now, expected) in
            [(10 * DAY, true), (11 * DAY - 1, true), (11 * DAY, false), (10 * DAY - 1, false)]
        {
            assert_eq!(holds(&record, now), expected, "{now}");
        }
    }

    #[test]
    fn the_default_of_the_configuration_is_the_built_in_version() {
        assert_eq!(Config::new().client_version(), Some(AppVersion::BUILT_IN.0));
    }

    #[test]
    fn the_newest_is_never_older_than_the_built_in_one() {
        let old = WebVersionRecord { version: [2, 3000, 1], learned_ms: 0 };
        let new = WebVersionRecord { version: [2, 3000, u32::MAX], learned_ms: 0 };
        let url = "https://the.newest.invalid/";
        assert_eq!(newest(url, None), AppVersion::BUILT_IN);
        assert_eq!(newest(url, Some(old)), AppVersion::BUILT_IN);
        assert_eq!(newest(url, Some(new)), AppVersion(new.version));
    }
}
