//! The table of the header that says which accessors serve which events, made from their comments, which a unit test holds to what
//! the accessors do.

use crate::declarations;
use std::fmt::Write;
use wa::api::EVENTS;

const PREFIX: &str = "wa_event_";
/// The words of a comment before it lists the types.
const LIST: &str = "Event types: ";
/// The first column of the accessors.
const INDENT: usize = 23;
/// The width of the header.
const WIDTH: usize = 80;

/// Returns the table as a comment.
pub(crate) fn table(header: &str) -> String {
    let functions = declarations::functions(header);
    let mut text = String::from(
        "/* The accessors of each type, beside those that serve all. Every name begins\n \
         * with wa_event_; what has no accessor is in wa_event_json().\n *\n",
    );
    for row in EVENTS {
        let serving =
            functions.iter().filter(|function| types(&function.comment).any(|name| name == row.name));
        let names: Vec<&str> = serving.filter_map(|function| function.name.strip_prefix(PREFIX)).collect();
        let mut line = format!(" * {:<width$}", row.name, width = INDENT - 3);
        for (index, name) in names.iter().enumerate() {
            let last = index + 1 == names.len();
            let word = format!("{name}{}", if last { "" } else { "," });
            if line.len() + 1 + word.len() > WIDTH {
                writeln!(text, "{line}").unwrap();
                line = format!(" * {:<width$}", "", width = INDENT - 3);
            }
            write!(line, " {word}").unwrap();
        }
        writeln!(text, "{}", if names.is_empty() { format!("{line} none") } else { line }).unwrap();
    }
    text + " */\n"
}

/// Returns the types that the comment of an accessor lists; what stands in brackets is not one.
fn types(comment: &str) -> impl Iterator<Item = &str> {
    let list = comment.split_once(LIST).map_or("", |(_, list)| list.split('@').next().unwrap());
    let words = list.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'));
    words.map(|word| word.trim_end_matches('.'))
}
