//! The request to the own phone to put a file up again that the media servers do not have.

use crate::crypto::Secret;
use crate::media::{RETRY_IV, retry_request};
use crate::stanza::{Jid, Node};

/// Asks the own phone, by its account's address, for the part of the history that a notice of this id named.
#[must_use]
pub fn history_lost(own: &Jid, message_id: &str, media_key: &Secret<32>, iv: [u8; RETRY_IV]) -> Node {
    let sealed = retry_request(media_key, message_id, &iv);
    let encrypt = [Node::new("enc_p").bytes(sealed), Node::new("enc_iv").bytes(iv.to_vec())];
    Node::new("receipt")
        .attr("id", message_id.to_owned())
        .attr("type", "server-error")
        .attr("category", "peer")
        .attr("to", own.account())
        .child(Node::new("encrypt").children(encrypt))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, vectors};
    use super::*;

    #[test]
    fn the_request_of_the_vectors() {
        let section = &vectors()["media_retry"];
        let bytes = |value: &serde_json::Value| hex::decode(value.as_str().unwrap()).unwrap();
        let key = Secret::from_slice(&bytes(&section["media_key"])).unwrap();
        let id = section["message_id"].as_str().unwrap();
        let iv = bytes(&section["request"]["iv"]).try_into().unwrap();
        let sealed = bytes(&section["request"]["ciphertext_with_tag"]);
        assert_eq!(retry_request(&key, id, &iv), sealed);
        let node = history_lost(&jid("100:7@s.whatsapp.net"), id, &key, iv);
        assert!(node.xml().starts_with(&format!(
            "<receipt id=\"{id}\" type=\"server-error\" category=\"peer\" to=\"100@s.whatsapp.net\"><encrypt><enc_p>"
        )));
    }
}
