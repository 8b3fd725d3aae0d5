//! Deliberate differences from the official shape: what is sent in its place, and why.

use serde::Deserialize;

use super::{
    count::Count,
    element::{Attr, Child, Element, Parts},
    value::Value,
};

/// A difference. All four fields are wanted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Difference {
    /// The place: `@attr`, `child`, `child/@attr` ...
    at: String,
    /// The official client's form, in words.
    pub(super) official: String,
    /// The sent form: `absent`, a rule for an attribute (with `?` behind it if it may be missing), a count for a child, or a
    /// child.
    libwa: Child,
    /// The reason.
    pub(super) why: String,
}

impl Difference {
    /// Changes the shape accordingly.
    pub(super) fn apply(&self, element: &mut Element, parts: &Parts) -> Result<(), String> {
        self.apply_at(&self.at, element, parts).map_err(|why| format!("difference at {}: {why}", self.at))
    }

    fn apply_at(&self, at: &str, element: &mut Element, parts: &Parts) -> Result<(), String> {
        if let Some((tag, rest)) = at.split_once('/') {
            let child = element.children.iter_mut().find(|child| child.tag == tag);
            return self.apply_at(rest, child.ok_or_else(|| format!("there is no <{tag}>"))?, parts);
        }
        if let Some(name) = at.strip_prefix('@') {
            let Child::Name(rule) = &self.libwa else { return Err("an attribute is no element".to_owned()) };
            element.attrs.remove(name);
            if rule != "absent" {
                let (rule, is_required) =
                    rule.strip_suffix('?').map_or((rule.as_str(), true), |rule| (rule, false));
                element.attrs.insert(name.to_owned(), Attr { is_required, value: Value::read(rule)? });
            }
            return Ok(());
        }
        let place = element.children.iter().position(|child| child.tag == at);
        match (place, &self.libwa) {
            (Some(place), Child::Name(text)) if text == "absent" => drop(element.children.remove(place)),
            (Some(place), Child::Name(count)) => {
                if let Some(child) = element.children.get_mut(place) {
                    child.count = Count::read(count)?;
                }
            }
            (Some(place), child) => {
                let child = child.element(parts)?;
                element.children.splice(place..=place, [child]);
            }
            (None, child) => element.children.push(child.element(parts)?),
        }
        Ok(())
    }
}
