//! Where to connect, and how.

use super::NetError;
use std::time::Duration;

/// Time limits of the steps of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name look-up and TCP connection together, over all addresses.
    pub tcp: Duration,
    /// The proxy's answer.
    pub proxy: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// The WebSocket upgrade.
    pub upgrade: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let limit = Duration::from_secs(10);
        Limits { tcp: limit, proxy: limit, tls: limit, upgrade: limit }
    }
}

/// A proxy on the way to the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(());

impl Proxy {
    /// Reads `http://[user:password@]host[:port]` or `socks5://…`.
    pub fn parse(_url: &str) -> Result<Self, NetError> {
        Err(NetError::ProxyUrl("proxies are not built yet"))
    }
}

/// Where to connect, and how: a checked URL, trust, proxy and limits. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    url: url::Url,
    routing_info: Option<Vec<u8>>,
    limits: Limits,
}

impl Endpoint {
    /// WhatsApp's own address.
    pub const PRODUCTION: &'static str = "wss://web.whatsapp.com/ws/chat";

    /// Checks a URL: `wss://` anywhere, `ws://` to this machine only.
    pub fn new(url: &str) -> Result<Self, NetError> {
        let url = url::Url::parse(url).map_err(|_| NetError::Url("no URL"))?;
        Ok(Endpoint { url, routing_info: None, limits: Limits::default() })
    }

    /// Trusts these certificates (PEM) besides the built-in ones.
    pub fn with_ca_pem(self, _pem: &[u8]) -> Result<Self, NetError> {
        Err(NetError::CaFile("not built yet"))
    }

    /// Goes through a proxy.
    pub fn with_proxy(self, _proxy: Proxy) -> Self {
        self
    }

    /// Sets the time limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets or clears the server's routing info, which goes into the upgrade request.
    pub fn set_routing_info(&mut self, routing_info: Option<Vec<u8>>) {
        self.routing_info = routing_info;
    }

    /// The URL it was made from.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }
}
