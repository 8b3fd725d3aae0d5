//! The hash of a list of devices, by which the server and its clients notice that they do not know the same.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use wa::{crypto::sha256, stanza::Jid};

/// `2:` and eight characters: SHA-256 over the sorted addresses, cut to six bytes. The order of the addresses does not
/// matter.
pub(crate) fn of(devices: impl IntoIterator<Item = Jid>) -> String {
    let mut names: Vec<String> = devices
        .into_iter()
        .map(|jid| format!("{}.0:{}@{}", jid.user, jid.device, jid.server.name()))
        .collect();
    names.sort_unstable();
    let [a, b, c, d, e, f, ..] = sha256(&[names.concat().as_bytes()]);
    format!("2:{}", STANDARD_NO_PAD.encode([a, b, c, d, e, f]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists of which whatsmeow and Baileys compute the same.
    #[test]
    fn the_hash_of_a_list_is_what_clients_compute() {
        for (devices, hash) in [
            ("12345678901@s.whatsapp.net", "2:Bu3J5rpU"),
            (
                "12345678901@s.whatsapp.net 12345678901:3@s.whatsapp.net 98765432109@s.whatsapp.net \
                 98765432109:14@s.whatsapp.net",
                "2:lw9rXlq8",
            ),
            ("9@lid 10@lid 10:1@lid 100@lid", "2:JbUrFj7P"),
        ] {
            let mut jids: Vec<Jid> = devices.split(' ').map(|jid| jid.parse().unwrap()).collect();
            assert_eq!(of(jids.clone()), hash);
            jids.reverse();
            assert_eq!(of(jids), hash);
        }
    }
}
