//! The endpoint of a connection, and the way to it.

use super::resolver::{self, Resolver};
use super::tcp::Reach;
use super::{NetError, Proxy, tls};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::ClientConfig;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Time limits of the steps of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name look-up and TCP connection together, over all addresses.
    pub tcp: Duration,
    /// The proxy's answer.
    pub proxy: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// The WebSocket upgrade, or a whole HTTP answer.
    pub upgrade: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let limit = Duration::from_secs(10);
        Limits { tcp: limit, proxy: limit, tls: limit, upgrade: limit }
    }
}

/// The largest routing info there is room for in front of the first frame.
const MAX_ROUTING_INFO: usize = 0x00ff_ffff;

/// A server's address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerAddress {
    /// Set if it is spoken to through TLS.
    pub(super) secure: bool,
    /// Name or address; an IPv6 address is in brackets.
    pub(super) host: Arc<str>,
    /// The port.
    pub(super) port: u16,
    /// Path and query as they go into a request.
    pub(super) path: Arc<str>,
}

impl ServerAddress {
    /// Takes a URL apart, of one of two schemes; the insecure one leads to this machine only.
    pub(super) fn parse(text: &str, secure: &str, insecure: &str) -> Result<Self, NetError> {
        let url = Url::parse(text).map_err(|_| NetError::Url("it is malformed"))?;
        let secure = match url.scheme() {
            scheme if scheme == secure => true,
            scheme if scheme == insecure => false,
            _ => return Err(NetError::Url("its scheme is not the right one")),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NetError::Url("it has no host"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NetError::Url("it has a user name"));
        }
        if !secure && !may_be_loopback(host) {
            return Err(NetError::InsecureUrl { host: host.to_owned() });
        }
        let port = url.port_or_known_default().ok_or(NetError::Url("it has no port"))?;
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(ServerAddress { secure, host: host.into(), port, path: path.into() })
    }

    /// The `Host` header: without the scheme's own port.
    pub(super) fn authority(&self) -> String {
        match (self.secure, self.port) {
            (true, 443) | (false, 80) => self.host.to_string(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// Returns the addresses that its name may lead to.
    pub(super) fn reach(&self) -> Reach {
        if self.secure { Reach::Anywhere } else { Reach::Loopback }
    }
}

/// Returns whether a host is this machine, by address or by the name that means it. The address of the name is checked again
/// when it is looked up.
pub(super) fn may_be_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().map_or(bare.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// The endpoint of a connection and the way to it: a checked URL, trust, proxy and limits. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    url: Arc<str>,
    pub(super) target: ServerAddress,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) proxy: Option<Proxy>,
    pub(super) limits: Limits,
    pub(super) max_message: u64,
    pub(super) resolver: &'static Resolver,
    routing_info: Option<Arc<[u8]>>,
}

impl Endpoint {
    /// WhatsApp's own address.
    pub const PRODUCTION: &'static str = "wss://web.whatsapp.com/ws/chat";
    /// The largest message taken, unless set otherwise: more than the largest frame of the protocol above.
    pub const MAX_MESSAGE: u64 = 32 * 1024 * 1024;

    /// Checks a URL: `wss://` anywhere, `ws://` to this machine only.
    pub fn new(url: &str) -> Result<Self, NetError> {
        Ok(Endpoint {
            url: url.into(),
            target: ServerAddress::parse(url, "wss", "ws")?,
            tls: tls::configuration(&[])?,
            proxy: None,
            limits: Limits::default(),
            max_message: Self::MAX_MESSAGE,
            resolver: &resolver::SYSTEM,
            routing_info: None,
        })
    }

    /// Trusts these certificates (PEM) besides the built-in ones.
    pub fn with_ca_pem(mut self, pem: &[u8]) -> Result<Self, NetError> {
        if pem.is_empty() {
            return Err(NetError::CaFile("it is empty"));
        }
        self.tls = tls::configuration(pem)?;
        Ok(self)
    }

    /// Goes through a proxy. To a server without TLS the proxy has to be on this machine as well; [`connect`](super::connect)
    /// refuses otherwise.
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the time limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the size in bytes of the largest message taken.
    pub fn with_max_message(mut self, max_message: u64) -> Self {
        self.max_message = max_message;
        self
    }

    /// Sets or clears what the server said it wants to see at the next connection. Too large a value is left out.
    pub fn set_routing_info(&mut self, routing_info: Option<Vec<u8>>) {
        let usable = routing_info.filter(|info| !info.is_empty() && info.len() <= MAX_ROUTING_INFO);
        self.routing_info = usable.map(Arc::from);
    }

    /// The proxy it goes through, by address; `None` without one.
    pub fn proxy_address(&self) -> Option<(&str, u16)> {
        self.proxy.as_ref().map(Proxy::address)
    }

    /// The scheme of the media servers that belong to this server: without TLS only if the server itself is spoken to without, which
    /// is one on this machine.
    pub fn media_scheme(&self) -> &'static str {
        if self.target.secure { "https" } else { "http" }
    }

    /// The URL it was made from.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Path and query of the upgrade request.
    pub(super) fn request_path(&self) -> String {
        let path = &self.target.path;
        match &self.routing_info {
            None => path.to_string(),
            Some(info) => {
                let separator = if path.contains('?') { '&' } else { '?' };
                format!("{path}{separator}ED={}", URL_SAFE_NO_PAD.encode(info))
            }
        }
    }

    /// Returns whether there is routing info to send.
    pub(super) fn has_routing_info(&self) -> bool {
        self.routing_info.is_some()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url).field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_without_tls() {
        for good in [
            "wss://web.whatsapp.com/ws/chat",
            "wss://10.0.0.1:8443/x",
            "ws://127.0.0.1:1/ws",
            "ws://localhost:2",
            "ws://[::1]",
            "ws://127.8.9.1/",
        ] {
            assert_eq!(Endpoint::new(good).unwrap().url(), good);
        }
        for bad in [
            "ws://web.whatsapp.com/ws/chat",
            "ws://10.0.0.1/",
            "ws://localhost.evil.example/",
            "ws://[::2]/",
            "ws://0.0.0.0/",
        ] {
            assert!(matches!(Endpoint::new(bad), Err(NetError::InsecureUrl { .. })), "{bad}");
        }
        for bad in [
            "",
            "web.whatsapp.com",
            "https://web.whatsapp.com/",
            "wss://",
            "wss://u:p@host/",
            "wss://host:99999/",
        ] {
            assert!(matches!(Endpoint::new(bad), Err(NetError::Url(_))), "{bad}");
        }
    }

    #[test]
    fn routing_info_goes_into_the_query() {
        let mut endpoint = Endpoint::new("wss://h/ws/chat").unwrap();
        assert_eq!(endpoint.request_path(), "/ws/chat");
        endpoint.set_routing_info(Some(vec![0xfb, 0xff, 8]));
        assert_eq!(endpoint.request_path(), "/ws/chat?ED=-_8I");
        endpoint.set_routing_info(Some(vec![]));
        assert_eq!(endpoint.request_path(), "/ws/chat");
        endpoint.set_routing_info(Some(vec![0; MAX_ROUTING_INFO + 1]));
        assert!(!endpoint.has_routing_info());
        let mut endpoint = Endpoint::new("wss://h/?a=b").unwrap();
        endpoint.set_routing_info(Some(vec![0]));
        assert_eq!(endpoint.request_path(), "/?a=b&ED=AA");
    }

    #[test]
    fn trust_is_shared_by_all_who_have_the_same() {
        let (a, b) = (Endpoint::new("wss://a/").unwrap(), Endpoint::new("wss://b/").unwrap());
        assert!(Arc::ptr_eq(&a.tls, &b.tls));
        assert_eq!(a.clone().with_ca_pem(b"").err(), Some(NetError::CaFile("it is empty")));
        assert_eq!(a.with_ca_pem(b"no pem").err(), Some(NetError::CaFile("it holds no certificate")));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(b.with_ca_pem(broken).err(), Some(NetError::CaFile("a certificate in it is malformed")));
    }
}
