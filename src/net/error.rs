//! The errors between here and the server.

use std::io;

/// A part of the way to an open connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Finding the address of the server and opening the TCP connection to it.
    Tcp,
    /// The same with the proxy.
    ProxyTcp,
    /// Asking the proxy for the way to the server.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The WebSocket upgrade, or an HTTP answer.
    Upgrade,
    /// A request to a media server.
    Http,
    /// Using the open connection.
    Stream,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Tcp => "connecting",
            Step::ProxyTcp => "connecting to the proxy",
            Step::Proxy => "asking the proxy",
            Step::Tls => "the TLS handshake",
            Step::Upgrade => "the WebSocket upgrade",
            Step::Http => "the request to the media server",
            Step::Stream => "the connection",
        })
    }
}

/// A failed connection. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The server's URL cannot be used.
    #[error("the server URL is not usable ({0}): it looks like wss://host/path")]
    Url(&'static str),
    /// Plain `ws://` to another machine. Only loopback may go without TLS.
    #[error("ws:// is for this machine only: use wss:// for {host}")]
    InsecureUrl {
        /// The host of the URL.
        host: String,
    },
    /// The proxy's URL cannot be used.
    #[error(
        "the proxy URL is not usable ({0}): it looks like http://[user:password@]host:port or socks5://…"
    )]
    ProxyUrl(&'static str),
    /// The extra certificates cannot be read.
    #[error("the CA file is not usable ({0}): it holds PEM certificates")]
    CaFile(&'static str),
    /// A step took longer than its limit.
    #[error("{step} took longer than {limit_ms} ms: check the network, or raise the limit")]
    Timeout {
        /// The step.
        step: Step,
        /// Its limit.
        limit_ms: u64,
    },
    /// The name has no address.
    #[error("no address found for {host}: check the name and the network")]
    Dns {
        /// The name.
        host: String,
    },
    /// The system refused or lost a connection.
    #[error("{step} failed: {what}")]
    Io {
        /// The step.
        step: Step,
        /// The system's words.
        what: String,
    },
    /// The process has no file descriptor left.
    #[error("too many open files: raise the limit (ulimit -n) or connect fewer sessions")]
    TooManyFiles,
    /// The system refused the thread that looks a name up.
    #[error("{what}")]
    NoThread {
        /// The advice.
        what: String,
    },
    /// The proxy wants other credentials, or does not take them.
    #[error("the proxy refused the credentials: check user and password in the proxy URL")]
    ProxyAuth,
    /// The proxy will not or cannot go to the server.
    #[error("the proxy refused: {what}")]
    ProxyRefused {
        /// Its words.
        what: String,
        /// Set if it will say the same next time: it forbids the way, or is no proxy.
        for_good: bool,
    },
    /// The proxy is at no public address, and has to be.
    #[error(
        "the proxy is on this machine or in a private network, which proxy.private forbids: use a public one"
    )]
    ProxyPrivate,
    /// The server's certificate is not to be trusted, or not for this name. Never skipped.
    #[error("the server's certificate was refused: {what}")]
    Certificate {
        /// The fault of the certificate.
        what: String,
    },
    /// The other side does not speak TLS as it should.
    #[error("the TLS connection failed: {what}")]
    Tls {
        /// The failure.
        what: String,
    },
    /// The server did not upgrade, or what answered is no WebSocket server.
    #[error("the server refused the WebSocket{}: check the URL", status_text(*.status))]
    Upgrade {
        /// Its HTTP status, if it was one.
        status: Option<u16>,
    },
    /// A message larger than the limit came in.
    #[error("a message was larger than allowed; the connection was closed")]
    TooLarge,
    /// The bytes that came in are no WebSocket.
    #[error("the other side broke the WebSocket protocol: {what}")]
    Protocol {
        /// The violation.
        what: String,
    },
    /// The answer does not hold what was asked for.
    #[error("the server's answer holds no version: set it by hand")]
    NoVersion,
    /// The connection was closed on this side before.
    #[error("the connection is closed")]
    Closed,
}

impl NetError {
    /// The same error of the connection to the proxy, if it is one of a TCP connection.
    pub(super) fn of_the_proxy(self) -> Self {
        match self {
            NetError::Io { step: Step::Tcp, what } => NetError::Io { step: Step::ProxyTcp, what },
            other => other,
        }
    }

    /// An error of the system in one of the steps.
    pub(super) fn from_io(step: Step, error: &io::Error) -> Self {
        if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) {
            return NetError::TooManyFiles;
        }
        if let Some(inner) = error.get_ref() {
            if let Some(error) = inner.downcast_ref::<NetError>() {
                return error.clone();
            }
            if let Some(error) = inner.downcast_ref::<rustls::Error>() {
                return super::tls::error(error);
            }
        }
        NetError::Io { step, what: error.to_string() }
    }
}

fn status_text(status: Option<u16>) -> String {
    status.map(|status| format!(" (HTTP status {status})")).unwrap_or_default()
}
