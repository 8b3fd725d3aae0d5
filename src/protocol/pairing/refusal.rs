//! The meaning of the server's refusal of a request for a code, and the time to stay away after it.
//!
//! Main type: [`Strikes`].

use super::outcome::{Outcome, OutcomeKind};
use super::output::IqFailure;
use super::phone_number::PhoneNumber;

const HOUR: u64 = 3_600_000;

/// Refusals in a row for one number: the advice to wait grows with them.
#[derive(Default)]
pub(super) struct Strikes {
    phone: Option<PhoneNumber>,
    count: u32,
}

/// The code and text pairs that are known. Others mean nothing certain, and a pair that contradicts itself neither.
const KNOWN: &[(u32, &str, OutcomeKind)] = &[
    (400, "bad-request", OutcomeKind::RejectedOrThrottled),
    (403, "forbidden", OutcomeKind::Forbidden),
    (429, "rate-overlimit", OutcomeKind::RateLimited),
    (452, "feature-not-available", OutcomeKind::FeatureUnavailable),
    (500, "internal-server-error", OutcomeKind::ServerError),
];

impl Strikes {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The outcome of a request for this number that was answered so.
    pub(super) fn outcome(&mut self, phone: &PhoneNumber, failure: &IqFailure) -> Outcome {
        let (code, text, backoff) = match failure {
            IqFailure::Timeout => return OutcomeKind::RequestTimeout.into(),
            IqFailure::Disconnected => return OutcomeKind::CodeLostWithConnection.into(),
            IqFailure::Error { code, text, backoff } => (*code, text.as_str(), *backoff),
        };
        let known = KNOWN
            .iter()
            .find(|(known, name, _)| *known == code && (text.is_empty() || text == *name))
            .map_or(OutcomeKind::Rejected, |(.., kind)| *kind);
        let outcome = Outcome::new(known).with_code(code).with_detail(text);
        if self.phone.as_ref() != Some(phone) {
            *self = Self { phone: Some(phone.clone()), count: 0 };
        }
        let before = self.count;
        match known {
            OutcomeKind::RejectedOrThrottled => {
                self.count += 1;
                if before == 0 { outcome } else { outcome.after(HOUR) }
            }
            OutcomeKind::RateLimited => {
                self.count += 1;
                let doubled = HOUR << before.min(5);
                outcome.after(backoff.map_or(doubled, |seconds| seconds.saturating_mul(1_000)).min(24 * HOUR))
            }
            _ => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u32, text: &str, backoff: Option<u64>) -> IqFailure {
        IqFailure::Error { code, text: text.to_owned(), backoff }
    }

    #[test]
    fn every_known_answer_has_its_outcome() {
        let phone = PhoneNumber::parse("15551234567").unwrap();
        for (code, text, name) in [
            (400, "bad-request", "rejected_or_throttled"),
            (403, "forbidden", "forbidden"),
            (429, "rate-overlimit", "rate_limited"),
            (452, "feature-not-available", "feature_unavailable"),
            (500, "internal-server-error", "server_error"),
            (500, "", "server_error"),
            (400, "rate-overlimit", "rejected"),
            (404, "item-not-found", "rejected"),
            (0, "", "rejected"),
        ] {
            let outcome = Strikes::default().outcome(&phone, &error(code, text, None));
            assert_eq!(outcome.name(), name, "{code} {text}");
            assert_eq!(outcome.code, Some(code));
        }
        assert_eq!(Strikes::default().outcome(&phone, &IqFailure::Timeout).name(), "request_timeout");
    }

    #[test]
    fn the_advice_to_wait_grows() {
        let phone = PhoneNumber::parse("15551234567").unwrap();
        let other = PhoneNumber::parse("15551234568").unwrap();
        let mut strikes = Strikes::default();
        let waits = |strikes: &mut Strikes, phone: &PhoneNumber, code, text| -> Vec<u64> {
            (0..7).map(|_| strikes.outcome(phone, &error(code, text, None)).retry_after / 60_000).collect()
        };
        assert_eq!(waits(&mut strikes, &phone, 400, "bad-request"), [5, 60, 60, 60, 60, 60, 60]);
        assert_eq!(waits(&mut strikes, &other, 429, "rate-overlimit"), [60, 120, 240, 480, 960, 1440, 1440]);
        strikes.clear();
        let first = strikes.outcome(&other, &error(429, "rate-overlimit", Some(90)));
        assert_eq!(first.retry_after, 90_000);
        let absurd = strikes.outcome(&other, &error(429, "rate-overlimit", Some(u64::MAX)));
        assert_eq!(absurd.retry_after, 24 * HOUR);
    }
}
