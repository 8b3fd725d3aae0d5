//! The table of configuration keys, and the typed getters that are made from it.

use super::config::Config;
use std::time::Duration;

/// The type of a key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Text of at most so many bytes; empty means "not set" where the default is empty.
    Text(usize),
    /// A whole number in a range.
    Number(u64, u64),
    /// A duration in milliseconds, as a whole number in a range.
    Millis(u64, u64),
    /// `true` or `false`.
    Flag,
    /// One of a list of words.
    Choice(&'static [&'static str]),
    /// Exactly so many bytes in hexadecimal; empty means "not set".
    Hex(usize),
    /// A name for a session: 1 to so many bytes of letters, digits and `. _ - @ : +`.
    Name(usize),
    /// Three numbers with points between them, or `auto`.
    Version,
    /// An address whose scheme is one of a list; empty means "not set" where the default is empty.
    Url(&'static [&'static str]),
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct KeyInfo {
    /// The key.
    pub name: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// The value it has when it is not set.
    pub default: &'static str,
    /// The version that brought it.
    pub since: &'static str,
    /// The sentence that describes it.
    pub sentence: &'static str,
}

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $getter:ident = $name:literal, $kind:ident $(($($arg:expr),+))?, $default:literal, $since:literal;)+) => {
        /// Every key there is, by subject.
        pub static KEYS: &[KeyInfo] = &[$(KeyInfo {
            name: $name,
            kind: KeyType::$kind $(($($arg),+))?,
            default: $default,
            since: $since,
            sentence: concat!($($doc),+).trim_ascii(),
        },)+];

        impl Config {
            $(keys!(@getter $kind, $name, $getter, $($doc),+);)+
        }
    };
    (@getter Number, $name:literal, $getter:ident, $($doc:literal),+) => {
        $(#[doc = $doc])+
        pub fn $getter(&self) -> u64 { self.number($name) }
    };
    (@getter Millis, $name:literal, $getter:ident, $($doc:literal),+) => {
        $(#[doc = $doc])+
        pub fn $getter(&self) -> Duration { Duration::from_millis(self.number($name)) }
    };
    (@getter Flag, $name:literal, $getter:ident, $($doc:literal),+) => {
        $(#[doc = $doc])+
        pub fn $getter(&self) -> bool { self.text($name) == "true" }
    };
    (@getter Version, $name:literal, $getter:ident, $($doc:literal),+) => {
        $(#[doc = $doc])+
        pub fn $getter(&self) -> Option<[u32; 3]> { self.version($name) }
    };
    (@getter $kind:ident, $name:literal, $getter:ident, $($doc:literal),+) => {
        $(#[doc = $doc])+
        pub fn $getter(&self) -> &str { self.text($name) }
    };
}

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

keys! {
    /// The store of sessions: `sqlite:PATH` for a file, `memory:` for a store that ends with the process. While it is in use, and after a
    /// crash, `PATH-log` and `PATH-wal` beside it hold what is not in the file yet; `PATH-lock` stays, keeps other programs out, and knows how
    /// far the log goes. All four belong together: a store with a file that is missing, damaged or older than the others is refused, and what is
    /// left of a store whose database is gone is never taken for a new one. To begin anew, remove all of them. After an orderly close `PATH` is
    /// the whole store, and `PATH-lock` may be missing. Move them when nobody uses the store, all at once. Better not put an older copy back: the keys of messages that were sent since would be used
    /// again, and what is sent then cannot be read. A host that has only an old copy puts all of its files back and calls `session.restored` for
    /// each of its sessions before they connect, or erases them (`session.erase`) and links them anew.
    store_url = "store.url", Url(&["sqlite:", "memory:"]), "memory:", "0.1.0";
    /// The session within the store. One store holds any number of sessions; each is linked to one account.
    session_id = "session.id", Name(64), "default", "0.1.0";
    /// A key, 32 random bytes in hexadecimal, with which everything in the files of `store.url` is sealed. It takes a new store, and from then on the store opens with this key only. It is wiped once the store is open and the configuration freed, and what is derived from it when the store is closed.
    store_seal_key = "store.seal_key", Hex(32), "", "0.1.0";

    /// The server. Plain `ws://` is allowed to this machine only. Files come from the media servers that it names, over HTTPS; those of a server without TLS, which are on this machine too, without it.
    server_url = "server.url", Url(&["wss://", "ws://"]), "wss://web.whatsapp.com/ws/chat", "0.1.0";
    /// The public key, 32 bytes in hexadecimal, that the server's certificate chain must lead to; not set means WhatsApp's own.
    server_root_key = "server.root_key", Hex(32), "", "0.1.0";
    /// The serial number that goes with `server.root_key`.
    server_root_serial = "server.root_serial", Number(0, 4_294_967_295), "0", "0.1.0";
    /// A file of PEM certificates that are trusted for TLS beside those of the public web.
    server_ca_file = "server.ca_file", Text(4096), "", "0.1.0";
    /// The largest error of this machine's clock that is allowed for when the dates of the server's certificates are checked.
    server_clock_tolerance = "server.clock_tolerance_ms", Millis(0, DAY), "600000", "0.1.0";
    /// A proxy for all connections, with credentials if it wants them: `http://user:password@host:port` (CONNECT) or `socks5://host:port`.
    proxy_url = "proxy.url", Url(&["http://", "socks5://", "socks5h://"]), "", "0.1.0";
    /// Allows a proxy on this machine or in a private network. Set it to `false` if others than you choose `proxy.url`: every address that its name leads to is checked whenever a connection is made.
    proxy_private = "proxy.private", Flag, "true", "0.1.0";

    /// The version of WhatsApp Web that the client says it is. The server refuses one that is some months old. With `auto` the library begins with the newest that it knows, and when the server refuses it, or says that it soon will, asks `client.version_url` for the newest, through `proxy.url` and at most once a day for a process, keeps the answer in the store, and connects again; a version that was refused is not tried again for a day. Without `auto` the library asks for nothing by itself: the method `version.latest` learns the newest.
    client_version = "client.version", Version, "2.3000.1049950004", "0.1.0";
    /// The page that says which version of WhatsApp Web is the newest. Plain `http://` is allowed to this machine only.
    client_version_url = "client.version_url", Url(&["https://", "http://"]), "https://web.whatsapp.com/sw.js", "0.1.0";
    /// The name shown under "Linked devices" on the phone. Empty means the name of the operating system, as in a browser: "Linux", "Mac OS" or "Windows", see `device.os`. WhatsApp sees the name too: a product's name tells it what program this is.
    device_name = "device.name", Text(64), "", "0.1.0";
    /// The kind of program shown under "Linked devices", which also chooses the icon.
    device_platform = "device.platform", Choice(&["chrome", "edge", "firefox", "opera", "safari", "desktop"]), "chrome", "0.1.0";
    /// The operating system named when a code is asked for, and under "Linked devices" unless `device.name` is set; `auto` means the one the library runs on.
    device_os = "device.os", Choice(&["auto", "windows", "macos", "linux", "android", "ios"]), "auto", "0.1.0";

    /// The lifetime of a pairing code. The server's own limit is 180 seconds; only a shorter time makes sense.
    pairing_code_ttl = "pairing.code_ttl_ms", Millis(1_000, 180_000), "180000", "0.1.0";
    /// Requests a new code automatically when one has expired or the phone did not finish.
    pairing_auto_refresh = "pairing.auto_refresh", Flag, "false", "0.1.0";
    /// The greatest number of codes that automatic refresh brings for one request.
    pairing_auto_refresh_max = "pairing.auto_refresh_max", Number(1, 5), "5", "0.1.0";
    /// The content of a QR code: a link that any camera opens in WhatsApp, or the bare payload that only WhatsApp's own scanner knows.
    pairing_qr_form = "pairing.qr_form", Choice(&["url", "plain"]), "url", "0.1.0";
    /// The number of codes for one phone number that may be asked for at once.
    pairing_limit_burst = "pairing.limit_burst", Number(1, 10), "2", "0.1.0";
    /// The time until one more may be asked for.
    pairing_limit_interval = "pairing.limit_interval_ms", Millis(100, DAY), "60000", "0.1.0";
    /// The number of codes for one phone number that may be asked for in an hour.
    pairing_limit_per_hour = "pairing.limit_per_hour", Number(1, 60), "5", "0.1.0";
    /// The longest time for the server to offer pairing once connected.
    pairing_refs_timeout = "pairing.refs_timeout_ms", Millis(100, 600_000), "30000", "0.1.0";
    /// The time for which the first QR code of a series is shown.
    pairing_qr_first = "pairing.qr_first_ms", Millis(100, 600_000), "60000", "0.1.0";
    /// The time for which each further QR code is shown.
    pairing_qr_next = "pairing.qr_next_ms", Millis(100, 600_000), "20000", "0.1.0";
    /// The longest time for the server to accept the request for a code.
    pairing_hello_timeout = "pairing.hello_timeout_ms", Millis(100, 600_000), "30000", "0.1.0";
    /// The longest time for the phone from the typing of a code to the end of the pairing.
    pairing_success_timeout = "pairing.success_timeout_ms", Millis(100, 600_000), "60000", "0.1.0";
    /// The longest time for the server to accept our half of the key exchange.
    pairing_finish_timeout = "pairing.finish_timeout_ms", Millis(100, 600_000), "30000", "0.1.0";
    /// The longest time for the host to answer a passkey challenge that names no limit.
    pairing_passkey_timeout = "pairing.passkey_timeout_ms", Millis(100, HOUR), "600000", "0.1.0";
    /// The time for which a passkey challenge can be tied to the code or QR code that led to it.
    pairing_handoff_ttl = "pairing.handoff_ttl_ms", Millis(100, HOUR), "300000", "0.1.0";
    /// The longest wait for the server to ask for the new connection that follows a pairing, before it is made unasked.
    pairing_restart_timeout = "pairing.restart_timeout_ms", Millis(100, 600_000), "10000", "0.1.0";

    /// Makes the server hold back waiting messages until the client has said that it is ready.
    login_passive = "login.passive", Flag, "false", "0.1.0";
    /// The longest time for the server to accept a login once connected.
    login_timeout = "login.timeout_ms", Millis(100, 600_000), "60000", "0.1.0";
    /// The longest time for each of resolving a name, reaching the server or proxy, and TLS.
    connect_timeout = "connect.timeout_ms", Millis(100, 600_000), "20000", "0.1.0";
    /// The longest time for the cryptographic handshake once the WebSocket is open.
    handshake_timeout = "handshake.timeout_ms", Millis(100, 600_000), "20000", "0.1.0";
    /// The shortest time of silence after which the connection is tried with a ping.
    keepalive_min = "keepalive.min_ms", Millis(100, HOUR), "15000", "0.1.0";
    /// The longest such time; each wait is drawn between the two.
    keepalive_max = "keepalive.max_ms", Millis(100, HOUR), "30000", "0.1.0";
    /// The time after the first unanswered request at which the connection is given up.
    keepalive_deadline = "keepalive.deadline_ms", Millis(100, HOUR), "20000", "0.1.0";
    /// Reconnects automatically after a connection is lost.
    reconnect_auto = "reconnect.auto", Flag, "true", "0.1.0";
    /// The first wait before a new attempt; further waits grow as 1, 1, 2, 3, 5, 8 times this.
    reconnect_base = "reconnect.base_ms", Millis(10, HOUR), "1000", "0.1.0";
    /// The longest wait before a new attempt.
    reconnect_max = "reconnect.max_ms", Millis(10, DAY), "900000", "0.1.0";
    /// By how many hundredths each wait is lengthened or shortened at random.
    reconnect_jitter = "reconnect.jitter_percent", Number(0, 50), "10", "0.1.0";
    /// The longest time for the server to answer a request.
    iq_timeout = "iq.timeout_ms", Millis(100, HOUR), "75000", "0.1.0";
    /// The longest time for the server to acknowledge a message before it is sent again.
    message_ack_timeout = "message.ack_timeout_ms", Millis(100, HOUR), "75000", "0.1.0";
    /// The number of people written to in an hour who have never been written to and never wrote; the messages to others wait, and say so with `message.waiting`. WhatsApp restricts accounts that write to many strangers. 0 sets no limit. People who wrote first, and groups, never wait.
    pace_first_contacts = "pace.first_contacts_per_hour", Number(0, 10_000), "30", "0.1.0";
    /// The longest random pause between two such first contacts.
    pace_jitter = "pace.jitter_ms", Millis(0, HOUR), "3000", "0.1.0";
    /// The number of one-time keys that are handed to the server at once.
    prekeys_upload_count = "prekeys.upload_count", Number(1, 2_000), "812", "0.1.0";
    /// The time for which a signed prekey is in use before it is replaced; the official client takes 27 days. Replaced ones are kept for messages that come late.
    prekeys_signed_lifetime = "prekeys.signed_lifetime_ms", Millis(1_000, 90 * DAY), "2332800000", "0.1.0";

    /// Threads of the one runtime that all clients of the process share; 0 means one for each core, at most two. The first client decides.
    runtime_workers = "runtime.workers", Number(0, 64), "0", "0.1.0";
    /// The longest random delay of the start of a connection, so that many sessions do not all start at once.
    start_stagger = "start.stagger_ms", Millis(0, HOUR), "0", "0.1.0";
    /// The number of droppable events of one client that wait before the oldest is dropped.
    queue_capacity = "queue.capacity", Number(8, 1_000_000), "1024", "0.1.0";
    /// The number of durable events that the host may have taken and not acknowledged; further ones wait in the store. 0 sets no limit.
    queue_unacknowledged = "queue.unacknowledged", Number(0, 1_000_000), "0", "0.1.0";
    /// From which level on log lines come as events. No level shows secrets.
    log_level = "log.level", Choice(&["off", "error", "warn", "info", "debug", "trace"]), "off", "0.1.0";
}

impl KeyInfo {
    /// The row of this key.
    pub fn find(name: &str) -> Option<&'static KeyInfo> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Says in words what values are allowed.
    pub fn allowed(&self) -> String {
        let empty = if self.default.is_empty() { ", or empty" } else { "" };
        match self.kind {
            KeyType::Text(max) => format!("text of at most {max} bytes without control characters"),
            KeyType::Number(min, max) => format!("a whole number from {min} to {max}"),
            KeyType::Millis(min, max) => format!("milliseconds, a whole number from {min} to {max}"),
            KeyType::Flag => "true or false".to_owned(),
            KeyType::Choice(words) => format!("one of {}", words.join(", ")),
            KeyType::Hex(bytes) => format!("{} hexadecimal digits{empty}", 2 * bytes),
            KeyType::Name(max) => format!("1 to {max} letters, digits and . _ - @ : +"),
            KeyType::Version => "three numbers with points between them, or auto".to_owned(),
            KeyType::Url(schemes) => format!("an address that begins with {}{empty}", schemes.join(" or ")),
        }
    }

    /// Returns whether the value may be shown in an error: addresses may hold passwords.
    pub(super) fn shows_value(&self) -> bool {
        self.name != "proxy.url" && !self.is_secret()
    }

    /// Returns whether the value is a key that is given to the library and never given back.
    pub fn is_secret(&self) -> bool {
        self.name == "store.seal_key"
    }

    /// Returns whether the value fits.
    pub(super) fn accepts(&self, value: &str) -> bool {
        let unset = value.is_empty() && self.default.is_empty();
        match self.kind {
            KeyType::Text(max) => value.len() <= max && !value.chars().any(char::is_control),
            KeyType::Number(min, max) | KeyType::Millis(min, max) => {
                let digits =
                    !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
                digits && value.parse::<u64>().is_ok_and(|number| (min..=max).contains(&number))
            }
            KeyType::Flag => matches!(value, "true" | "false"),
            KeyType::Choice(words) => words.contains(&value),
            KeyType::Hex(bytes) => {
                unset || (value.len() == 2 * bytes && value.bytes().all(|b| b.is_ascii_hexdigit()))
            }
            KeyType::Name(max) => {
                let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-@:+".contains(&b);
                (1..=max).contains(&value.len()) && value.bytes().all(fits)
            }
            KeyType::Version => value == "auto" || super::config::parse_version(value).is_some(),
            KeyType::Url(schemes) => {
                unset
                    || (value.len() <= 4096
                        && !value.chars().any(char::is_control)
                        && schemes.iter().any(|scheme| value.starts_with(scheme)))
            }
        }
    }
}
