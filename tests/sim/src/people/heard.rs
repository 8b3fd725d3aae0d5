//! What a simulated device has received.

use std::collections::{BTreeMap, VecDeque};

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
    /// It was asked for again before.
    pub(crate) retried: bool,
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
    /// Ciphertexts that were decrypted before.
    pub(crate) duplicates: u64,
    /// Ciphertexts that could not be decrypted.
    pub(crate) undecryptable: u64,
    /// Of texts that begin with `#` and a number: those that were not the next of their sender.
    pub(crate) out_of_order: u64,
    /// Of such texts: those that came a second time.
    pub(crate) repeated: u64,
    /// The last such number of each sender.
    pub(crate) last: BTreeMap<String, u64>,
}

/// What was received.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) figures: Figures,
    messages: VecDeque<Message>,
    receipts: VecDeque<Receipt>,
}

impl Heard {
    /// Notes a message.
    pub(super) fn note(&mut self, mut message: Message) {
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
        if self.messages.len() >= MAX_KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
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
        for n in numbers {
            heard.note(Message { text: Some(format!("#{n} and more")), ..Message::default() });
        }
        heard.figures
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
