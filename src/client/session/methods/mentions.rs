//! The people that a text names: whose message it answers, and whom it mentions. A mention stands twice in a message, as an
//! address and as `@` with the user part of that address in the text; both change when a chat names the person otherwise.

use crate::messaging::content::{Extras, Quote};
use crate::messaging::engine::Named;
use crate::stanza::Jid;

/// Returns the people that a text names: the sender of the quoted message, if there is one, then those whom it mentions.
pub(super) fn people(extras: &Extras) -> Vec<Jid> {
    let quoted = extras.quote.iter().map(|quote| &quote.sender);
    quoted.chain(&extras.mentions).cloned().collect()
}

/// Returns the text and its extras with the same people under these names, which are in the order of [`people`].
pub(super) fn renamed(text: &str, extras: &Extras, names: &[Named]) -> (String, Extras) {
    let (quoted, mentioned) = names.split_at(usize::from(extras.quote.is_some()).min(names.len()));
    let quote = extras.quote.clone().map(|quote| match quoted.first() {
        Some(named) => Quote { sender: named.jid.clone(), ..quote },
        None => quote,
    });
    let mentions: Vec<Jid> = mentioned.iter().map(|named| named.jid.clone()).collect();
    let pairs = extras.mentions.iter().zip(&mentions);
    let changed: Vec<(String, String)> = pairs
        .filter(|(given, name)| given.user != name.user)
        .map(|(given, name)| (format!("@{}", given.user), format!("@{}", name.user)))
        .collect();
    (replace_marks(text, &changed), Extras { quote, mentions, ..extras.clone() })
}

/// Replaces marks such as `@15551234567` where they stand alone: what a digit follows is another mark.
fn replace_marks(text: &str, changed: &[(String, String)]) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, mark) = rest.split_at(at);
        replaced.push_str(before);
        let found = changed.iter().find_map(|(given, name)| {
            let after = mark.strip_prefix(given.as_str())?;
            (!after.starts_with(|next: char| next.is_ascii_digit())).then_some((name, after))
        });
        rest = match found {
            Some((name, after)) => {
                replaced.push_str(name);
                after
            }
            None => {
                replaced.push('@');
                &mark[1..]
            }
        };
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        text.parse().unwrap()
    }

    fn named(text: &str) -> Named {
        Named { jid: jid(text), is_own: false }
    }

    #[test]
    fn marks_change_with_the_names() {
        let extras = Extras {
            quote: Some(Quote::of_text("3EB0", jid("15550000003@s.whatsapp.net"), "?")),
            mentions: vec![jid("1555@s.whatsapp.net"), jid("15550@s.whatsapp.net"), jid("9@lid")],
            ..Extras::default()
        };
        assert_eq!(people(&extras).len(), 4);
        let names = ["8@lid", "101@lid", "102@lid", "9@lid"].map(named);
        let text = "@1555 and @15550, not @155501; 1555 @9 @";
        let (text, extras) = renamed(text, &extras, &names);
        assert_eq!(text, "@101 and @102, not @155501; 1555 @9 @");
        assert_eq!(extras.mentions, ["101@lid", "102@lid", "9@lid"].map(jid));
        assert_eq!(extras.quote.unwrap().sender, jid("8@lid"));
    }

    #[test]
    fn nothing_changes_under_the_same_names() {
        let extras = Extras { mentions: vec![jid("1555@s.whatsapp.net")], ..Extras::default() };
        let (text, same) = renamed("@1555", &extras, &[named("1555@s.whatsapp.net")]);
        assert_eq!((text.as_str(), &same), ("@1555", &extras));
    }
}
