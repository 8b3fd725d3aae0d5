//! A client of HTTP that shows what came, byte by byte, and how the connection ended.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, RootCertStore, pki_types::ServerName},
};
use wa_sim::Started;

/// An answer, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
    /// All of the body that was announced has come.
    pub(crate) is_whole: bool,
}

impl Answer {
    /// Returns a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A request: method, path with query, and more headers.
pub(crate) type Request<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// Sends a request to `host:port`, with TLS if the authority is given. `None` if the connection ended without an answer.
pub(crate) async fn request(host: &str, ca_pem: Option<&str>, request: Request<'_>) -> Option<Answer> {
    let stream = TcpStream::connect(host).await.unwrap();
    match ca_pem {
        None => exchange(stream, host, request).await,
        Some(ca_pem) => {
            let name = ServerName::try_from("127.0.0.1").unwrap();
            let stream = TlsConnector::from(trusting(ca_pem)).connect(name, stream).await.unwrap();
            exchange(stream, host, request).await
        }
    }
}

/// `GET` on the plain address.
pub(crate) async fn get(started: &Started, path: &str) -> Option<Answer> {
    request(plain(started), None, ("GET", path, &[])).await
}

/// `DELETE` on the plain address.
pub(crate) async fn delete(started: &Started, path: &str, secret: Option<&str>) -> Answer {
    let header = secret.map(|secret| ("Companion_User_Secret", secret));
    request(plain(started), None, ("DELETE", path, header.as_slice())).await.unwrap()
}

/// `host:port` of the address without TLS.
pub(crate) fn plain(started: &Started) -> &str {
    host(&started.ws)
}

/// `host:port` of an address.
pub(crate) fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap()
}

fn trusting(ca_pem: &str) -> Arc<ClientConfig> {
    let base64: String = ca_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let mut roots = RootCertStore::empty();
    roots.add(STANDARD.decode(base64).unwrap().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

async fn exchange<S>(mut stream: S, host: &str, (method, path, headers): Request<'_>) -> Option<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let headers: String = headers.iter().map(|(key, value)| format!("{key}: {value}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(answer) = read(&came).filter(|answer| answer.is_whole) {
            return Some(answer);
        }
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => came.extend_from_slice(&buffer[..count]),
            _ => return read(&came),
        }
    }
}

fn read(came: &[u8]) -> Option<Answer> {
    let end = came.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(came[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer { status, head, body: came[end + 4..].to_vec(), is_whole: false };
    let length: usize = answer.header("content-length")?.parse().ok()?;
    answer.is_whole = answer.body.len() >= length;
    Some(answer)
}
