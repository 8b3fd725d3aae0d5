//! The number of times a child occurs: `1`, `?`, `+`, `*`, `2..812` or `2..`.

use std::ops::RangeInclusive;

/// A number of occurrences, or of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Count(RangeInclusive<usize>);

impl Count {
    /// Once.
    pub(super) const ONE: Self = Self(1..=1);

    /// Reads one of the forms.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no count"));
        Ok(Self(match text {
            "?" => 0..=1,
            "+" => 1..=usize::MAX,
            "*" => 0..=usize::MAX,
            text => match text.split_once("..") {
                Some((low, "")) => number(low)?..=usize::MAX,
                Some((low, high)) => number(low)?..=number(high)?,
                None => number(text)?..=number(text)?,
            },
        }))
    }

    /// Splits a name from the sign behind it: `name?`, `name+`, `name*`.
    pub(super) fn of_name(text: &str) -> (&str, Self) {
        let signs = [('?', 0..=1), ('+', 1..=usize::MAX), ('*', 0..=usize::MAX)];
        let found = signs.into_iter().find_map(|(sign, range)| Some((text.strip_suffix(sign)?, Self(range))));
        found.unwrap_or((text, Self::ONE))
    }

    pub(super) fn allows(&self, number: usize) -> bool {
        self.0.contains(&number)
    }

    pub(super) fn at_least(&self) -> usize {
        *self.0.start()
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (*self.0.start(), *self.0.end()) {
            (low, high) if low == high => write!(f, "{low}"),
            (low, usize::MAX) => write!(f, "{low} or more"),
            (low, high) => write!(f, "{low} to {high}"),
        }
    }
}
