//! Methods of contacts: their cards, and which phone numbers are on WhatsApp.

use serde_json::{Value, json};

use super::messages::{CHAT, MESSAGE_ID, SENT, named, sends, with_secret};
use super::params::Params;
use super::{MethodRow, Parsed};
use crate::api::{Error, MethodInfo, Status, param};
use crate::client::session::Session;
use crate::client::session::call::{CallHandler, ReplyHandler};
use crate::client::session::handled::Handled;
use crate::client::session::state::Waiter;
use crate::client::status_mapping::IqError;
use crate::messaging::content::{ContactCard, Extras, Outgoing};
use crate::messaging::engine::OutboundContent;
use crate::messaging::stanzas::contact_lookup;
use crate::messaging::stanzas::devices::MAX_USERS;
use crate::pairing::PhoneNumber;
use crate::stanza::{Jid, NodeRef};

pub(super) const ROWS: &[MethodRow] = &[
    MethodRow {
        info: MethodInfo {
            name: "contact.send",
            params: &[
                CHAT,
                param(
                    "contacts",
                    "array of objects",
                    false,
                    "The cards, each with `name` and `vcard`; together at most 1 MiB.",
                ),
                MESSAGE_ID,
            ],
            result: SENT,
            needs_login: false,
            since: "0.1.0",
            sentence: "Sends contact cards.",
        },
        parse: |params| sends(params, cards),
    },
    MethodRow {
        info: MethodInfo {
            name: "contacts.check",
            params: &[param(
                "numbers",
                "array of text",
                false,
                "Phone numbers with their country codes, at most 500.",
            )],
            result: &[param(
                "contacts",
                "array of objects",
                false,
                "One object for each number, in the same order: `number` (digits only), `registered`, and, if it is, the `jid` to write to (whose digits may be others: some countries have two ways of writing theirs) and the `lid`.",
            )],
            needs_login: true,
            since: "0.1.0",
            sentence: "Asks which phone numbers are on WhatsApp. WhatsApp restricts accounts that ask for many that are not.",
        },
        parse: check,
    },
];

fn cards(_: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let content = named(Outgoing::contacts(&contacts(params)?, &Extras::default()), "contacts")?;
    Ok(OutboundContent::Content(with_secret(content)))
}

fn contacts(params: &Params) -> Result<Vec<ContactCard>, Error> {
    let wrong = || params.wrong("contacts", "must be an array of objects with name and vcard");
    let cards = params.value("contacts").and_then(Value::as_array).ok_or_else(wrong)?;
    let card = |value: &Value| {
        let value = value.as_object().ok_or_else(wrong)?;
        let part = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(ContactCard { name: part("name"), vcard: part("vcard") })
    };
    cards.iter().take(64).map(card).collect()
}

fn check(params: &Params) -> Parsed {
    Ok(Box::new(CheckNumbers { numbers: numbers(params)? }))
}

/// Phone numbers, as digits.
fn numbers(params: &Params) -> Result<Vec<String>, Error> {
    let texts = params.texts("numbers")?;
    if texts.len() > MAX_USERS {
        return Err(params.wrong("numbers", "has too many entries; at most 500 are taken"));
    }
    let digits = |text: &String| match PhoneNumber::parse(text) {
        Ok(number) => Ok(number.digits().to_owned()),
        Err(error) => Err(Error::new(Status::INVALID_PHONE_NUMBER, error.to_string()).with_key("numbers")),
    };
    texts.iter().map(digits).collect()
}

/// Asks which numbers, digits only, are on WhatsApp.
#[derive(Clone, Debug)]
struct CheckNumbers {
    numbers: Vec<String>,
}

impl CallHandler for CheckNumbers {
    fn run(&self, session: &mut Session, request: u64) -> Handled {
        let core = &mut session.core;
        let node = contact_lookup::query(self.numbers.iter().map(String::as_str), core.ids.next());
        let waiter = Waiter::Call { request, handler: Box::new(self.clone()) };
        core.query(node, waiter, core.settings.iq_timeout);
        Ok(())
    }
}

impl ReplyHandler for CheckNumbers {
    fn answered(
        &self,
        session: &mut Session,
        request: u64,
        node: NodeRef<'_>,
        error: Option<&IqError>,
    ) -> Handled {
        if let Some(error) = error {
            session.core.answer(request, Err(error.to_error()));
            return Ok(());
        }
        if !contact_lookup::is_answer(node) {
            let error =
                Error::new(Status::PROTOCOL, "the server's answer says nothing of these numbers; try again");
            session.core.answer(request, Err(error));
            return Ok(());
        }
        let answers: Vec<_> = contact_lookup::answers(node).collect();
        let contacts: Vec<_> = self
            .numbers
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
        session.core.with_engine(|engine, _| {
            engine.names_came(answers.iter().filter_map(|answer| answer.pair.as_ref()));
            Ok(())
        })?;
        session.core.answer(request, Ok(json!({ "contacts": contacts })));
        Ok(())
    }
}
