//! The tokens of `media_conn`, without which nobody deletes a file.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Seconds for which a client may use the hosts that it was told.
pub(crate) const TTL: u32 = 3_600;
/// Seconds for which a token is valid.
pub(crate) const AUTH_TTL: u32 = 21_600;
/// Most tokens that are remembered.
const MAX_TOKENS: usize = 10_000;

/// A token that was given out.
struct Given {
    number: String,
    at: u64,
}

/// All tokens.
#[derive(Default)]
pub(crate) struct Auths {
    given: Mutex<HashMap<String, Given>>,
}

impl Auths {
    /// Remembers a token of an account.
    pub(crate) fn give(&self, auth: String, number: &str, now: u64) {
        let mut given = self.given.lock();
        if given.len() >= MAX_TOKENS {
            given.retain(|_, token| is_valid(token, now));
        }
        given.insert(auth, Given { number: number.to_owned(), at: now });
    }

    /// Returns the account of a token that is valid.
    pub(super) fn number(&self, auth: &str, now: u64) -> Option<String> {
        let given = self.given.lock();
        given.get(auth).filter(|token| is_valid(token, now)).map(|token| token.number.clone())
    }
}

fn is_valid(token: &Given, now: u64) -> bool {
    now < token.at + u64::from(AUTH_TTL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_for_its_time_and_for_its_account() {
        let auths = Auths::default();
        auths.give("a".to_owned(), "15550001234", 1_000);
        let end = 1_000 + u64::from(AUTH_TTL);
        assert_eq!(auths.number("a", end - 1).as_deref(), Some("15550001234"));
        assert_eq!(auths.number("a", end), None);
        assert_eq!(auths.number("b", 1_000), None);
    }
}
