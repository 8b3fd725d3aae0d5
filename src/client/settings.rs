//! The configuration of one client, read once and checked as far as that can be done without a network.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::clock::Millis;
use super::keepalive::KeepaliveTimes;
use super::status_mapping;
use crate::api::{Config, Error, LogLevel, Status};
use crate::crypto::{PublicKey, Random, random_array};
use crate::net::{self, Endpoint, Limits, NetError, Proxy};
use crate::noise::RootKey;
use crate::noise::client_payload::AppVersion;
use crate::standard;
use crate::store::seal::SealKey;

/// The greatest size of a file that a key names: several times that of all public authorities.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// The settings of a session, read from its configuration; see `include/CONFIGURATION.md` for the meaning of each value.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Without the key of the store.
    pub(crate) config: Config,
    pub(crate) endpoint: Endpoint,
    pub(crate) root: RootKey,
    pub(crate) clock_tolerance_s: u32,
    /// The version to present; `None` is whichever is known to be the newest.
    pub(crate) version: Option<AppVersion>,
    pub(crate) handshake_timeout: Duration,
    pub(crate) login_timeout: Millis,
    pub(crate) iq_timeout: Millis,
    pub(crate) keepalive: KeepaliveTimes,
    /// The least important log lines that are wanted; none if not set.
    pub(crate) log_level: Option<LogLevel>,
}

impl Settings {
    /// The settings, and apart from them the key that the store is sealed with, which is needed once.
    pub(crate) fn read(config: &Config) -> Result<(Self, Option<Box<SealKey>>), Error> {
        config.check()?;
        let mut config = config.clone();
        let seal_key = config.take_seal_key();
        Ok((Self::of(config)?, seal_key))
    }

    fn of(config: Config) -> Result<Self, Error> {
        check_version_url(config.client_version_url())?;
        Ok(Self {
            endpoint: endpoint(&config)?,
            root: root_key(&config)?,
            clock_tolerance_s: u32::try_from(config.server_clock_tolerance().as_secs()).unwrap_or(u32::MAX),
            version: config.client_version().map(AppVersion),
            handshake_timeout: config.handshake_timeout(),
            login_timeout: millis(config.login_timeout()),
            iq_timeout: millis(config.iq_timeout()),
            keepalive: KeepaliveTimes {
                min: millis(config.keepalive_min()),
                max: millis(config.keepalive_max()),
                dead_after: millis(config.keepalive_deadline()),
            },
            log_level: log_level(config.log_level()),
            config,
        })
    }
}

impl Settings {
    /// Returns the delay of this session's first connection.
    pub(crate) fn stagger(&self, rng: &mut dyn Random) -> Millis {
        let most = millis(self.config.start_stagger());
        let random = u64::from(u32::from_be_bytes(random_array(rng)));
        random.saturating_mul(most) / u64::from(u32::MAX)
    }
}

fn log_level(word: &str) -> Option<LogLevel> {
    use LogLevel::{Debug, Error, Info, Trace, Warn};
    [Error, Warn, Info, Debug, Trace].into_iter().find(|level| level.word() == word)
}

/// A duration on the session's clock.
pub(crate) fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn endpoint(config: &Config) -> Result<Endpoint, Error> {
    let keyed = |key: &'static str| move |error| status_mapping::of_net(&error).with_key(key);
    let limit = config.connect_timeout();
    let mut endpoint = Endpoint::new(config.server_url()).map_err(keyed("server.url"))?.with_limits(Limits {
        tcp: limit,
        proxy: limit,
        tls: limit,
        upgrade: limit,
    });
    if !config.server_ca_file().is_empty() {
        let pem = read_file("server.ca_file", Path::new(config.server_ca_file()))?;
        endpoint = endpoint.with_ca_pem(&pem).map_err(keyed("server.ca_file"))?;
    }
    if !config.proxy_url().is_empty() {
        let proxy = Proxy::parse(config.proxy_url()).map_err(keyed("proxy.url"))?;
        endpoint = endpoint.with_proxy(if config.proxy_private() { proxy } else { proxy.public_only() });
    }
    Ok(endpoint)
}

fn check_version_url(url: &str) -> Result<(), Error> {
    const KEY: &str = "client.version_url";
    let refused = |status, text| Err(Error::new(status, text).with_key(KEY));
    match net::check_version_url(url) {
        Ok(()) => Ok(()),
        Err(NetError::InsecureUrl { host }) => {
            let text = format!("{KEY}: http:// is for this machine only: use https:// for {host}");
            refused(Status::INSECURE_URL, text)
        }
        Err(_) => refused(Status::BAD_VALUE, format!("{KEY} is not usable: it looks like https://host/path")),
    }
}

/// Reads a file that a key names. Whatever is no regular file is refused: a FIFO would wait for a writer, a device might never
/// end.
fn read_file(key: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    let refused = |why: String| {
        Error::new(Status::BAD_VALUE, format!("{key}: {} cannot be used: {why}", path.display()))
            .with_key(key)
    };
    let failed = |error: std::io::Error| match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => Error::plain(Status::TOO_MANY_FILES),
        _ => refused(error.to_string()),
    };
    let mut options = std::fs::OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = standard::open(|| options.open(path)).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(refused("it is no regular file".to_owned()));
    }
    let mut content = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > FILE_MAX {
        return Err(refused(format!("it is larger than {FILE_MAX} bytes")));
    }
    Ok(content)
}

/// WhatsApp's own root, or the one that was set.
fn root_key(config: &Config) -> Result<RootKey, Error> {
    let text = config.server_root_key();
    if text.is_empty() {
        return Ok(RootKey::production());
    }
    let bad = || {
        Error::new(Status::BAD_VALUE, "server.root_key: 64 hexadecimal digits").with_key("server.root_key")
    };
    let mut key = [0; 32];
    for (index, byte) in key.iter_mut().enumerate() {
        let digits = text.get(2 * index..2 * index + 2).ok_or_else(bad)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
    }
    let serial = u32::try_from(config.server_root_serial()).map_err(|_| bad())?;
    Ok(RootKey { key: PublicKey(key), serial })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ca_file(path: &Path) -> Error {
        let mut config = Config::new();
        config.set("server.ca_file", path.to_str().unwrap()).unwrap();
        Settings::read(&config).err().expect("the file is refused")
    }

    #[test]
    fn the_page_with_the_version_is_checked_before_it_is_asked_for() {
        for (url, status) in [
            ("http://web.whatsapp.com/sw.js", Status::INSECURE_URL),
            ("https://", Status::BAD_VALUE),
            ("https://user:word@web.whatsapp.com/sw.js", Status::BAD_VALUE),
        ] {
            let mut config = Config::new();
            config.set("client.version_url", url).unwrap();
            let error = Settings::read(&config).err().expect("the address is refused");
            assert_eq!((error.status, error.key.as_deref()), (status, Some("client.version_url")));
            assert!(error.text.starts_with("client.version_url") && !error.text.contains("word"), "{error}");
        }
    }

    #[test]
    fn a_ca_file_that_is_none_is_refused_by_name_and_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        let large = folder.path().join("large");
        std::fs::File::create(&large).unwrap().set_len(FILE_MAX + 1).unwrap();
        let missing = folder.path().join("missing");
        for (path, words) in [
            (fifo.as_path(), "no regular file"),
            (folder.path(), "no regular file"),
            (Path::new("/dev/zero"), "no regular file"),
            (empty.as_path(), "it is empty"),
            (large.as_path(), "larger than"),
            (missing.as_path(), "No such file"),
        ] {
            let error = ca_file(path);
            assert_eq!((error.status, error.key.as_deref()), (Status::BAD_VALUE, Some("server.ca_file")));
            assert!(error.text.contains(words), "{error}");
        }
    }
}
