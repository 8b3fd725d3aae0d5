//! Moments and spans of time as people read them.

const DAY: i64 = 24 * 60 * 60;

/// Returns a moment, given in Unix milliseconds, such as `2026-01-02 03:04 UTC`.
pub(crate) fn moment(unix_ms: i64) -> String {
    let seconds = unix_ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", second / 3600, second / 60 % 60)
}

/// Returns a span in the largest unit that suits it, rounded up, such as `4 minutes`.
pub(crate) fn span(ms: u64) -> String {
    let seconds = ms.div_ceil(1000).max(1);
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// Returns year, month and day of the days since 1970, by the Gregorian calendar: of eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let since = days + 719_468;
    let (era, day_of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (-1, "1969-12-31 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_767_323_045, "2026-01-02 03:04 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(moment(seconds * 1000), text);
        }
        assert!(moment(i64::MAX).ends_with(" UTC") && moment(i64::MIN).ends_with(" UTC"));
    }

    #[test]
    fn spans_are_rounded_up() {
        for (ms, text) in [
            (0, "1 second"),
            (1_001, "2 seconds"),
            (60_000, "60 seconds"),
            (119_001, "2 minutes"),
            (3_600_000, "60 minutes"),
            (7_200_001, "3 hours"),
        ] {
            assert_eq!(span(ms), text);
        }
    }
}
