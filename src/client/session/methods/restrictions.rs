//! The method that tells what holds for first contacts.

use super::MethodRow;
use crate::api::{MethodInfo, Status, param};
use crate::client::event_mapping;
use crate::client::session::Session;
use crate::client::session::call::CallHandler;
use crate::client::session::handled::Handled;

pub(super) const ROWS: &[MethodRow] = &[MethodRow {
    info: MethodInfo {
        name: "restrictions.get",
        params: &[],
        result: &[
            param(
                "time_locked",
                "boolean",
                false,
                "Whether WhatsApp keeps the account from writing to people who do not know it.",
            ),
            param("ends_at_ms", "integer", true, "When that ends, if WhatsApp said so."),
            param("reason", "text", true, "The reason in WhatsApp's words, such as `DEFAULT`."),
            param(
                "first_contacts_per_hour",
                "integer",
                false,
                "The number of first contacts that the configuration allows in an hour; 0 for any number.",
            ),
            param("first_contacts_left", "integer", false, "The number of these that are left."),
            param("waiting", "integer", false, "The number of messages that wait for their turn."),
            param("next_at_ms", "integer", true, "When the first of them goes out."),
        ],
        needs_login: false,
        since: "0.1.0",
        sentence: "Tells what holds for messages to people who do not know the account, without asking the server.",
    },
    parse: |_| Ok(Box::new(GetRestrictions)),
}];

#[derive(Debug)]
struct GetRestrictions;

impl CallHandler for GetRestrictions {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let found = session.core.with_engine(|engine, cx| Ok(engine.restrictions(cx)))?;
        let answer = found.map(|found| event_mapping::restrictions(&found));
        session.core.answer(request, answer.ok_or_else(|| Status::NOT_LINKED.into()));
        Ok(())
    }
}
