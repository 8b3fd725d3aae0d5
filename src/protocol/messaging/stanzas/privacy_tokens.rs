//! Tokens that show the server that two people know each other. Without one it may refuse messages to a new contact.
//!
//! A trusted-contact token was given to us by the other side; it lasts for some weeks, counted in buckets. If there is none, one
//! is computed from a salt that the account's devices share.

use crate::crypto::hmac_sha256;
use crate::stanza::{Jid, Node, build};

/// Length of a bucket in seconds: a week.
pub const BUCKET_SECONDS: u64 = 604_800;

/// The number of buckets a token lives, that in which it was made included. zapo counts one more.
pub const BUCKETS: u64 = 4;

/// The bucket of a time in Unix seconds.
pub const fn bucket(time: u64) -> u64 {
    time / BUCKET_SECONDS
}

/// Returns whether a token that was made at that time is too old; Unix seconds both.
pub const fn is_expired(made: u64, now: u64) -> bool {
    made < bucket(now).saturating_sub(BUCKETS - 1) * BUCKET_SECONDS
}

/// Returns whether a new token is due for a contact who was last given one at that time.
pub const fn is_due(last: Option<u64>, now: u64) -> bool {
    match last {
        Some(last) => bucket(now) > bucket(last),
        None => true,
    }
}

/// Gives a contact a token; still without an id. The server's answer does not matter.
pub fn issue(to: &Jid, now: u64) -> Node {
    let token = Node::new("token").attr("jid", to.account()).attr("t", now).attr("type", "trusted_contact");
    build::set("privacy").child(Node::new("tokens").child(token))
}

/// Computes the token for the contact of that LID.
pub fn computed(salt: &[u8], lid: &Jid) -> [u8; 32] {
    hmac_sha256(salt, &[lid.user.as_bytes(), b"@lid"])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{jid, vectors};
    use super::*;

    #[test]
    fn lifetimes() {
        let section = &vectors()["tctoken"];
        let number = |value: &serde_json::Value, key: &str| value[key].as_u64().unwrap();
        assert_eq!(
            (number(section, "bucket_seconds"), number(section, "buckets")),
            (BUCKET_SECONDS, BUCKETS)
        );
        for case in section["cases"].as_array().unwrap() {
            let now = number(case, "now");
            assert_eq!(bucket(now), number(case, "bucket"));
            assert!(is_expired(number(case, "expired_example"), now));
            assert!(!is_expired(number(case, "valid_example"), now));
            assert!(!is_due(Some(bucket(now) * BUCKET_SECONDS), now));
            assert!(is_due(Some(bucket(now) * BUCKET_SECONDS - 1), now));
        }
        assert!(is_due(None, 0));
        assert!(!is_expired(0, 0) && !is_expired(u64::MAX, 0) && is_expired(0, u64::MAX));
        assert!(!is_due(Some(u64::MAX), 0));
    }

    #[test]
    fn computed_from_the_salt() {
        let case = &vectors()["cstoken"];
        let bytes = |key: &str| hex::decode(case[key].as_str().unwrap()).unwrap();
        let lid = jid(case["recipient_lid"].as_str().unwrap());
        assert_eq!(computed(&bytes("nct_salt"), &lid).as_slice(), bytes("token"));
        assert_eq!(computed(&bytes("nct_salt"), &lid.with_device(3)).as_slice(), bytes("token"));
    }

    #[test]
    fn giving_one() {
        assert_eq!(
            issue(&jid("555:3@lid"), 7).xml(),
            "<iq to=\"s.whatsapp.net\" type=\"set\" xmlns=\"privacy\"><tokens>\
             <token jid=\"555@lid\" t=\"7\" type=\"trusted_contact\"/></tokens></iq>"
        );
    }
}
