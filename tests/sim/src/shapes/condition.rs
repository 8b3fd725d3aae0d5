//! Conditions by which a shape is chosen, and by which parts of it go together.
//!
//! `@type=get|set`, `@id`, `@to~g.us` (an address at that server), `/child`, `/*`, `/child@v=2`, `//enc@type=pkmsg` (anywhere
//! below); each with `!` in front for the contrary.

use wa::stanza::NodeRef;

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    negated: bool,
    place: Place,
    attr: Option<Attr>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Here,
    Child(String),
    Below(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attr {
    name: String,
    is: Is,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Is {
    There,
    OneOf(Vec<String>),
    At(Vec<String>),
}

impl Condition {
    /// Reads a condition.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (place, attr) = match rest.split_once('@') {
            Some((place, attr)) => (place, Some(Attr::read(attr))),
            None => (rest, None),
        };
        let place = if let Some(tag) = place.strip_prefix("//") {
            Place::Below(tag.to_owned())
        } else if let Some(tag) = place.strip_prefix('/') {
            Place::Child(tag.to_owned())
        } else if place.is_empty() && attr.is_some() {
            Place::Here
        } else {
            return Err(format!("{text:?} is no condition"));
        };
        Ok(Self { negated, place, attr })
    }

    /// Returns the attribute of the stanza itself that this demands, and its values.
    pub(super) fn demands(&self) -> Option<(&str, &[String])> {
        match (&self.place, &self.attr, self.negated) {
            (Place::Here, Some(Attr { name, is: Is::OneOf(values) }), false) => Some((name, values)),
            _ => None,
        }
    }

    /// Returns whether it holds for a stanza.
    pub(super) fn holds(&self, node: NodeRef<'_>) -> bool {
        let found = match &self.place {
            Place::Here => self.fits(node),
            Place::Child(tag) => {
                node.children().any(|child| (tag == "*" || child.tag() == tag) && self.fits(child))
            }
            Place::Below(tag) => self.is_below(node, tag),
        };
        found != self.negated
    }

    fn is_below(&self, node: NodeRef<'_>, tag: &str) -> bool {
        node.children().any(|child| (child.tag() == tag && self.fits(child)) || self.is_below(child, tag))
    }

    fn fits(&self, node: NodeRef<'_>) -> bool {
        self.attr.as_ref().is_none_or(|attr| attr.fits(node))
    }
}

impl Attr {
    fn read(text: &str) -> Self {
        let list = |text: &str| text.split('|').map(str::to_owned).collect();
        let (name, is) = if let Some((name, values)) = text.split_once('=') {
            (name, Is::OneOf(list(values)))
        } else if let Some((name, servers)) = text.split_once('~') {
            (name, Is::At(list(servers)))
        } else {
            (text, Is::There)
        };
        Self { name: name.to_owned(), is }
    }

    fn fits(&self, node: NodeRef<'_>) -> bool {
        match &self.is {
            Is::There => node.has_attr(&self.name),
            Is::OneOf(values) => values.iter().any(|value| node.is(&self.name, value)),
            Is::At(servers) => node
                .jid(&self.name)
                .is_some_and(|jid| servers.iter().any(|server| jid.server.name() == server)),
        }
    }
}
