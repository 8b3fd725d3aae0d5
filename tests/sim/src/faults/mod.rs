//! The rule table of what goes wrong.
//!
//! A rule says *when* (a point in the life of a connection, or a stanza that looks like this) and what to *do*. Rules are
//! asked at every point; all that match apply, in the order in which they were made. There is no other switchboard: a
//! fault that can be put as "at this point, do that" is a rule, never an option of its own.

mod action;
mod subject;
mod wire;

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub(crate) use action::{Action, CertificateFault, Forgery, Refusal};
pub(crate) use subject::{Point, Subject};
pub(crate) use wire::{End, Plan, Wire};

/// Conditions of a rule; what is not given matches everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct When {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) point: Option<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) xmlns: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) child: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Of a request for a file: `GET` or `DELETE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// Of a request for a file: a part of its path and query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// Leave the first so many matches alone.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) skip: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// One action or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Actions {
    One(Action),
    Many(Vec<Action>),
}

/// A rule as it is given to the control API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRule {
    #[serde(default)]
    when: When,
    #[serde(rename = "do")]
    actions: Actions,
    /// The number of times it applies; 0 is without end.
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// A rule in the table, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rule {
    id: u64,
    #[serde(flatten)]
    rule: NewRule,
    /// Matches so far, skipped ones included.
    seen: u32,
    /// The number of times it was applied.
    applied: u32,
}

impl Rule {
    fn is_spent(&self) -> bool {
        self.rule.times != 0 && self.applied >= self.rule.times
    }
}

#[derive(Default)]
struct Rules {
    next: u64,
    list: Vec<Rule>,
}

/// All rules of one simulator. Spent rules stay in it, so that a test can see that they were applied.
#[derive(Default)]
pub(crate) struct FaultTable {
    rules: Mutex<Rules>,
    // Rules that may still apply; most runs have none, and then nothing is looked at.
    live: AtomicUsize,
}

impl FaultTable {
    /// Adds a rule and gives its id.
    pub(crate) fn add(&self, rule: NewRule) -> u64 {
        let mut rules = self.rules.lock();
        rules.next += 1;
        let id = rules.next;
        rules.list.push(Rule { id, rule, seen: 0, applied: 0 });
        self.live.fetch_add(1, Ordering::Relaxed);
        id
    }

    /// All rules, spent ones too.
    pub(crate) fn list(&self) -> Vec<Rule> {
        self.rules.lock().list.clone()
    }

    /// Removes one rule; false if there is none with that id.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut rules = self.rules.lock();
        let before = rules.list.len();
        rules.list.retain(|rule| rule.id != id);
        self.count(&rules);
        rules.list.len() != before
    }

    /// Removes all rules.
    pub(crate) fn clear(&self) {
        let mut rules = self.rules.lock();
        rules.list.clear();
        self.count(&rules);
    }

    /// Returns the actions at this point. The subject is made only if there are rules.
    pub(crate) fn hit<'a>(&self, subject: impl FnOnce() -> Subject<'a>) -> Vec<Action> {
        if self.live.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let subject = subject();
        let mut actions = Vec::new();
        let mut rules = self.rules.lock();
        for rule in &mut rules.list {
            if rule.is_spent() || !subject.matches(&rule.rule.when) {
                continue;
            }
            rule.seen += 1;
            if rule.seen <= rule.rule.when.skip {
                continue;
            }
            rule.applied += 1;
            match &rule.rule.actions {
                Actions::One(action) => actions.push(action.clone()),
                Actions::Many(more) => actions.extend(more.iter().cloned()),
            }
        }
        self.count(&rules);
        actions
    }

    fn count(&self, rules: &Rules) {
        self.live.store(rules.list.iter().filter(|rule| !rule.is_spent()).count(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod faults_tests;
