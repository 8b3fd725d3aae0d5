//! The rule for an element: its attributes, its children, its content.

use std::collections::BTreeMap;

use serde::Deserialize;
use wa::stanza::NodeRef;

use super::{
    count::Count,
    value::{Content, Value},
};

/// An element as the table has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Source {
    tag: Option<String>,
    count: Option<String>,
    attrs: BTreeMap<String, String>,
    children: Vec<Child>,
    content: Option<String>,
    any_order: bool,
}

/// A child as the table has it: an element, or the name of a part or of an empty element, with a sign for how often it occurs.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Child {
    Name(String),
    Element(Box<Source>),
}

/// Elements that several shapes share, by name.
pub(super) type Parts = BTreeMap<String, Source>;

/// The rule.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) tag: String,
    pub(super) count: Count,
    pub(super) attrs: BTreeMap<String, Attr>,
    pub(super) children: Vec<Element>,
    pub(super) content: Content,
    pub(super) any_order: bool,
}

/// The rule for an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attr {
    pub(super) is_required: bool,
    pub(super) value: Value,
}

impl Source {
    /// Makes the rule of it. `name` is the tag unless it says another.
    pub(super) fn element(&self, name: &str, parts: &Parts) -> Result<Element, String> {
        let attr = |(name, rule): (&String, &String)| {
            let (name, is_required) =
                name.strip_suffix('?').map_or((name.as_str(), true), |name| (name, false));
            let value = Value::read(rule).map_err(|why| format!("@{name}: {why}"))?;
            Ok::<_, String>((name.to_owned(), Attr { is_required, value }))
        };
        let children =
            self.children.iter().map(|child| child.element(parts)).collect::<Result<Vec<_>, _>>()?;
        if let Some((at, child)) = children
            .iter()
            .enumerate()
            .find(|(at, child)| children.iter().take(*at).any(|other| other.tag == child.tag))
        {
            return Err(format!("child {at}, <{}>, has two rules", child.tag));
        }
        Ok(Element {
            tag: self.tag.clone().unwrap_or_else(|| name.to_owned()),
            count: self.count.as_deref().map_or(Ok(Count::ONE), Count::read)?,
            attrs: self.attrs.iter().map(attr).collect::<Result<_, _>>()?,
            children,
            content: self.content.as_deref().map_or(Ok(Content::Nothing), Content::read)?,
            any_order: self.any_order,
        })
    }
}

impl Child {
    /// Makes the rule of it.
    pub(super) fn element(&self, parts: &Parts) -> Result<Element, String> {
        match self {
            Self::Name(text) => {
                let (name, count) = Count::of_name(text);
                let empty = Source::default();
                let element = parts.get(name).unwrap_or(&empty).element(name, parts)?;
                Ok(Element { count, ..element })
            }
            Self::Element(source) => {
                let tag = source.tag.as_deref().ok_or("a child has no tag")?;
                source.element(tag, parts).map_err(|why| format!("{tag}: {why}"))
            }
        }
    }
}

impl Element {
    /// Adds what is wrong with an element; `path` says where it is.
    pub(super) fn check(&self, node: NodeRef<'_>, path: &str, wrong: &mut Vec<String>) {
        for (key, value) in node.attrs() {
            match self.attrs.get(key) {
                None => wrong.push(format!("{path}/@{key}: is not an attribute of it")),
                Some(rule) => {
                    wrong.extend(rule.value.check(&value).map(|why| format!("{path}/@{key}: {why}")));
                }
            }
        }
        let missing = self.attrs.iter().filter(|(key, rule)| rule.is_required && !node.has_attr(key));
        wrong.extend(missing.map(|(key, rule)| format!("{path}/@{key}: is missing; it is {}", rule.value)));
        if node.children().next().is_none() {
            wrong.extend(self.content.check(node).map(|why| format!("{path}: {why}")));
        } else if self.content != Content::Nothing {
            wrong.push(format!("{path}: has children, and has to hold {}", self.content));
        }
        self.check_children(node, path, wrong);
    }

    fn check_children(&self, node: NodeRef<'_>, path: &str, wrong: &mut Vec<String>) {
        let mut counts = vec![0; self.children.len()];
        let mut last = 0;
        for child in node.children() {
            let path = format!("{path}/{}", child.tag());
            let Some(at) = self.children.iter().position(|rule| rule.tag == child.tag()) else {
                wrong.push(format!("{path}: is not a child of it"));
                continue;
            };
            if at < last && !self.any_order {
                wrong.push(format!(
                    "{path}: comes after <{}>, and has to come before it",
                    self.children[last].tag
                ));
            }
            last = last.max(at);
            counts[at] += 1;
            self.children[at].check(child, &path, wrong);
        }
        for (rule, count) in self.children.iter().zip(counts) {
            if !rule.count.allows(count) {
                let what = if count < rule.count.at_least() { "is missing" } else { "is there too often" };
                wrong.push(format!("{path}/{}: {what}: {count} times, not {}", rule.tag, rule.count));
            }
        }
    }
}
