//! The Go names of things of the tables and of the header, and their sentences with these names.

use std::fmt::Write;

/// The words that Go writes in capitals throughout.
const INITIALS: [&str; 16] = [
    "ca", "dns", "http", "id", "iq", "jid", "json", "lid", "os", "qr", "sim", "tls", "ttl", "url", "utf8",
    "pn",
];

/// Functions of the header that are spoken of under another name than their own.
const FUNCTIONS: [(&str, &str); 9] = [
    ("wa_call", "Client.Call"),
    ("wa_client_close", "Client.Shutdown"),
    ("wa_client_connect", "Client.Connect"),
    ("wa_client_free", "Client.Close"),
    ("wa_client_id", "Client.ID"),
    ("wa_event_ack", "EventInfo.Ack"),
    ("wa_event_qr_image", "PairingQR.SVG"),
    ("wa_queue_wake", "Client.Wake"),
    ("wa_reference_json", "Reference"),
];

/// The plurals that Go writes in capitals but for their s.
const PLURALS: [(&str, &str); 3] = [("ids", "IDs"), ("jids", "JIDs"), ("urls", "URLs")];

/// `pairing.qr` and `expires_at` as exported names: PairingQR, ExpiresAt.
pub(super) fn exported(name: &str) -> String {
    let words = name.split(['.', '_']).filter(|word| !word.is_empty());
    words.map(word).collect()
}

fn word(word: &str) -> String {
    match PLURALS.iter().find(|(plural, _)| *plural == word) {
        Some((_, plural)) => (*plural).to_owned(),
        None if INITIALS.contains(&word) => word.to_uppercase(),
        None => capital(word),
    }
}

/// The same for a parameter or a variable: assertionJSON.
pub(super) fn variable(name: &str) -> String {
    let (first, rest) = name.split_once(['.', '_']).unwrap_or((name, ""));
    let name = format!("{first}{}", exported(rest));
    match name.as_str() {
        // The names that Go itself uses, and those of the generated code.
        "type" | "range" | "func" | "map" | "client" | "request" | "err" | "ctx" => format!("{name}Value"),
        _ => name,
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A sentence that goes on after something.
pub(super) fn lower(sentence: &str) -> String {
    let second = sentence.chars().nth(1);
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// WA_ERROR_NOT_LINKED is ErrNotLinked; what is no error, WA_OK, is StatusOK.
pub(super) fn status(name: &str) -> String {
    match name.strip_prefix("WA_ERROR_") {
        Some(rest) => format!("Err{}", exported(&rest.to_lowercase())),
        None if name == "WA_OK" => "StatusOK".to_owned(),
        None => format!("Status{}", exported(&name.trim_start_matches("WA_").to_lowercase())),
    }
}

/// A sentence of the tables or of the header as Go's documentation says it: C names become links, quoted words plain ones.
pub(super) fn plain(sentence: &str) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some(at) = rest.find(['w', 'W', '`']) {
        let (before, found) = rest.split_at(at);
        text.push_str(before);
        let length = found.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(found.len());
        let (name, after) = found.split_at(length);
        let starts = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if let Some(quoted) = found.strip_prefix('`') {
            text.push('"');
            rest = quoted;
        } else if starts && name.starts_with("wa_") {
            write!(text, "[{}]", function(name)).unwrap();
            rest = after.strip_prefix("()").unwrap_or(after);
        } else if starts && name.starts_with("WA_") && !name.starts_with("WA_EVENT") && !name.ends_with('_') {
            write!(text, "[{}]", status(name)).unwrap();
            rest = after;
        } else {
            text.push_str(&found[..1]);
            rest = &found[1..];
        }
    }
    text + rest
}

/// Returns the Go name of a function of the header: a method of the client if nothing else is said.
fn function(name: &str) -> String {
    FUNCTIONS.iter().find(|(c, _)| *c == name).map_or_else(
        || format!("Client.{}", exported(name.trim_start_matches("wa_"))),
        |(_, go)| (*go).to_owned(),
    )
}

/// Writes a comment, wrapped, so many tabs from the left.
pub(super) fn doc(text: &mut String, tabs: usize, sentence: &str) {
    comment(text, tabs, "//", "//", &plain(sentence));
}

/// Writes a member of a list in a comment, as gofmt sets it.
pub(super) fn doc_item(text: &mut String, sentence: &str) {
    comment(text, 0, "//   -", "//    ", &plain(sentence));
}

fn comment(text: &mut String, tabs: usize, first: &str, further: &str, sentence: &str) {
    let mut line = first.to_owned();
    for (words, word) in sentence.split_whitespace().enumerate() {
        if words > 0 && 4 * tabs + line.len() + word.len() > 98 {
            writeln!(text, "{}{line}", "\t".repeat(tabs)).unwrap();
            line = further.to_owned();
        }
        write!(line, " {word}").unwrap();
    }
    writeln!(text, "{}{line}", "\t".repeat(tabs)).unwrap();
}

#[test]
fn names_and_sentences() {
    assert_eq!(exported("pairing.qr"), "PairingQR");
    assert_eq!(exported("expires_at"), "ExpiresAt");
    assert_eq!(exported("message_ids"), "MessageIDs");
    assert_eq!(variable("assertion_json"), "assertionJSON");
    assert_eq!(status("WA_ERROR_DNS"), "ErrDNS");
    assert_eq!(status("WA_CLOSED"), "StatusClosed");
    assert_eq!(
        plain("`linked`: wa_logout() or WA_OK, or WA_ERROR_*. Wawa_x."),
        "\"linked\": [Client.Logout] or [StatusOK], or WA_ERROR_*. Wawa_x."
    );
}
