//! Everything that can be set when a simulator starts. The command line is made from this, and so is the Rust API.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use wa::noise::client_payload::AppVersion;

use crate::model::Space;

/// Options of one simulator. `Options::default()` is what the command without arguments uses.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "wa-sim",
    version,
    about = "A simulated WhatsApp: server and phones, for tests and demos",
    long_about = "A simulated WhatsApp: a server that companion clients link to, and the phones that link them.\n\n\
        Its first line of output is one JSON object with the addresses, the Noise root key and the TLS authority to trust: \
        {\"ws\",\"wss\",\"control\",\"root_key\",\"root_serial\",\"ca_pem\"}. It writes nothing else unless --verbose is given, and runs \
        until it gets SIGTERM or SIGINT.\n\n\
        The control address serves a page with the simulated phones at / and the JSON API for scripts.",
    after_long_help = crate::control::API_HELP
)]
pub struct Options {
    /// Address of the WebSocket without TLS; port 0 takes any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub ws: SocketAddr,
    /// Address of the WebSocket over TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub wss: SocketAddr,
    /// Address of the control API and the page; whoever reaches it rules the simulator
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub control: SocketAddr,
    /// Make all keys, refs and numbers from this text, so that every run has the same
    #[arg(long, value_name = "TEXT")]
    pub seed: Option<String>,
    /// Also end when standard input is closed
    #[arg(long)]
    pub exit_with_stdin: bool,
    /// Write the log of stanzas to standard error
    #[arg(long)]
    pub verbose: bool,
    /// Make phones that do not exist when a code is asked for them
    #[arg(long)]
    pub auto_phones: bool,
    /// Days a client version is let in after it was the newest; older ones get failure 405. 0 lets all in
    #[arg(long, value_name = "N", default_value_t = 120)]
    pub version_life_days: u64,
    /// Oldest client version that is let in, in place of those of so many days ago
    #[arg(long, value_name = "A.B.C")]
    pub min_version: Option<AppVersion>,
    /// Number of refs in pair-device
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub refs: usize,
    /// Lifetime of an unpaired connection, in milliseconds; 0 is for ever. A code or passkey exchange under way prolongs it
    #[arg(long, value_name = "MS", default_value_t = 300_000)]
    pub unpaired_lifetime_ms: u64,
    /// Lifetime of a pairing code's ref, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 195_000)]
    pub code_lifetime_ms: u64,
    /// Time a phone waits for the companion's part of an exchange, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 120_000)]
    pub phone_patience_ms: u64,
    /// Interval of the server's pings on logged-in connections, in milliseconds; 0 sends none
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    pub ping_interval_ms: u64,
    /// Close connections on which nothing was received for so long, in milliseconds; 0 never
    #[arg(long, value_name = "MS", default_value_t = 120_000)]
    pub idle_timeout_ms: u64,
    /// Time a client may take for each step of the handshake, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 20_000)]
    pub handshake_timeout_ms: u64,
    /// Error code for a pairing code asked for a number that has no phone
    #[arg(long, value_name = "CODE", default_value_t = 400)]
    pub unknown_number_code: u16,
    /// Number of stanzas that wait for one device before the oldest is lost
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub queue_limit: usize,
    /// A device with fewer one-time prekeys than this is asked for more, at each fetch of one
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub prekey_threshold: usize,
    /// Ask a device for more one-time prekeys once, not at each fetch, until it has uploaded some
    #[arg(long)]
    pub ask_prekeys_once: bool,
    /// Take what the official web client never sends: a push name in a login, a payload whose parts contradict each other, a
    /// presence without a name, a question in JSON without its queryId, a history notice that is answered with `hist_sync` alone, a
    /// subscription to a guarded person without that person's token, a message whose marks do not fit what it says
    #[arg(long)]
    pub lenient: bool,
    /// Take messages to phone numbers from accounts whose chats are addressed by LID; without it they get error 463
    #[arg(long)]
    pub pn_messages: bool,
    /// Take a first contact that shows no token although the account can compute one; without it that gets error 463
    #[arg(long)]
    pub no_tokens: bool,
    /// Number of queries of each kind (contacts, devices, key bundles, groups) an account may send in a minute; more get error
    /// 429.
    /// 0 for any number
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub queries_per_minute: u32,
    /// End the stream of a client that leaves a stanza unacknowledged for so long, in milliseconds; 0 never
    #[arg(long, value_name = "MS", default_value_t = 20_000)]
    pub ack_timeout_ms: u64,
    /// Check what clients send against the shapes of the official web client's stanzas; violations go to standard error, and
    /// make the program end with status 3
    #[arg(long)]
    pub check_shapes: bool,
    /// Make groups in which members go by phone number, not by LID
    #[arg(long)]
    pub pn_groups: bool,
    /// Number of log entries that are kept; 0 keeps none
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub log_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options::parse_from(["wa-sim"])
    }
}

impl Options {
    pub(crate) fn handshake_timeout(&self) -> Duration {
        Duration::from_millis(self.handshake_timeout_ms)
    }

    pub(crate) fn code_lifetime(&self) -> Duration {
        Duration::from_millis(self.code_lifetime_ms)
    }

    pub(crate) fn phone_patience(&self) -> Duration {
        Duration::from_millis(self.phone_patience_ms)
    }

    pub(crate) fn group_mode(&self) -> Space {
        if self.pn_groups { Space::Pn } else { Space::Lid }
    }

    pub(crate) fn unpaired_lifetime(&self) -> Option<Duration> {
        positive(self.unpaired_lifetime_ms)
    }

    pub(crate) fn ping_interval(&self) -> Option<Duration> {
        positive(self.ping_interval_ms)
    }

    pub(crate) fn ack_timeout(&self) -> Option<Duration> {
        positive(self.ack_timeout_ms)
    }

    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        positive(self.idle_timeout_ms)
    }
}

fn positive(ms: u64) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms))
}
