//! From HTTP to WebSocket (RFC 6455, section 4).
//!
//! The request claims to come from no browser. It has no `User-Agent`: a browser's name there would be contradicted by what a
//! browser always sends beside it (`Accept-Encoding`, `Accept-Language`, an offer of compression) and by the TLS handshake,
//! which is that of rustls. A request with a false name stands out among all others; one without a name is what the runtimes
//! of other clients send. Only `Origin` is there, which the page of WhatsApp Web makes a part of the protocol.

use super::http::{Head, read_head};
use super::stream::Stream;
use super::{Endpoint, NetError, Step};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;

/// The origin of WhatsApp Web's page. The same towards any server.
const ORIGIN: &str = "https://web.whatsapp.com";
/// The value that the server mixes into its answer, to show that it knows the protocol.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Asks for the upgrade and checks the answer. Gives what came in behind the answer.
///
/// No extension is offered: compression would cost each connection a window and gain nothing, since all that passes is
/// encrypted before.
pub(super) async fn upgrade(stream: &mut Stream, endpoint: &Endpoint) -> Result<Vec<u8>, NetError> {
    let failed = |error: std::io::Error| NetError::from_io(Step::Upgrade, &error);
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    let key = STANDARD.encode(nonce);
    stream.write_all(request(endpoint, &key).as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let Some((head, rest)) = read_head(stream, Step::Upgrade).await? else {
        return Err(NetError::Upgrade { status: None });
    };
    check(&head, &key)?;
    Ok(rest)
}

fn request(endpoint: &Endpoint, key: &str) -> String {
    let (path, host) = (endpoint.request_path(), endpoint.target.authority());
    let cookie = if endpoint.has_routing_info() { "Cookie: sticky_routing=\r\n" } else { "" };
    format!(
        "GET {path} HTTP/1.1\r\n\
         Host: {host}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Origin: {ORIGIN}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         {cookie}\
         Sec-WebSocket-Key: {key}\r\n\
         \r\n"
    )
}

fn check(head: &Head, key: &str) -> Result<(), NetError> {
    let refused = Err(NetError::Upgrade { status: Some(head.status) });
    if head.status != 101
        || !head.has_token("upgrade", "websocket")
        || !head.has_token("connection", "upgrade")
    {
        return refused;
    }
    // We offered no extension and no subprotocol; a server that chose one would speak something we do not understand.
    if head.get("sec-websocket-extensions").is_some() || head.get("sec-websocket-protocol").is_some() {
        return refused;
    }
    let mut hash = sha1_smol::Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID.as_bytes());
    let expected = STANDARD.encode(hash.digest().bytes());
    if head.get("sec-websocket-accept") == Some(expected.as_str()) { Ok(()) } else { refused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_claims_to_come_from_no_browser() {
        let mut endpoint = Endpoint::new(Endpoint::PRODUCTION).unwrap();
        let plain = request(&endpoint, "KEY");
        assert!(plain.starts_with("GET /ws/chat HTTP/1.1\r\nHost: web.whatsapp.com\r\n"), "{plain}");
        // A header more, or less, is a decision: see the module.
        let names = plain.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, _)| name);
        let expected =
            ["Host", "Connection", "Upgrade", "Origin", "Sec-WebSocket-Version", "Sec-WebSocket-Key"];
        assert_eq!(names.collect::<Vec<_>>(), expected);
        assert!(plain.contains("\r\nOrigin: https://web.whatsapp.com\r\n") && plain.ends_with("\r\n\r\n"));
        endpoint.set_routing_info(Some(vec![8, 5]));
        let routed = request(&endpoint, "KEY");
        assert!(routed.starts_with("GET /ws/chat?ED=CAU HTTP/1.1\r\n"), "{routed}");
        assert!(routed.contains("\r\nCookie: sticky_routing=\r\n"));
        let elsewhere = request(&Endpoint::new("wss://h:8443/x").unwrap(), "KEY");
        assert!(
            elsewhere.contains("\r\nHost: h:8443\r\n")
                && elsewhere.contains("\r\nOrigin: https://web.whatsapp.com\r\n")
        );
    }
}
