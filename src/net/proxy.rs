//! Proxies: HTTP CONNECT and SOCKS5. The proxy looks names up; we never do for it.

use super::http::read_head;
use super::socket::Socket;
use super::{NetError, Step, socks};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProxyKind {
    Http,
    Socks5,
}

/// User and password for a proxy. Not in `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    /// The user's name.
    pub(super) user: Zeroizing<Vec<u8>>,
    /// The password, which may be empty.
    pub(super) password: Zeroizing<Vec<u8>>,
}

/// A proxy on the way to the server. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: Arc<str>,
    port: u16,
    credentials: Option<Arc<Credentials>>,
    public_only: bool,
}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]` or `socks5://[user:password@]host[:port]`; without port 8080 and 1080.
    /// Characters with a meaning in URLs are written as `%XX` in user and password.
    pub fn parse(url: &str) -> Result<Self, NetError> {
        let bad = NetError::ProxyUrl;
        let (scheme, rest) = url.split_once("://").ok_or(bad("it has no scheme"))?;
        let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 8080),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            "https" | "socks4" | "socks4a" => return Err(bad("this kind of proxy is not supported")),
            _ => return Err(bad("its scheme is unknown")),
        };
        // As http: the one scheme for which the parser does all that is needed; the port is taken apart below.
        let parsed = url::Url::parse(&format!("http://{rest}")).map_err(|_| bad("it is malformed"))?;
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(bad("it has a path"));
        }
        let host = parsed.host_str().ok_or(bad("it has no host"))?;
        let port = match explicit_port(rest) {
            Some(port) => port.map_err(|()| bad("its port is no number from 1 to 65535"))?,
            None => default_port,
        };
        let credentials = match (parsed.username(), parsed.password()) {
            ("", None) => None,
            (user, password) => {
                let decode =
                    |text| percent_decode(text).ok_or(bad("a % in it is not followed by two hex digits"));
                let credentials =
                    Credentials { user: decode(user)?, password: decode(password.unwrap_or(""))? };
                let fits = |part: &[u8]| part.len() <= 255;
                if !fits(&credentials.user) || !fits(&credentials.password) || credentials.user.is_empty() {
                    return Err(bad("user and password have 1 to 255 bytes"));
                }
                if kind == ProxyKind::Http && credentials.user.contains(&b':') {
                    return Err(bad("a user name cannot hold a colon"));
                }
                Some(Arc::new(credentials))
            }
        };
        Ok(Proxy { kind, host: host.into(), port, credentials, public_only: false })
    }

    /// Lets the proxy be at public addresses only. The addresses of its name are checked with each connection.
    #[must_use]
    pub fn public_only(self) -> Self {
        Self { public_only: true, ..self }
    }

    /// Returns whether it has to be at a public address.
    pub(super) fn is_public_only(&self) -> bool {
        self.public_only
    }

    /// Returns the host and port of the proxy itself.
    pub(super) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Asks the proxy, over an open connection to it, for the way to the server.
    pub(super) async fn ask(&self, stream: &mut Socket, host: &str, port: u16) -> Result<(), NetError> {
        match self.kind {
            ProxyKind::Http => connect(stream, host, port, self.credentials.as_deref()).await,
            ProxyKind::Socks5 => socks::connect(stream, host, port, self.credentials.as_deref()).await,
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = if self.credentials.is_some() { "..@" } else { "" };
        write!(f, "Proxy({:?} {credentials}{}:{})", self.kind, self.host, self.port)
    }
}

/// The port as it is written; the URL parser drops it if it is the scheme's own.
fn explicit_port(rest: &str) -> Option<Result<u16, ()>> {
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    let (_, port) = after.rsplit_once(':')?;
    Some(port.parse().map_err(|_| ()).and_then(|port| if port == 0 { Err(()) } else { Ok(port) }))
}

fn percent_decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        decoded.push(if byte == b'%' { (digit()? * 16 + digit()?) as u8 } else { byte });
    }
    Some(decoded)
}

/// HTTP CONNECT.
async fn connect(
    stream: &mut Socket,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
) -> Result<(), NetError> {
    let mut request = Zeroizing::new(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"));
    if let Some(Credentials { user, password }) = credentials {
        let pair = Zeroizing::new([user.as_slice(), b":", password.as_slice()].concat());
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&Zeroizing::new(STANDARD.encode(&pair)));
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.map_err(|error| NetError::from_io(Step::Proxy, &error))?;
    let refused = |what: String, for_good| NetError::ProxyRefused { what, for_good };
    match read_head(stream, Step::Proxy).await? {
        // The server speaks after us, so nothing can have come through yet.
        Some((head, rest)) if (200..300).contains(&head.status) && rest.is_empty() => Ok(()),
        Some((head, _)) if (200..300).contains(&head.status) => {
            Err(refused("it sent data of its own".to_owned(), true))
        }
        Some((head, _)) if head.status == 407 => Err(NetError::ProxyAuth),
        Some((head, _)) => {
            let what = format!("HTTP status {} {}", head.status, head.reason).trim_end().to_owned();
            Err(refused(what, matches!(head.status, 400..=499) && !matches!(head.status, 408 | 425 | 429)))
        }
        None => Err(refused("it is no HTTP proxy".to_owned(), true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let parse = |url| Proxy::parse(url).unwrap();
        let plain = parse("http://proxy.example");
        assert_eq!(
            (plain.kind, plain.address(), plain.credentials.is_none()),
            (ProxyKind::Http, ("proxy.example", 8080), true)
        );
        assert_eq!(parse("http://p:80/").address(), ("p", 80));
        assert_eq!(parse("SOCKS5://[::1]").address(), ("[::1]", 1080));
        assert_eq!(parse("socks5h://[::1]:99").address(), ("[::1]", 99));
        let full = parse("socks5://us%40er:p%3aw@p:1");
        let credentials = full.credentials.as_ref().unwrap();
        assert_eq!(
            (credentials.user.as_slice(), credentials.password.as_slice()),
            (&b"us@er"[..], &b"p:w"[..])
        );
        assert_eq!(parse("http://u@p").credentials.unwrap().password.as_slice(), b"");
        assert_eq!(format!("{full:?}"), "Proxy(Socks5 ..@p:1)");
    }

    #[test]
    fn bad_urls() {
        for bad in [
            "",
            "proxy:8080",
            "https://p",
            "socks4://p",
            "ftp://p",
            "http://",
            "http://p:0",
            "http://p:99999",
            "http://p:x",
            "http://p/path",
            "http://p?q",
            "http://:pw@p",
            "http://u:%zz@p",
            "http://a%3ab:c@p",
            "http://a b",
        ] {
            assert!(matches!(Proxy::parse(bad), Err(NetError::ProxyUrl(_))), "{bad}");
        }
        assert!(Proxy::parse(&format!("socks5://{}@p", "u".repeat(256))).is_err());
    }
}
