//! The outcomes of pairing as the host's listings show them.

use crate::api::OutcomeInfo;
use crate::client::status_mapping;
use crate::pairing::OUTCOMES;

/// Every outcome that `pairing.expired` and `pairing.error` can name, in the order in which pairing meets them.
pub fn outcomes() -> Vec<OutcomeInfo> {
    let row = |row: &'static crate::pairing::OutcomeRow| OutcomeInfo {
        name: row.name,
        status: status_mapping::of_outcome(row.kind),
        retry: row.retry.name(),
        wait_ms: row.wait_ms,
        user_text: row.user_text,
    };
    OUTCOMES.iter().map(row).collect()
}
