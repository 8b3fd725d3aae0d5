//! The two name spaces of people: phone numbers and LIDs. Everybody has one name in each.

use serde::Deserialize;
use wa::stanza::Jid;

/// One of the two name spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Space {
    /// `…@s.whatsapp.net`
    Pn,
    /// `…@lid`
    Lid,
}

impl Space {
    /// Returns the name space of a person's address.
    pub(crate) fn of(jid: &Jid) -> Option<Self> {
        if jid.is_lid() { Some(Self::Lid) } else { jid.is_pn().then_some(Self::Pn) }
    }

    /// As attribute `addressing_mode` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pn => "pn",
            Self::Lid => "lid",
        }
    }

    /// Returns the name space of an `addressing_mode`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Pn, Self::Lid].into_iter().find(|space| space.name() == name)
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Pn => Self::Lid,
            Self::Lid => Self::Pn,
        }
    }
}
