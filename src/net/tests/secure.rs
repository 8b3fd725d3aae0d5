//! `wss://` with an authority of our own.

use super::super::Step;
use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// An authority made for one test.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        Self::named("wa test authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> Vec<u8> {
        self.0.pem().into_bytes()
    }

    /// A server's side of TLS for these names.
    pub(super) fn acceptor(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> TlsAcceptor {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// One TLS connection taken in and handled by hand, if the handshake comes to its end.
async fn serve_tls<F: Future<Output = ()> + Send + 'static>(
    acceptor: TlsAcceptor,
    handle: impl FnOnce(TlsStream<TcpStream>) -> F + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    serve_tcp(|stream| async move {
        if let Ok(stream) = acceptor.accept(stream).await {
            handle(stream).await;
        }
    })
    .await
}

#[tokio::test]
async fn messages_of_all_sizes_come_back() {
    let authority = Authority::new();
    let (address, server) = serve_tls(authority.acceptor(&["localhost", "127.0.0.1"], |_| ()), echo).await;
    let endpoint = endpoint(&format!("wss://{address}/ws/chat")).with_ca_pem(&authority.pem()).unwrap();
    let (mut writer, mut reader) = open(&endpoint).await;
    for size in [1, 125, 16_384, 65_536, 1_000_000] {
        exchange(&mut writer, &mut reader, size).await;
    }
    writer.close().await;
    assert_eq!(reader.next().await, Ok(None));
    server.await.unwrap();
}

#[tokio::test]
async fn names_and_addresses_are_checked() {
    let authority = Authority::new();
    for (names, host, good) in [
        (&["localhost"][..], "localhost", true),
        (&["localhost"], "127.0.0.1", false),
        (&["127.0.0.1"], "127.0.0.1", true),
        (&["web.whatsapp.com"], "localhost", false),
    ] {
        let (address, _) = serve_tls(authority.acceptor(names, |_| ()), echo).await;
        let url = format!("wss://{host}:{}/", address.port());
        let result = connect(&endpoint(&url).with_ca_pem(&authority.pem()).unwrap()).await;
        match result {
            Ok(_) => assert!(good, "{names:?} {host}"),
            Err(error) => {
                assert!(!good, "{names:?} {host}: {error}");
                assert_eq!(error, NetError::Certificate { what: "it is for another name".to_owned() });
            }
        }
    }
}

#[tokio::test]
async fn certificates_that_are_refused() {
    let (authority, other, namesake) = (Authority::new(), Authority::named("other"), Authority::new());
    let refused = async |acceptor: TlsAcceptor, pem: Option<Vec<u8>>| {
        let (address, _) = serve_tls(acceptor, echo).await;
        let mut endpoint = endpoint(&format!("wss://{address}/"));
        if let Some(pem) = pem {
            endpoint = endpoint.with_ca_pem(&pem).unwrap();
        }
        match failure(connect(&endpoint).await) {
            NetError::Certificate { what } => what,
            error => panic!("{error:?}"),
        }
    };
    let usual = || authority.acceptor(&["127.0.0.1"], |_| ());
    // Unknown authority: none given, and another one given.
    assert_eq!(refused(usual(), None).await, "nobody we trust has signed it");
    assert_eq!(refused(usual(), Some(other.pem())).await, "nobody we trust has signed it");
    assert_eq!(refused(usual(), Some(namesake.pem())).await, "its signature is wrong");
    let past = authority.acceptor(&["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    assert_eq!(
        refused(past, Some(authority.pem())).await,
        "it has expired, or this machine's clock is wrong"
    );
    let future = authority.acceptor(&["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2201, 1, 1);
        params.not_after = date_time_ymd(2202, 1, 1);
    });
    assert_eq!(
        refused(future, Some(authority.pem())).await,
        "it is not valid yet, or this machine's clock is wrong"
    );
    // Trusted for one endpoint is not trusted for all.
    let (address, _) = serve_tls(usual(), echo).await;
    assert!(
        connect(&endpoint(&format!("wss://{address}/")).with_ca_pem(&authority.pem()).unwrap()).await.is_ok()
    );
    assert_eq!(refused(usual(), None).await, "nobody we trust has signed it");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    let (address, _) = serve_tcp(echo_http).await;
    let error = failure(connect(&endpoint(&format!("wss://{address}/"))).await);
    assert!(matches!(error, NetError::Tls { .. }), "{error:?}");
}

async fn echo_http(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 4096]).await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let _ = stream.read(&mut [0; 4096]).await;
}

#[tokio::test]
async fn silence_and_hanging_up_in_the_handshake() {
    let (_silent, address) = listener().await;
    let limited = endpoint(&format!("wss://{address}/")).with_limits(Limits { tls: SHORT, ..limits() });
    assert_eq!(failure(connect(&limited).await), NetError::Timeout { step: Step::Tls, limit_ms: 60 });
    let (address, _) = serve_tcp(|mut stream| async move { drop(stream.read(&mut [0; 10]).await) }).await;
    let error = failure(connect(&endpoint(&format!("wss://{address}/"))).await);
    assert!(matches!(error, NetError::Io { step: Step::Tls, .. }), "{error:?}");
}

#[tokio::test]
async fn silence_after_the_handshake() {
    let authority = Authority::new();
    let (address, _) = serve_tls(authority.acceptor(&["127.0.0.1"], |_| ()), |stream| async move {
        let _stream = stream;
        std::future::pending().await
    })
    .await;
    let endpoint = endpoint(&format!("wss://{address}/")).with_ca_pem(&authority.pem()).unwrap();
    let error = failure(connect(&endpoint.with_limits(Limits { upgrade: SHORT, ..limits() })).await);
    assert_eq!(error, NetError::Timeout { step: Step::Upgrade, limit_ms: 60 });
}

#[tokio::test]
async fn tls_that_is_cut_off_is_the_end() {
    let authority = Authority::new();
    let (address, _) = serve_tls(authority.acceptor(&["127.0.0.1"], |_| ()), |stream| async move {
        let mut socket = upgrade(stream).await;
        socket.send(Message::binary(&b"last"[..])).await.unwrap();
        // The TCP connection ends, TLS does not say so.
        drop(socket.into_inner().into_inner());
    })
    .await;
    let endpoint = endpoint(&format!("wss://{address}/")).with_ca_pem(&authority.pem()).unwrap();
    let (_writer, mut reader) = open(&endpoint).await;
    assert_eq!(read_exactly(&mut reader, 4).await, b"last");
    assert_eq!(reader.next().await, Ok(None));
}
