//! Stanzas in a form that is the same in every run: what is random in them is masked.

use std::collections::HashMap;
use std::fmt::Write as _;

/// Elements whose content is text that does not change.
const TEXTS: [&str; 8] = [
    "body",
    "companion_platform_display",
    "companion_platform_id",
    "contact",
    "member_add_mode",
    "query",
    "subject",
    "type",
];

/// The names that random values have been given: the number of the step in which they came first, and one within the step.
/// Further names in one step change no names in the next.
#[derive(Default)]
pub(crate) struct Masked {
    ids: HashMap<String, String>,
    step: usize,
    in_step: usize,
}

/// An element of the log's XML.
struct Element {
    tag: String,
    attrs: String,
    content: Option<Vec<u8>>,
    children: Vec<Element>,
}

impl Masked {
    /// Begins the next step. Returns its number.
    pub(crate) fn next_step(&mut self) -> usize {
        (self.step, self.in_step) = (self.step + 1, 0);
        self.step
    }

    /// Makes lines, without the last line's end, of a stanza as the simulator's log shows it.
    pub(crate) fn show(&mut self, xml: &str) -> String {
        let mut pieces = xml.split('<').skip(1);
        let root = pieces.next().map(|first| self.element(first, &mut pieces)).unwrap();
        let mut lines = Vec::new();
        root.write(0, &mut lines);
        lines.join("\n")
    }

    /// Reads an element of which the start is `first`; the pieces behind it begin after a `<` each.
    fn element<'x>(&mut self, first: &'x str, pieces: &mut impl Iterator<Item = &'x str>) -> Element {
        let (start, _) = first.split_once('>').unwrap();
        let (start, is_empty) = start.strip_suffix('/').map_or((start, false), |start| (start, true));
        let (tag, attrs) = start.split_once(' ').unwrap_or((start, ""));
        let mut element = Element {
            tag: tag.to_owned(),
            attrs: self.attrs(tag, attrs),
            content: None,
            children: Vec::new(),
        };
        if is_empty {
            return element;
        }
        // To the end of the element.
        while let Some(piece) = pieces.next().filter(|piece| !piece.starts_with('/')) {
            match piece.strip_prefix("!-- ") {
                Some(comment) => {
                    let (_, hex) = comment.trim_end_matches(" -->").split_once(": ").unwrap();
                    element.content = Some(hex::decode(hex).unwrap());
                }
                None => element.children.push(self.element(piece, pieces)),
            }
        }
        element
    }

    /// `a="b" c="d"`, with what is random masked.
    fn attrs(&mut self, tag: &str, attrs: &str) -> String {
        let mut out = String::new();
        let mut rest = attrs;
        while let Some((key, behind)) = rest.split_once("=\"") {
            let (value, behind) = behind.split_once('"').unwrap();
            write!(out, " {}=\"{}\"", key.trim(), self.value(tag, key.trim(), value)).unwrap();
            rest = behind;
        }
        out
    }

    fn value(&mut self, tag: &str, key: &str, value: &str) -> String {
        match key {
            "t" | "ts" | "expected_ts" | "timestamp" => "TIME".to_owned(),
            "phash" | "device_hash" => "HASH".to_owned(),
            "id" if tag == "unified_session" => "TIME".to_owned(),
            "id" | "sid" | "key" if !value.contains('@') => {
                let Self { ids, step, in_step } = self;
                let name = ids.entry(value.to_owned()).or_insert_with(|| {
                    *in_step += 1;
                    format!("ID{step}.{in_step}")
                });
                name.clone()
            }
            _ => value.to_owned(),
        }
    }
}

impl Element {
    fn write(&self, depth: usize, lines: &mut Vec<String>) {
        let indent = "  ".repeat(depth);
        let start = format!("{indent}<{}{}", self.tag, self.attrs);
        if let Some(content) = &self.content {
            return lines.push(format!("{start}>{}</{}>", self.shown(content), self.tag));
        }
        if self.children.is_empty() {
            return lines.push(format!("{start}/>"));
        }
        lines.push(format!("{start}>"));
        let mut last: Option<Vec<String>> = None;
        let mut times = 0;
        for child in &self.children {
            let mut shown = Vec::new();
            child.write(depth + 1, &mut shown);
            if last.as_ref() == Some(&shown) {
                times += 1;
                continue;
            }
            Self::repeated(depth, times, lines);
            lines.extend(shown.iter().cloned());
            (last, times) = (Some(shown), 1);
        }
        Self::repeated(depth, times, lines);
        lines.push(format!("{indent}</{}>", self.tag));
    }

    fn repeated(depth: usize, times: usize, lines: &mut Vec<String>) {
        if times > 1 {
            lines.push(format!("{}... {times} times", "  ".repeat(depth + 1)));
        }
    }

    fn shown(&self, content: &[u8]) -> String {
        let text = std::str::from_utf8(content).ok().filter(|text| !text.chars().any(char::is_control));
        match text {
            _ if self.tag == "enc" => "ciphertext".to_owned(),
            Some(text) if TEXTS.contains(&self.tag.as_str()) => text.to_owned(),
            _ => format!("{} bytes", content.len()),
        }
    }
}
