//! The account's privacy settings, as far as they decide what is sent.

use super::parse::text;
use crate::stanza::{Node, NodeRef, build};

/// Asks for the settings; still without an id.
pub fn fetch() -> Node {
    build::get("privacy").child(Node::new("privacy"))
}

/// The settings in the answer to [`fetch`], as name and value; or those that a notification of kind `account_sync` says
/// have changed.
pub fn settings<'a>(holder: NodeRef<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let privacy = holder.child("privacy");
    let categories = privacy.into_iter().flat_map(|privacy| privacy.children_named("category"));
    categories.filter_map(|category| Some((text(&category, "name")?, text(&category, "value")?)))
}

/// Returns whether others get read receipts; `None` if it is not given. If they do not, receipts of reading are of the kinds
/// that only the own devices see.
pub fn tells_reading(holder: NodeRef<'_>) -> Option<bool> {
    settings(holder).find(|(name, _)| *name == "readreceipts").map(|(_, value)| value != "none")
}

#[cfg(test)]
mod tests {
    use super::super::testing::reading;
    use super::*;

    #[test]
    fn asked_and_answered() {
        let head = "<iq to=\"s.whatsapp.net\" type=\"get\" xmlns=\"privacy\">";
        assert_eq!(fetch().xml(), format!("{head}<privacy/></iq>"));
        let told = |value: &'static str| {
            let category = |name: &'static str| Node::new("category").attr("name", name);
            let all = [
                category("last").attr("value", "all"),
                category("online"),
                category("readreceipts").attr("value", value),
            ];
            let node = Node::new("iq").child(Node::new("privacy").children(all));
            reading(node, |node| (settings(node).count(), tells_reading(node)))
        };
        assert_eq!(told("all"), (2, Some(true)));
        assert_eq!(told("none"), (2, Some(false)));
        assert_eq!(told(""), (1, None));
        assert_eq!(reading(Node::new("iq"), tells_reading), None);
    }
}
