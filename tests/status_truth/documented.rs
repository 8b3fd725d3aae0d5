//! The statuses that the header documents.
//!
//! A function returns those that its `@return` names, those of the function that it is said to be like ("as wa_x()"), and those that
//! the header's first page names for all. Its `result` brings WA_OK, those of the sentence "The result says ...", and those of the
//! function that this sentence refers to ("that of wa_x()").

use std::collections::BTreeSet;
use std::sync::LazyLock;

use wa::api::{STATUSES, Status};

use super::observed::Pair;
use wa_generator::declarations::{Function, functions};

const HEADER: &str = include_str!("../../include/wa.h");

/// The name that stands for the function where the result of any request is meant.
const ANY: &str = "any request:";

/// Pairs of functions and statuses.
pub(crate) struct Documented {
    /// The statuses that functions return.
    pub(crate) returned: BTreeSet<Pair>,
    /// The statuses of the results of requests.
    pub(crate) results: BTreeSet<Pair>,
    /// The statuses that the result of any request can have.
    any_result: Vec<&'static str>,
    /// The functions whose status is what they read, not how they fared.
    readers: Vec<String>,
}

impl Documented {
    /// Reads the committed header.
    pub(crate) fn of_the_header() -> Self {
        let functions = functions(HEADER);
        let (general, readers) = for_all_functions();
        let mut documented = Self {
            returned: BTreeSet::new(),
            results: BTreeSet::new(),
            any_result: for_all_results(),
            readers,
        };
        for function in functions.iter().filter(|function| function.returns == "wa_status") {
            let mut returned = returned(function, &functions);
            if !documented.readers.contains(&function.name) {
                returned.extend(general.iter().copied());
            }
            let results = results(function, &functions);
            let pair = |status: &str| (function.name.clone(), status.to_owned());
            documented.returned.extend(returned.into_iter().map(pair));
            documented.results.extend(results.into_iter().map(pair));
        }
        let any = documented.any_result.iter().map(|status| (ANY.to_owned(), (*status).to_owned()));
        documented.results.extend(any);
        documented
    }

    /// Tells whether the result of a request by that function can say a status.
    pub(crate) fn is_result(&self, function: &str, status: Status) -> bool {
        let said_by = |name: &str| self.results.contains(&(name.to_owned(), status.name().to_owned()));
        said_by(function) || said_by(ANY)
    }

    /// Takes what any result can say for what it says of any request.
    pub(crate) fn with_any_result(&self, observed: BTreeSet<Pair>) -> BTreeSet<Pair> {
        let of_any = |(function, status): Pair| {
            let is_general = self.any_result.contains(&status.as_str());
            (if is_general { ANY.to_owned() } else { function }, status)
        };
        observed.into_iter().map(of_any).collect()
    }

    /// Leaves out what the readers returned beside what is documented: it is the status of an object.
    pub(crate) fn without_readers(&self, observed: BTreeSet<Pair>) -> BTreeSet<Pair> {
        let is_read = |pair: &Pair| self.readers.contains(&pair.0) && !self.returned.contains(pair);
        observed.into_iter().filter(|pair| !is_read(pair)).collect()
    }
}

/// The comment that the header begins with, as one line of words.
fn first_page() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let page = HEADER.split_once("*/").unwrap().0;
        page.split_whitespace().filter(|word| *word != "*").collect::<Vec<_>>().join(" ")
    });
    &PAGE
}

/// Returns what the first page says of every function that returns a status, and the functions that it excepts.
fn for_all_functions() -> (Vec<&'static str>, Vec<String>) {
    let (_, sentence) = first_page().split_once("Every function that returns a wa_status").unwrap();
    let (sentence, _) = sentence.split_once(". ").unwrap();
    let excepted = sentence.split([' ', ',']).filter(|word| word.starts_with("wa_"));
    (statuses(sentence), excepted.map(str::to_owned).collect())
}

/// Returns what the first page says of the result of every request.
fn for_all_results() -> Vec<&'static str> {
    let (_, sentence) = first_page().split_once("The result of any request can also say").unwrap();
    statuses(sentence.split_once(". ").unwrap().0)
}

fn returned(function: &Function, functions: &[Function]) -> Vec<&'static str> {
    let (_, text) = function.comment.split_once("@return").unwrap_or_else(|| panic!("{}", function.name));
    let mut named = statuses(text);
    if let Some(like) = function_after(text, "as wa_", functions) {
        named.extend(returned(like, functions));
    }
    named
}

fn results(function: &Function, functions: &[Function]) -> Vec<&'static str> {
    if !function.params.contains(&("uint64_t *".to_owned(), "request".to_owned())) {
        return Vec::new();
    }
    let Some((_, text)) = function.comment.split_once("The result says") else { return vec!["WA_OK"] };
    let text = text.split(". ").next().unwrap().split('@').next().unwrap();
    let mut named = statuses(text);
    named.push("WA_OK");
    if let Some(like) = function_after(text, "that of wa_", functions) {
        named.extend(results(like, functions));
    }
    named
}

/// Returns the function whose name follows those words, which end with the beginning of it.
fn function_after<'a>(text: &str, words: &str, functions: &'a [Function]) -> Option<&'a Function> {
    let (_, rest) = text.split_once(words)?;
    let name = format!("wa_{}", rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next()?);
    Some(functions.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("no {name}")))
}

/// Returns the statuses that a text names.
fn statuses(text: &str) -> Vec<&'static str> {
    let words = text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    words.filter_map(|word| STATUSES.iter().find(|row| row.name == word)).map(|row| row.name).collect()
}

#[test]
fn general_statuses_and_references_are_read() {
    let documented = Documented::of_the_header();
    let has = |pairs: &BTreeSet<Pair>, function: &str, status: &str| {
        pairs.contains(&(function.to_owned(), status.to_owned()))
    };
    assert!(has(&documented.returned, "wa_client_close", "WA_ERROR_FORKED"));
    assert!(!has(&documented.returned, "wa_error_status", "WA_ERROR_FORKED"));
    assert!(has(&documented.returned, "wa_send_message", "WA_ERROR_UNSUPPORTED_CHAT"));
    assert!(has(&documented.results, "wa_send_message", "WA_ERROR_NO_RECIPIENT"));
    assert!(!has(&documented.results, "wa_send_message", "WA_ERROR_FORKED"));
}
