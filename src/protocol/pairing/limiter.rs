//! Limits the requests for codes for one phone number.
//!
//! The server answers too many requests with hours of refusal, for the number and sometimes for the host's address. So
//! that a program which crashes and starts again cannot burn a user's number, each request is first entered into a small
//! record that the store keeps. This file is the arithmetic only: record and wall clock in, permission or waiting time
//! out. It reads no clock and stores nothing.
//!
//! Main types: [`Limits`], [`LimiterRecord`].

/// The number of codes that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests that may follow each other at once.
    pub burst: u32,
    /// After the burst one request is regained per this many milliseconds.
    pub interval_ms: u64,
    /// Requests within one window.
    pub per_window: u32,
    /// Length of the window in milliseconds.
    pub window_ms: u64,
}

impl Default for Limits {
    /// Two at once, then one a minute, at most five an hour.
    fn default() -> Self {
        Self { burst: 2, interval_ms: 60_000, per_window: 5, window_ms: 3_600_000 }
    }
}

/// The past requests of one phone number. Times are Unix milliseconds, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimiterRecord {
    requests: Vec<i64>,
}

/// Times kept at most, whatever the limits say; bounds the record.
const MOST_KEPT: usize = 64;

impl LimiterRecord {
    /// Enters a request at `now_ms`, or says in how many milliseconds one will be possible. A refused request leaves the
    /// record as it was: asking in vain costs nothing.
    pub fn try_request(&mut self, limits: &Limits, now_ms: i64) -> Result<(), u64> {
        let wait = self.wait(limits, now_ms);
        if wait > 0 {
            return Err(wait);
        }
        self.forget_old(limits, now_ms);
        self.requests.push(now_ms);
        if self.requests.len() > MOST_KEPT {
            self.requests.remove(0);
        }
        Ok(())
    }

    /// Milliseconds until the next request is possible; 0 means now.
    pub fn wait(&self, limits: &Limits, now_ms: i64) -> u64 {
        // A clock that was set back leaves times in the future. They count as made just now: that is the safe side, and the
        // wait stays bounded by the limits.
        let times: Vec<i64> = self.requests.iter().map(|time| (*time).min(now_ms)).collect();
        wait_for_window(limits, &times, now_ms).max(wait_for_interval(limits, &times, now_ms))
    }

    /// Returns whether the record is of no effect any more, so that the store may drop it.
    pub fn is_idle(&self, limits: &Limits, now_ms: i64) -> bool {
        let memory = memory_ms(limits);
        self.requests.iter().all(|time| elapsed(*time, now_ms) >= memory)
    }

    /// The record as stored: eight bytes, big-endian, per time.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.requests.iter().flat_map(|time| time.to_be_bytes()).collect()
    }

    /// Reads a stored record. Damaged bytes are read as far as they go: the limiter must never be the reason that a
    /// session cannot be used.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut requests: Vec<i64> =
            bytes.as_chunks::<8>().0.iter().map(|chunk| i64::from_be_bytes(*chunk)).collect();
        requests.sort_unstable();
        let surplus = requests.len().saturating_sub(MOST_KEPT);
        requests.drain(..surplus);
        Self { requests }
    }

    fn forget_old(&mut self, limits: &Limits, now_ms: i64) {
        let memory = memory_ms(limits);
        for time in &mut self.requests {
            *time = (*time).min(now_ms);
        }
        self.requests.retain(|time| elapsed(*time, now_ms) < memory);
    }
}

/// Returns the time a request is remembered: as long as it can still matter to either rule.
fn memory_ms(limits: &Limits) -> u64 {
    let bucket = limits.interval_ms.saturating_mul(u64::from(limits.burst.max(1)));
    // The fill level of the bucket depends on the whole burst before; twice its length covers it.
    limits.window_ms.max(bucket.saturating_mul(2))
}

fn elapsed(time: i64, now_ms: i64) -> u64 {
    now_ms.saturating_sub(time).max(0) as u64
}

/// At most `per_window` in any window.
fn wait_for_window(limits: &Limits, times: &[i64], now_ms: i64) -> u64 {
    let allowed = limits.per_window.max(1) as usize;
    let Some(oldest) = times.len().checked_sub(allowed).and_then(|index| times.get(index)) else { return 0 };
    limits.window_ms.saturating_sub(elapsed(*oldest, now_ms))
}

/// The bucket: `burst` at once, one regained per interval. Replayed from the times, so that changed limits apply to what
/// happened before, too.
fn wait_for_interval(limits: &Limits, times: &[i64], now_ms: i64) -> u64 {
    let interval = i64::try_from(limits.interval_ms).unwrap_or(i64::MAX);
    let tolerance = interval.saturating_mul(i64::from(limits.burst.max(1)) - 1);
    // The time at which the bucket would be full again.
    let full_at = times.iter().fold(i64::MIN, |full_at, time| full_at.max(*time).saturating_add(interval));
    let wait = full_at.saturating_sub(tolerance).saturating_sub(now_ms);
    u64::try_from(wait).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_790_000_000_000;
    const MINUTE: i64 = 60_000;

    #[test]
    fn two_at_once_then_one_a_minute_then_five_an_hour() {
        let limits = Limits::default();
        let mut record = LimiterRecord::default();
        assert_eq!(record.try_request(&limits, START), Ok(()));
        assert_eq!(record.try_request(&limits, START), Ok(()));
        assert_eq!(record.try_request(&limits, START), Err(60_000));
        assert_eq!(record.try_request(&limits, START + 59_999), Err(1));
        assert_eq!(record.try_request(&limits, START + MINUTE), Ok(()));
        assert_eq!(record.try_request(&limits, START + MINUTE), Err(60_000));
        assert_eq!(record.try_request(&limits, START + 2 * MINUTE), Ok(()));
        assert_eq!(record.try_request(&limits, START + 3 * MINUTE), Ok(()));
        // Five within the hour: the next one when the first is an hour old.
        assert_eq!(record.try_request(&limits, START + 4 * MINUTE), Err(56 * 60_000));
        assert_eq!(record.try_request(&limits, START + 60 * MINUTE), Ok(()));
    }

    #[test]
    fn a_crash_loop_gets_five_an_hour_and_no_more() {
        let limits = Limits::default();
        let mut stored = Vec::new();
        let mut allowed = 0;
        for second in 0..3_600 {
            // Each round is a new process that knows only what was stored.
            let mut record = LimiterRecord::from_bytes(&stored);
            allowed += u32::from(record.try_request(&limits, START + second * 1_000).is_ok());
            stored = record.to_bytes();
        }
        assert_eq!(allowed, 5);
    }

    #[test]
    fn waiting_as_long_as_told_is_enough() {
        let limits = Limits { burst: 3, interval_ms: 7_000, per_window: 6, window_ms: 50_000 };
        let mut record = LimiterRecord::default();
        let mut now = START;
        for _ in 0..200 {
            if let Err(wait) = record.try_request(&limits, now) {
                assert!(wait > 0);
                assert_eq!(record.try_request(&limits, now + wait as i64 - 1), Err(1));
                now += wait as i64;
                assert_eq!(record.try_request(&limits, now), Ok(()));
            }
        }
    }

    #[test]
    fn a_clock_set_back_waits_no_longer_than_the_limits_say() {
        let limits = Limits::default();
        let mut record = LimiterRecord::default();
        for minute in 0..5 {
            record.try_request(&limits, START + minute * MINUTE).ok();
        }
        let earlier = START - 365 * 24 * 60 * MINUTE;
        let wait = record.wait(&limits, earlier);
        assert!(wait > 0 && wait <= limits.window_ms, "{wait}");
    }

    #[test]
    fn damaged_records_are_read_as_far_as_they_go() {
        let limits = Limits::default();
        let mut record = LimiterRecord::default();
        record.try_request(&limits, START).unwrap();
        let mut bytes = record.to_bytes();
        bytes.extend([1, 2, 3]);
        assert_eq!(LimiterRecord::from_bytes(&bytes), record);
        let extreme = [i64::MIN.to_be_bytes(), i64::MAX.to_be_bytes()].concat();
        assert!(LimiterRecord::from_bytes(&extreme).wait(&limits, START) <= limits.window_ms);
        assert!(LimiterRecord::from_bytes(&vec![0xff; 100_000]).to_bytes().len() <= MOST_KEPT * 8);
    }

    #[test]
    fn an_old_record_can_be_dropped() {
        let limits = Limits::default();
        let mut record = LimiterRecord::default();
        assert!(record.is_idle(&limits, START));
        record.try_request(&limits, START).unwrap();
        assert!(!record.is_idle(&limits, START + 59 * MINUTE));
        assert!(record.is_idle(&limits, START + 60 * MINUTE));
    }
}
