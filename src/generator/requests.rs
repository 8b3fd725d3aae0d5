//! The facts about functions that make requests which the bindings have to know, and which are not in the header and the tables.

use crate::declarations::Function;

/// Requests that bring nothing but whether they succeeded.
pub(crate) const WITHOUT_RESULT: [&str; 5] =
    ["wa_request_pairing", "wa_request_qr", "wa_answer_passkey", "wa_confirm_passkey", "wa_logout"];

/// Requests that bring what a method brings, by the beginnings of their names.
pub(crate) const LIKE_METHODS: [(&str, &str); 1] = [("wa_send_", "message.send")];

/// Written by hand in every binding, since what it takes is JSON.
const BY_HAND: [&str; 1] = ["wa_call"];

/// Returns whether the function takes a client first, and gives a request number and an error last.
pub(crate) fn is_request(function: &Function) -> bool {
    let ends = |(kind, name): &(String, String)| kind.starts_with("uint64_t *") && name == "request";
    let params = &function.params;
    params.first().is_some_and(|(kind, _)| kind == "wa_client *")
        && params.len() >= 3
        && ends(&params[params.len() - 2])
        && !BY_HAND.contains(&function.name.as_str())
}

/// Returns the header's description of a parameter, there or at the function that it refers to.
pub(crate) fn said_of(function: &Function, param: &str, all: &[Function]) -> String {
    let start = format!("@param {param} ");
    let said = function.comment.split_once(&start).map_or("", |(_, rest)| rest);
    let said = said.split_once(" @").map_or(said, |(text, _)| text);
    let other = said.strip_prefix("as for ").and_then(|rest| rest.split_once("()"));
    match other.and_then(|(name, _)| all.iter().find(|function| function.name == name)) {
        Some(other) => said_of(other, param, all),
        None => said.to_owned(),
    }
}
