//! Learning the current version.

use super::super::{Step, latest_version};
use super::secure::Authority;
use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PAGE: &str = r#"self.x={\"client_revision\":1045649367,\"y\":1}"#;

/// A page server for one request; checks the request.
async fn serve(answer: String) -> SocketAddr {
    let (address, _) = serve_tcp(move |mut stream| async move {
        let mut request = vec![0; 4096];
        let count = stream.read(&mut request).await.unwrap();
        let request = String::from_utf8(request[..count].to_vec()).unwrap().to_lowercase();
        assert!(request.starts_with("get /sw.js http/1.1\r\n"), "{request}");
        for header in ["sec-fetch-site: none", "user-agent: mozilla/5.0", "connection: close"] {
            assert!(request.contains(&format!("\r\n{header}")), "{request}");
        }
        // In small pieces, as it may come.
        for part in answer.as_bytes().chunks(7) {
            if stream.write_all(part).await.is_err() {
                return;
            }
        }
    })
    .await;
    address
}

async fn ask(answer: String) -> Result<[u32; 3], NetError> {
    let address = serve(answer).await;
    latest_version(&endpoint("ws://127.0.0.1/"), &format!("http://{address}/sw.js")).await
}

#[tokio::test]
async fn answers() {
    let version = Ok([2, 3000, 1_045_649_367]);
    let length = PAGE.len();
    assert_eq!(ask(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{PAGE}")).await, version);
    assert_eq!(ask(format!("HTTP/1.1 200 OK\r\n\r\n{PAGE}")).await, version);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = |part: &[u8]| format!("{:x}\r\n{}\r\n", part.len(), str::from_utf8(part).unwrap());
    let chunks: String = PAGE.as_bytes().chunks(9).map(chunk).collect();
    assert_eq!(ask(format!("{head}{chunks}0\r\n\r\n")).await, version);
    assert_eq!(ask("HTTP/1.1 200 OK\r\n\r\nnothing here".to_owned()).await, Err(NetError::NoVersion));
    assert_eq!(
        ask("HTTP/1.1 403 Forbidden\r\n\r\n".to_owned()).await,
        Err(NetError::Upgrade { status: Some(403) })
    );
    assert_eq!(ask("SSH-2.0-x\r\n".to_owned()).await, Err(NetError::Upgrade { status: None }));
}

#[tokio::test]
async fn an_endless_page_is_not_read_to_the_end() {
    let (address, _) = serve_tcp(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
    })
    .await;
    let result = latest_version(&endpoint("ws://127.0.0.1/"), &format!("http://{address}/")).await;
    assert_eq!(result, Err(NetError::NoVersion));
}

#[tokio::test]
async fn silence() {
    let (_silent, address) = listener().await;
    let via = endpoint("ws://127.0.0.1/").with_limits(Limits { upgrade: SHORT, ..limits() });
    let result = latest_version(&via, &format!("http://{address}/")).await;
    assert_eq!(result, Err(NetError::Timeout { step: Step::Upgrade, limit_ms: 60 }));
}

#[tokio::test]
async fn over_tls_and_not_without() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["localhost"], |_| ());
    let (address, _) = serve_tcp(|stream| async move {
        let mut stream = acceptor.accept(stream).await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{PAGE}").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    })
    .await;
    let via = endpoint("wss://web.whatsapp.com/").with_ca_pem(&authority.pem()).unwrap();
    let version = latest_version(&via, &format!("https://localhost:{}/sw.js", address.port())).await;
    assert_eq!(version, Ok([2, 3000, 1_045_649_367]));
    let result = latest_version(&via, "http://web.whatsapp.com/sw.js").await;
    assert_eq!(result, Err(NetError::InsecureUrl { host: "web.whatsapp.com".to_owned() }));
}
