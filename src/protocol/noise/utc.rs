//! Times as people read them.

use std::fmt;

/// A time in Unix seconds, shown as date and time of day in UTC.
pub(super) struct Utc(i128);

impl Utc {
    /// Returns the time `unix_s`.
    pub(super) fn new(unix_s: impl Into<i128>) -> Self {
        Self(unix_s.into())
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        // Years that begin on 1 March, so that the leap day is their last, counted from 1 March 2000 in cycles of 400 years.
        let day = day - 11_017;
        let (cycle, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        // The last of the four centuries, and the last of four years, have a day more than the others.
        let century = (day / 36_524).min(3);
        let day = day - century * 36_524;
        let (four, day) = (day / 1_461, day % 1_461);
        let year = (day / 365).min(3);
        let day = day - year * 365;
        // The months from March on have 31, 30, 31, 30, 31 days, twice, and what is left.
        let month = (5 * day + 2) / 153;
        let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
        let year = 2_000 + 400 * cycle + 100 * century + 4 * four + year + i128::from(month <= 2);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (unix_s, shown) in [
            (0_i64, "1970-01-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_799, "2000-02-29 23:59:59 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_700_000_000, "2023-11-14 22:13:20 UTC"),
            (1_709_164_800, "2024-02-29 00:00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (4_102_444_800, "2100-01-01 00:00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (-62_135_596_800, "0001-01-01 00:00:00 UTC"),
        ] {
            assert_eq!(Utc::new(unix_s).to_string(), shown);
        }
        assert!(Utc::new(u64::MAX).to_string().starts_with("584554051223-"));
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let shown = |day: i64| Utc::new(day * 86_400).to_string();
        let mut before = shown(-1);
        for day in 0..200_000 {
            let now = shown(day);
            assert!(now > before, "{before} {now}");
            before = now;
        }
    }
}
