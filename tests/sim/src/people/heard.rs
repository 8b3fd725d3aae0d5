//! The messages that a simulated device has received.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde::Serialize;

/// Most messages that are kept; the figures go on.
const MAX_KEPT: usize = 10_000;

/// One message that was decrypted.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Message {
    /// Its number in the order of their coming, from 1.
    pub(crate) n: u64,
    pub(crate) at_ms: u64,
    pub(crate) id: String,
    /// The other side's number, or the group's address.
    pub(crate) chat: String,
    /// The sender's number.
    pub(crate) from: String,
    /// The sending device.
    pub(crate) device: u16,
    /// The word of its content: text, reaction, edit, delete …
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// The message that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// The number of who sent that message, as its writer says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_from: Option<String>,
    /// Of a vote: the options that are chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) selected: Option<Vec<String>>,
    /// The addresses that are mentioned, as they stand in the message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<String>,
    /// It was asked for again before.
    pub(crate) retried: bool,
    /// The content, serialised.
    #[serde(skip)]
    pub(crate) raw: Vec<u8>,
}

/// A receipt for a message of this device.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Receipt {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) device: u16,
    /// `delivered`, or its type.
    pub(crate) kind: String,
}

/// Everything, in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    /// Messages that were decrypted.
    pub(crate) received: u64,
    /// Messages that came again under an id that their sender had used: nobody gets to see them.
    pub(crate) again: u64,
    /// Ciphertexts that were decrypted before.
    pub(crate) duplicates: u64,
    /// Ciphertexts that could not be decrypted.
    pub(crate) undecryptable: u64,
    /// Messages whose marks did not fit what they say: production would have dropped them, and nobody gets to see them.
    pub(crate) mismarked: u64,
    /// Of texts that begin with `#` and a number: those that were not the next of their sender.
    pub(crate) out_of_order: u64,
    /// Of such texts: those that came a second time.
    pub(crate) repeated: u64,
    /// The last such number of each sender.
    pub(crate) last: BTreeMap<String, u64>,
}

/// The received messages.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) figures: Figures,
    messages: VecDeque<Message>,
    /// Sender and id of the messages that are kept.
    known: HashSet<(String, String)>,
    receipts: VecDeque<Receipt>,
}

impl Heard {
    /// Notes a message. False if it was noted before: a phone goes by sender and id, and shows it once.
    pub(super) fn note(&mut self, mut message: Message) -> bool {
        if !self.known.insert((message.from.clone(), message.id.clone())) {
            self.figures.again += 1;
            return false;
        }
        self.figures.received += 1;
        message.n = self.figures.received;
        let number =
            message.text.as_deref().and_then(|text| text.strip_prefix('#')?.split(' ').next()?.parse().ok());
        if let Some(number) = number {
            let last = self.figures.last.entry(message.from.clone()).or_default();
            if number == *last + 1 {
                *last = number;
            } else if number <= *last {
                self.figures.repeated += 1;
            } else {
                self.figures.out_of_order += 1;
                *last = number;
            }
        }
        if self.messages.len() >= MAX_KEPT
            && let Some(oldest) = self.messages.pop_front()
        {
            self.known.remove(&(oldest.from, oldest.id));
        }
        self.messages.push_back(message);
        true
    }

    /// Notes a receipt.
    pub(super) fn note_receipt(&mut self, receipt: Receipt) {
        if self.receipts.len() >= MAX_KEPT {
            self.receipts.pop_front();
        }
        self.receipts.push_back(receipt);
    }

    /// The messages after the one of that number.
    pub(crate) fn after(&self, n: u64) -> Vec<&Message> {
        self.messages.iter().filter(|message| message.n > n).collect()
    }

    /// Keeps a message of the past: it can be answered, and is in no figure and no list.
    pub(super) fn recall(&mut self, id: &str, from: &str, raw: Vec<u8>) {
        if self.known.insert((from.to_owned(), id.to_owned())) {
            let (id, from) = (id.to_owned(), from.to_owned());
            self.messages.push_back(Message { id, from, raw, ..Message::default() });
        }
    }

    /// A message of that id that is kept.
    pub(super) fn find(&self, id: &str) -> Option<&Message> {
        self.messages.iter().rfind(|message| message.id == id)
    }

    /// All receipts that are kept.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.receipts.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(numbers: &[u64]) -> Figures {
        let mut heard = Heard::default();
        for (at, n) in numbers.iter().enumerate() {
            let (id, text) = (at.to_string(), Some(format!("#{n} and more")));
            assert!(heard.note(Message { id, text, ..Message::default() }));
        }
        heard.figures
    }

    #[test]
    fn a_message_is_shown_once() {
        let mut heard = Heard::default();
        let message =
            |from: &str, id: &str| Message { from: from.into(), id: id.into(), ..Message::default() };
        assert!(
            heard.note(message("1", "A")) && heard.note(message("2", "A")) && heard.note(message("1", "B"))
        );
        assert!(!heard.note(message("1", "A")));
        assert_eq!((heard.figures.received, heard.figures.again, heard.messages.len()), (3, 1, 3));
    }

    #[test]
    fn numbered_texts_are_checked() {
        let good = figures(&[1, 2, 3]);
        assert_eq!((good.received, good.out_of_order, good.repeated), (3, 0, 0));
        assert_eq!(figures(&[1, 3, 4]).out_of_order, 1);
        assert_eq!(figures(&[1, 2, 2, 3]).repeated, 1);
        assert_eq!(figures(&[1, 2, 1]).last[""], 2);
    }
}
