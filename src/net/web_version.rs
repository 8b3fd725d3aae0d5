//! Learns the current version of WhatsApp Web, on request only.
//!
//! WhatsApp Web tells its version in a script of its page; `client.version_url` names the script.

use super::endpoint::ServerAddress;
use super::http::{Head, find, read_head};
use super::stream::{Stream, within};
use super::{Endpoint, NetError, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A common browser's name for itself: the page is not given to who has none. It goes into the request for this page and nowhere
/// else; what is said to the chat server claims nothing.
const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

/// More of the page is not read.
const MAX_PAGE: usize = 4 * 1024 * 1024;
/// In front of the number; quotes, backslashes, a colon and blanks stand between.
const MARK: &[u8] = b"client_revision";

/// Checks the address of the page: `https://` anywhere, `http://` to this machine only.
///
/// # Errors
/// The fault of the address.
pub fn check_version_url(url: &str) -> Result<(), NetError> {
    ServerAddress::parse(url, "https", "http").map(drop)
}

/// Asks the page at `url` for the current version, `[2, 3000, revision]`, through the endpoint's proxy, with its trust and its
/// limits.
pub async fn latest_version(via: &Endpoint, url: &str) -> Result<[u32; 3], NetError> {
    let target = ServerAddress::parse(url, "https", "http")?;
    let mut stream = Stream::open(&target, via).await?;
    let page = within(Step::Upgrade, via.limits.upgrade, get(&mut stream, &target)).await?;
    let revision = revision(&page).ok_or(NetError::NoVersion)?;
    Ok([2, 3000, revision])
}

async fn get(stream: &mut Stream, target: &ServerAddress) -> Result<Vec<u8>, NetError> {
    let failed = |error: std::io::Error| NetError::from_io(Step::Upgrade, &error);
    let request = format!(
        "GET {} HTTP/1.1\r\n\
         Host: {}\r\n\
         Connection: close\r\n\
         User-Agent: {USER_AGENT}\r\n\
         Accept: */*\r\n\
         Accept-Encoding: identity\r\n\
         Sec-Fetch-Site: none\r\n\
         \r\n",
        target.path,
        target.authority()
    );
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let Some((head, mut body)) = read_head(stream, Step::Upgrade).await? else {
        return Err(NetError::Upgrade { status: None });
    };
    if head.status != 200 {
        return Err(NetError::Upgrade { status: Some(head.status) });
    }
    let mut part = vec![0; 8192];
    while body.len() < MAX_PAGE && !is_complete(&head, &body) {
        match stream.read(&mut part).await {
            Ok(0) => break,
            Ok(count) => body.extend_from_slice(part.get(..count).unwrap_or_default()),
            // Some servers end TLS without saying so; what came in may be enough.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(if head.has_token("transfer-encoding", "chunked") { without_chunks(&body) } else { body })
}

/// Returns whether all of a body with known length is there.
fn is_complete(head: &Head, body: &[u8]) -> bool {
    if head.has_token("transfer-encoding", "chunked") {
        return body.ends_with(b"\r\n0\r\n\r\n");
    }
    let length = head.get("content-length").and_then(|length| length.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// The contents of chunks, as far as they are well formed.
fn without_chunks(mut body: &[u8]) -> Vec<u8> {
    let mut page = Vec::with_capacity(body.len());
    while let Some(end) = find(body, b"\r\n") {
        let (line, rest) = body.split_at(end);
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size =
            std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let rest = rest.get(2..).unwrap_or_default();
        let Some((chunk, rest)) = rest.split_at_checked(size) else {
            page.extend_from_slice(rest);
            break;
        };
        page.extend_from_slice(chunk);
        body = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
    page
}

fn revision(page: &[u8]) -> Option<u32> {
    let mut rest = page;
    while let Some(place) = find(rest, MARK) {
        rest = rest.get(place + MARK.len()..)?;
        let number = rest.iter().position(|byte| !matches!(byte, b'\\' | b'"' | b'\'' | b':' | b' '))?;
        let digits: Vec<u8> =
            rest.get(number..)?.iter().copied().take_while(u8::is_ascii_digit).take(11).collect();
        let parsed = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
        if parsed.is_some_and(|revision: u32| revision > 0) {
            return parsed;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions() {
        for page in [
            r#"..{"client_revision":1045649367,"x":1}"#,
            r#"..{\"client_revision\": 1045649367,"#,
            r#"client_revision is a name; later \\\"client_revision\\\":1045649367}"#,
            "client_revision:1045649367",
        ] {
            assert_eq!(revision(page.as_bytes()), Some(1_045_649_367), "{page}");
        }
        for page in [
            "",
            "client_revision",
            r#""client_revision":"#,
            r#""client_revision":0"#,
            r#""client_revision":99999999999"#,
        ] {
            assert_eq!(revision(page.as_bytes()), None, "{page}");
        }
    }

    #[test]
    fn chunks() {
        assert_eq!(without_chunks(b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"), b"abcdefg");
        assert_eq!(without_chunks(b"ff\r\ncut off"), b"cut off");
        assert_eq!(without_chunks(b"zz\r\nabc"), b"");
        assert_eq!(without_chunks(b"ffffffffffffffff\r\nabc"), b"abc");
    }
}
