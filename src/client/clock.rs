//! The session's two clocks: a monotonic one for every wait, and Unix time for what is said to the host and the server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds on the session's monotonic clock, which starts at 0 when the session is opened.
pub(crate) type Millis = u64;

/// Monotonic time since the session was opened. The machines of a session never read it: they are handed its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Millis {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant at which [`Clock::now`] reaches `at`, for the runtime's timers. They are exact to a millisecond and may fire
    /// early by less than one, hence the rounding up.
    pub(crate) fn instant(&self, at: Millis) -> Instant {
        const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
        self.start + Duration::from_millis(at.saturating_add(1)).min(FAR)
    }
}

/// Unix time in milliseconds; 0 on a machine whose clock is set before 1970.
pub(crate) fn unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
