//! As much of HTTP/1.1 as a WebSocket upgrade, a proxy's CONNECT and one small download need: read an answer's head.

use super::{NetError, Step};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A head larger than this is not from a server we want to talk to.
const MAX_HEAD: usize = 16 * 1024;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    /// The status code.
    pub(super) status: u16,
    /// The reason phrase; printable characters only.
    pub(super) reason: String,
    /// Names in lower case, values trimmed.
    headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of this name (lower case).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns whether a list header names this token, whatever its case.
    pub(super) fn has_token(&self, name: &str, token: &str) -> bool {
        let values = self.headers.iter().filter(|(key, _)| key == name);
        values.flat_map(|(_, value)| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
    }

    /// Reads a head without the empty line at its end. `None` if it is no HTTP/1 answer.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let mut first = lines.next()?.splitn(3, ' ');
        if !first.next()?.starts_with("HTTP/1.") {
            return None;
        }
        let status = first.next().filter(|code| code.len() == 3)?.parse().ok()?;
        let reason = first.next().unwrap_or_default();
        let reason = reason.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
        Some(Head { status, reason, headers: headers.collect::<Option<_>>()? })
    }
}

/// Reads up to the end of an answer's head. Also gives what came in behind it. `Ok(None)` if it is no HTTP answer.
pub(super) async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
    step: Step,
) -> Result<Option<(Head, Vec<u8>)>, NetError> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.map_err(|error| NetError::from_io(step, &error))?;
        if count == 0 {
            if bytes.is_empty() {
                return Err(NetError::Io { step, what: "the other side closed the connection".to_owned() });
            }
            return Ok(None);
        }
        // The end may lie across two reads.
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(part.get(..count).unwrap_or_default());
        if let Some(end) = find(bytes.get(from..).unwrap_or_default(), b"\r\n\r\n") {
            let rest = bytes.split_off((from + end + 4).min(bytes.len()));
            bytes.truncate(from + end);
            return Ok(Head::parse(&bytes).map(|head| (head, rest)));
        }
        // Something else than HTTP is not read to the end in the hope that it becomes HTTP.
        let looks_like_http = b"HTTP/1.".iter().zip(&bytes).all(|(expected, byte)| expected == byte);
        if bytes.len() > MAX_HEAD || !looks_like_http {
            return Ok(None);
        }
    }
}

/// Returns the start of `needle` in `haystack`.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> Result<Option<(Head, Vec<u8>)>, NetError> {
        read_head(&mut bytes, Step::Upgrade).await
    }

    #[tokio::test]
    async fn heads() {
        let (head, rest) = read(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, UPGRADE\r\nX: \t y \r\n\r\nmore",
        )
        .await
        .unwrap()
        .unwrap();
        assert_eq!(
            (head.status, head.reason.as_str(), rest.as_slice()),
            (101, "Switching Protocols", &b"more"[..])
        );
        assert!(head.has_token("connection", "upgrade") && !head.has_token("x", "upgrade"));
        assert_eq!(head.get("x"), Some("y"));
        let (head, _) = read(b"HTTP/1.0 407\r\n\r\n").await.unwrap().unwrap();
        assert_eq!((head.status, head.reason.as_str()), (407, ""));
    }

    #[tokio::test]
    async fn what_is_no_head() {
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(20_000));
        for bad in [
            "SSH-2.0-OpenSSH_9.6\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 abc OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncut off",
            "\r\n\r\n",
            &endless,
        ] {
            assert!(read(bad.as_bytes()).await.unwrap().is_none(), "{bad:.40}");
        }
        assert!(read(b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\n\r\n").await.unwrap().is_none());
        assert!(matches!(read(b"").await, Err(NetError::Io { step: Step::Upgrade, .. })));
    }
}
