//! The method that sends a place.

use super::MethodRow;
use super::messages::{CHAT, MESSAGE_ID, SENT, named, sends, with_secret};
use super::params::Params;
use crate::api::{Error, MethodInfo, param};
use crate::messaging::content::{Extras, Location, Outgoing};
use crate::messaging::engine::OutboundContent;
use crate::stanza::Jid;

pub(super) const ROWS: &[MethodRow] = &[MethodRow {
    info: MethodInfo {
        name: "location.send",
        params: &[
            CHAT,
            param("latitude", "number", false, "Degrees north, a number from -90 to 90."),
            param("longitude", "number", false, "Degrees east, a number from -180 to 180."),
            param("name", "text", true, "The name of the place."),
            param("address", "text", true, "Its address."),
            MESSAGE_ID,
        ],
        result: SENT,
        needs_login: false,
        since: "0.1.0",
        sentence: "Sends a place.",
    },
    parse: |params| sends(params, location),
}];

fn location(_: &Jid, params: &Params) -> Result<OutboundContent, Error> {
    let location = Location {
        latitude: params.number("latitude")?,
        longitude: params.number("longitude")?,
        name: params.optional_text("name").map(str::to_owned),
        address: params.optional_text("address").map(str::to_owned),
        ..Location::default()
    };
    let is_north = (-90.0..=90.0).contains(&location.latitude);
    let key = if is_north { "longitude" } else { "latitude" };
    let content = named(Outgoing::location(&location, &Extras::default()), key)?;
    Ok(OutboundContent::Content(with_secret(content)))
}
