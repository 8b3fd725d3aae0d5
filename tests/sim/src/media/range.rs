//! The part of a file that a request asks for: `Range: bytes=a-b`, `a-` or `-n`, one range and no more.

use std::ops::Range;

/// The part of a file that an answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it: there is no range, or one that is not understood.
    All,
    /// These bytes.
    Some(Range<usize>),
    /// None of it is where the range is.
    Outside,
}

/// Reads the header for a file of that length.
pub(super) fn read(header: Option<&str>, length: usize) -> Part {
    let Some(range) = header.and_then(|header| header.strip_prefix("bytes=")) else { return Part::All };
    let Some((first, last)) = range.split_once('-') else { return Part::All };
    let number = |text: &str| text.parse::<usize>().ok();
    let range = match (first.is_empty(), last.is_empty()) {
        (true, false) => number(last).map(|count| length.saturating_sub(count)..length),
        (false, true) => number(first).map(|first| first..length),
        (false, false) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Some(first..last.saturating_add(1).min(length)),
            _ => None,
        },
        (true, true) => None,
    };
    match range {
        None => Part::All,
        Some(range) if range.start >= range.end => Part::Outside,
        Some(range) => Part::Some(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        assert_eq!(read(None, 10), Part::All);
        assert_eq!(read(Some("bytes=2-4"), 10), Part::Some(2..5));
        assert_eq!(read(Some("bytes=2-"), 10), Part::Some(2..10));
        assert_eq!(read(Some("bytes=-3"), 10), Part::Some(7..10));
        assert_eq!(read(Some("bytes=-30"), 10), Part::Some(0..10));
        assert_eq!(read(Some("bytes=8-99"), 10), Part::Some(8..10));
        assert_eq!(read(Some("bytes=0-18446744073709551615"), 10), Part::Some(0..10));
        for outside in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(read(Some(outside), 10), Part::Outside, "{outside}");
        }
        for odd in ["bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5"] {
            assert_eq!(read(Some(odd), 10), Part::All, "{odd}");
        }
    }
}
