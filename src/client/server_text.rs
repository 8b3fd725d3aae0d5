//! Text that a server chose, on its way to a person or into a log.

use std::borrow::Cow;

/// The most characters of a text for a person.
const LONGEST: usize = 1000;

/// Returns a text for a person: a control character, which a terminal would obey, is a space, and only the beginning of a very
/// long text is left.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

/// Returns a line for a log: a control character, which would begin another line or colour it, is written as in Rust.
pub(crate) fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().fold(String::with_capacity(text.len() + 8), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default())
        } else {
            line.push(c)
        }
        line
    })
}

/// Returns a name or a kind for a log. A text that is no word of the protocol may be a number or a secret: only its length is
/// told.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let is_word = text.len() <= 48 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
    if is_word && digits.is_none_or(|longest| longest <= 4) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("({} characters)", text.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_and_no_log_obeys_a_server() {
        let hostile = "\u{1b}]0;x\u{7}\nERROR \u{9b}31mforged";
        assert_eq!(shown(hostile), " ]0;x  ERROR  31mforged");
        assert_eq!(one_line(hostile.into()), "\\u{1b}]0;x\\u{7}\\nERROR \\u{9b}31mforged");
        assert_eq!(one_line("Grüße, 你好".into()), "Grüße, 你好");
        assert_eq!(shown(&"x".repeat(LONGEST + 1)).len(), LONGEST);
    }

    #[test]
    fn words_are_shown_and_numbers_are_not() {
        for known in ["", "w:profile:picture", "urn:xmpp:whatsapp:dirty", "401", "fb:thrift_iq"] {
            assert_eq!(word(known), known);
        }
        for other in ["15550001234", "a\nb", "x15550x", "a b", &"x".repeat(49)] {
            assert_eq!(word(other), format!("({} characters)", other.len()));
        }
    }
}
