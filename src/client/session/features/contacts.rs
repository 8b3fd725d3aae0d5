//! Phone numbers that the host asks about: which of them are on WhatsApp.

use serde_json::json;

use crate::client::session::core::SessionCore;
use crate::client::session::dispatch::Handled;
use crate::client::session::state::Waiter;
use crate::client::status_mapping::IqError;
use crate::messaging::stanzas::contact_lookup;
use crate::stanza::NodeRef;

/// The host asks which numbers are on WhatsApp.
pub(in crate::client::session) fn check(core: &mut SessionCore, request: u64, wanted: &[String]) {
    let node = contact_lookup::query(wanted.iter().map(String::as_str), core.ids.next());
    let waiter = Waiter::Numbers { request, numbers: wanted.to_vec() };
    core.query(node, waiter, core.settings.iq_timeout);
}

/// Handles the answer to that.
pub(in crate::client::session) fn answered(
    core: &mut SessionCore,
    request: u64,
    wanted: &[String],
    node: NodeRef<'_>,
    error: Option<&IqError>,
) -> Handled {
    if let Some(error) = error {
        core.answer(request, Err(error.to_error()));
        return Ok(());
    }
    let answers: Vec<_> = contact_lookup::answers(node).collect();
    let contacts: Vec<_> = wanted
        .iter()
        .map(|number| {
            let found = answers.iter().find(|answer| answer.number == number && answer.is_registered);
            let pair = found.and_then(|answer| answer.pair.as_ref());
            let jid = pair.map(|pair| &pair.pn).or(found.and_then(|answer| answer.jid.as_ref()));
            json!({
                "number": number,
                "registered": found.is_some(),
                "jid": jid.map(ToString::to_string),
                "lid": pair.map(|pair| pair.lid.to_string()),
            })
        })
        .collect();
    core.with_engine(|engine, _| {
        engine.names_came(answers.iter().filter_map(|answer| answer.pair.as_ref()));
        Ok(())
    })?;
    core.answer(request, Ok(json!({ "contacts": contacts })));
    Ok(())
}
