//! The direct path of a file: `/v/…?ccb=…&oh=<signature>&oe=<end>`. Whoever has it whole may fetch the file until it ends.

use wa::crypto::sha256;

/// Seconds for which a path is good.
pub(super) const LIFETIME: u64 = 14 * 24 * 60 * 60;

/// A direct path in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DirectPath {
    /// The part before the question mark.
    pub(super) name: String,
    /// Unix seconds.
    pub(super) ends: u64,
    signature: String,
}

impl DirectPath {
    /// Makes the path of the file of that number, valid until `ends`.
    pub(super) fn new(file: u64, secret: &[u8], ends: u64) -> Self {
        let name = format!(
            "/v/t62.7118-24/{}_{}_n.enc",
            10_000_000 + file,
            hex(&sha256(&[secret, &file.to_be_bytes()])[..8])
        );
        let signature = sign(secret, &name, ends);
        Self { name, ends, signature }
    }

    /// The whole path, as a notice carries it.
    pub(super) fn text(&self) -> String {
        format!("{}?ccb=11-4&oh=01_{}&oe={:X}&_nc_sid=5e03e0", self.name, self.signature, self.ends)
    }

    /// Returns whether a request shows the signature and the end, and has come before it.
    pub(super) fn allows(&self, oh: Option<&str>, oe: Option<&str>, now: u64) -> bool {
        oh.and_then(|oh| oh.strip_prefix("01_")) == Some(&*self.signature)
            && oe.and_then(|oe| u64::from_str_radix(oe, 16).ok()) == Some(self.ends)
            && now < self.ends
    }
}

fn sign(secret: &[u8], name: &str, ends: u64) -> String {
    hex(&sha256(&[b"wa-sim oh", secret, name.as_bytes(), &ends.to_be_bytes()])[..20])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_path_is_good_and_only_until_its_end() {
        let path = DirectPath::new(7, b"secret", 0x5000);
        let text = path.text();
        let of =
            |key: &str| text.split(['?', '&']).find_map(|part| part.strip_prefix(key)).map(str::to_owned);
        let (oh, oe) = (of("oh="), of("oe="));
        assert!(path.allows(oh.as_deref(), oe.as_deref(), 0x4fff));
        assert!(!path.allows(oh.as_deref(), oe.as_deref(), 0x5000));
        assert!(!path.allows(oh.as_deref(), Some("6000"), 1));
        assert!(!path.allows(None, oe.as_deref(), 1));
        assert!(!path.allows(Some("01_00"), oe.as_deref(), 1));
    }
}
