//! A set of configuration values, checked as they come in.

use super::config_keys::KeyInfo;
use super::error::Error;
use super::status::Status;
use crate::crypto::Secret;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The greatest length of a value under a prefix reserved for hosts.
const HOST_VALUE_MAX: usize = 4096;

/// The greatest number of those in one configuration.
const HOST_VALUES_MAX: usize = 256;

/// Configuration of a client: what was set, over the defaults of the table.
///
/// Every value was checked when it was set, so the getters cannot fail. Keys that begin with `ui.` or `host.` are the host's own:
/// they are kept and not looked at.
#[derive(Clone, Default)]
pub struct Config {
    set: BTreeMap<&'static str, Zeroizing<String>>,
    host: BTreeMap<String, String>,
}

impl Config {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key; the error names key, value and allowed range.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        if is_host_key(key) {
            return self.set_host(key, value);
        }
        let info = KeyInfo::find(key).ok_or_else(|| unknown(key))?;
        if !info.accepts(value) {
            let shown =
                if info.shows_value() { format!("\"{}\"", excerpt(value)) } else { "the value".to_owned() };
            let text = format!("{key}: {shown} is not allowed; it takes {}", info.allowed());
            return Err(Error::new(Status::BAD_VALUE, text).with_key(info.name));
        }
        self.set.insert(info.name, Zeroizing::new(value.to_owned()));
        Ok(())
    }

    /// Puts a key back to its default.
    pub fn reset(&mut self, key: &str) -> Result<(), Error> {
        if is_host_key(key) {
            self.host.remove(key);
            return Ok(());
        }
        let info = KeyInfo::find(key).ok_or_else(|| unknown(key))?;
        self.set.remove(info.name);
        Ok(())
    }

    /// The value of a key, set or default; host keys have none until they are set.
    pub fn get(&self, key: &str) -> Result<&str, Error> {
        if is_host_key(key) {
            return self.host.get(key).map(String::as_str).ok_or_else(|| unknown(key));
        }
        let info = KeyInfo::find(key).ok_or_else(|| unknown(key))?;
        Ok(self.text(info.name))
    }

    /// Takes `store.seal_key` out, so that it does not lie about in every copy; `None` if it is not set.
    ///
    /// It is in one place of the heap: to move it would leave copies on the stack.
    pub fn take_seal_key(&mut self) -> Option<Box<Secret<32>>> {
        let text = self.set.remove("store.seal_key")?;
        let mut key = Box::new(Secret::new([0; 32]));
        for (index, byte) in key.as_mut_bytes().iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(key)
    }

    /// Checks what concerns more than one key.
    pub fn check(&self) -> Result<(), Error> {
        let pairs = [("keepalive.min_ms", "keepalive.max_ms"), ("reconnect.base_ms", "reconnect.max_ms")];
        for (low, high) in pairs {
            if self.number(low) > self.number(high) {
                let text = format!("{low} must not be above {high}");
                return Err(Error::new(Status::CONFIG_CONFLICT, text).with_key(low));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, key: &str) -> &str {
        match self.set.get(key) {
            Some(value) => value,
            None => KeyInfo::find(key).map_or("", |info| info.default),
        }
    }

    pub(super) fn number(&self, key: &str) -> u64 {
        // `set` lets nothing in that does not parse, and a test parses the defaults.
        self.text(key).parse().unwrap_or_default()
    }

    /// The version of that key; `None` stands for `auto`.
    pub(super) fn version(&self, key: &str) -> Option<[u32; 3]> {
        parse_version(self.text(key))
    }

    fn set_host(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let room = self.host.len() < HOST_VALUES_MAX || self.host.contains_key(key);
        if key.len() > 64 || value.len() > HOST_VALUE_MAX || !room {
            let text = format!(
                "keys of the host take at most 64 bytes, their values {HOST_VALUE_MAX}, and there can be {HOST_VALUES_MAX} of them"
            );
            return Err(Error::new(Status::BAD_VALUE, text).with_key(excerpt(key)));
        }
        self.host.insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}

/// Values may hold a proxy's password, so only the keys are shown.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("set", &self.set.keys()).finish_non_exhaustive()
    }
}

fn is_host_key(key: &str) -> bool {
    ["ui.", "host."].iter().any(|prefix| key.len() > prefix.len() && key.starts_with(prefix))
}

fn unknown(key: &str) -> Error {
    let near = nearest(key).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    let text = format!("there is no configuration key \"{}\"{near}", excerpt(key));
    Error::new(Status::UNKNOWN_KEY, text).with_key(excerpt(key))
}

/// The known key that ends or begins like an unknown one: enough to catch a missing unit or a wrong prefix.
fn nearest(key: &str) -> Option<&'static str> {
    if key.len() < 4 || key.len() > 64 {
        return None;
    }
    super::KEYS.iter().map(|info| info.name).find(|name| {
        let last = name.rsplit('.').next().unwrap_or(name);
        name.starts_with(key) || key.starts_with(name) || key.rsplit('.').next() == Some(last)
    })
}

/// The beginning of a text that came in, for an error message.
///
/// Leaves out a user's name, a password and a token: all in front of an `@`, and all behind a question mark.
fn excerpt(text: &str) -> String {
    let (address, query) = text.split_once('?').map_or((text, ""), |(address, query)| (address, query));
    let scheme = || text.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    let text = if query.contains('@') {
        // A password may hold the question mark, and what follows it the @.
        format!("{}…", scheme())
    } else if let Some((_, rest)) = address.rsplit_once('@') {
        format!("{}…@{rest}", scheme())
    } else {
        address.to_owned()
    };
    let mut short: String = text.chars().take(60).filter(|c| !c.is_control()).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

pub(super) fn parse_version(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split('.').map(|part| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    });
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::super::config_keys::{KEYS, KeyType};
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_key() {
        for key in KEYS {
            let mut config = Config::new();
            config.set(key.name, key.default).unwrap();
            assert_eq!(config.get(key.name).unwrap(), key.default);
            assert!(key.sentence.ends_with('.'), "{}", key.name);
            assert_eq!(matches!(key.kind, KeyType::Millis(..)), key.name.ends_with("_ms"), "{}", key.name);
            assert_eq!(KEYS.iter().filter(|other| other.name == key.name).count(), 1);
        }
        Config::new().check().unwrap();
    }

    #[test]
    fn unknown_key_and_bad_value_differ_and_say_what_is_allowed() {
        let mut config = Config::new();
        let unknown = config.set("pairing.code_ttl", "5").unwrap_err();
        assert_eq!(unknown.status, Status::UNKNOWN_KEY);
        assert!(unknown.text.contains("did you mean pairing.code_ttl_ms"), "{unknown}");
        let bad = config.set("pairing.code_ttl_ms", "5").unwrap_err();
        assert_eq!((bad.status, bad.key.as_deref()), (Status::BAD_VALUE, Some("pairing.code_ttl_ms")));
        assert!(bad.text.contains("\"5\"") && bad.text.contains("1000 to 180000"), "{bad}");
    }

    #[test]
    fn errors_show_no_password() {
        let mut config = Config::new();
        for (key, value) in [
            ("server.url", "https://user:hunter2@host/"),
            ("server.url", "https://user:hunter2/@x@host/"),
            ("server.url", "https://hunter2@host/"),
            ("server.url", "user:hunter2@host"),
            ("server.url", "https://host/?token=hunter2"),
            ("server.url", "https://user:hunter2?x@host/"),
            ("server.url", "https://host/?token=x@hunter2"),
            ("store.url", "postgres://user:hunter2@host/db"),
            ("proxy.url", "ftp://user:hunter2@host"),
            ("proxy.url=http://user:hunter2@host", "x"),
        ] {
            let error = config.set(key, value).unwrap_err();
            assert!(!error.text.contains("hunter2"), "{error}");
            assert!(!error.key.unwrap_or_default().contains("hunter2"));
        }
        let shown = config.set("server.url", "https://user:hunter2@host/x").unwrap_err();
        assert!(shown.text.contains("\"https://…@host/x\""), "{shown}");
    }

    #[test]
    fn bad_values_of_every_kind_are_refused() {
        for (key, value) in [
            ("store.url", "postgres://x"),
            ("store.url", ""),
            ("session.id", ""),
            ("session.id", "a/b"),
            ("session.id", &"x".repeat(65)),
            ("server.url", "http://x"),
            ("server.root_key", "12"),
            ("server.root_key", &"g".repeat(64)),
            ("client.version", "2.3000"),
            ("client.version", "2.3000.1.1"),
            ("client.version", "2.+3.1"),
            ("pairing.auto_refresh", "TRUE"),
            ("pairing.auto_refresh_max", "-1"),
            ("pairing.auto_refresh_max", "+1"),
            ("pairing.auto_refresh_max", "99999999999999999999999"),
            ("device.platform", "Chrome"),
            ("device.name", "a\nb"),
            ("device.name", &"x".repeat(65)),
        ] {
            let error = Config::new().set(key, value).unwrap_err();
            assert_eq!(error.status, Status::BAD_VALUE, "{key} = {value}");
        }
    }

    #[test]
    fn typed_getters_give_what_was_set() {
        let mut config = Config::new();
        config.set("pairing.code_ttl_ms", "20000").unwrap();
        config.set("pairing.auto_refresh", "true").unwrap();
        config.set("client.version", "2.3000.7").unwrap();
        config.set("host.color", "blue").unwrap();
        assert_eq!(config.pairing_code_ttl().as_secs(), 20);
        assert!(config.pairing_auto_refresh());
        assert_eq!(config.client_version(), Some([2, 3000, 7]));
        config.set("client.version", "auto").unwrap();
        assert_eq!(config.client_version(), None);
        assert_eq!(config.session_id(), "default");
        assert_eq!(config.get("host.color").unwrap(), "blue");
        config.reset("pairing.code_ttl_ms").unwrap();
        assert_eq!(config.pairing_code_ttl().as_secs(), 180);
    }

    #[test]
    fn contradictions_and_passwords() {
        let mut config = Config::new();
        config.set("keepalive.min_ms", "40000").unwrap();
        assert_eq!(config.check().unwrap_err().status, Status::CONFIG_CONFLICT);
        let error = config.set("proxy.url", "ftp://user:sesame@host").unwrap_err();
        assert!(!error.text.contains("sesame"));
        config.set("proxy.url", "http://user:sesame@host:1").unwrap();
        assert!(!format!("{config:?}").contains("sesame"));
    }

    #[test]
    fn a_seal_key_is_taken_and_not_shown() {
        let mut config = Config::new();
        let text = "00ff".repeat(16);
        for bad in [&text[2..], &format!("{text}00"), &text.replace('f', "g"), &format!(" {}", &text[1..])] {
            let error = config.set("store.seal_key", bad).unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (Status::BAD_VALUE, Some("store.seal_key")));
            assert!(error.text.contains("64 hexadecimal digits") && !error.text.contains(bad), "{error}");
        }
        assert!(config.take_seal_key().is_none());
        config.set("store.seal_key", "").unwrap();
        assert!(config.take_seal_key().is_none());
        config.set("store.seal_key", &text).unwrap();
        assert!(!format!("{config:?}").contains("00ff"));
        let mut expected = [0xff; 32];
        expected.iter_mut().step_by(2).for_each(|byte| *byte = 0);
        assert_eq!(config.take_seal_key(), Some(Box::new(Secret::new(expected))));
        assert_eq!(config.get("store.seal_key").unwrap(), "");
    }
}
