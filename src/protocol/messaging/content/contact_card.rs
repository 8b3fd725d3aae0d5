//! Contact cards.

use std::fmt;

/// A contact card.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ContactCard {
    /// The name to show.
    pub name: String,
    /// The vCard.
    pub vcard: String,
}

impl ContactCard {
    /// The card of a WhatsApp account: its name, and its number as digits with the country code.
    #[must_use]
    pub fn of_number(name: &str, digits: &str) -> Self {
        let shown = escaped(name);
        let vcard = format!(
            "BEGIN:VCARD\nVERSION:3.0\nN:;{shown};;;\nFN:{shown}\nTEL;type=CELL;waid={digits}:+{digits}\nEND:VCARD"
        );
        Self { name: name.to_owned(), vcard }
    }
}

/// A text as a vCard (RFC 2426) has it: no line ends, and nothing that would part it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ',' | ';' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => {}
            letter => out.push(letter),
        }
    }
    out
}

impl fmt::Debug for ContactCard {
    /// Leaves out the owner.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactCard").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        let card = ContactCard::of_number("Lovelace, Ada;\r\nTEL:+666", "15551234567");
        let lines: Vec<&str> = card.vcard.lines().collect();
        assert_eq!(lines[3], "FN:Lovelace\\, Ada\\;\\nTEL:+666");
        assert_eq!(lines[4], "TEL;type=CELL;waid=15551234567:+15551234567");
        assert_eq!(lines.len(), 6);
    }
}
