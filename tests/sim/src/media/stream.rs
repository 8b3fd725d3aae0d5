//! One address for the WebSocket and for files: the first line of a request says which it wants.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Longest first line that is waited for.
const MAX_LINE: usize = 8 * 1024;

/// A stream of which some was read already.
pub(crate) struct Begun<S> {
    head: Vec<u8>,
    taken: usize,
    stream: S,
}

impl<S> Begun<S> {
    /// Returns whether the request is one for a file.
    pub(crate) fn is_for_a_file(&self) -> bool {
        let mut words = self.head.split(|byte| *byte == b' ');
        let (_method, target) = (words.next(), words.next().unwrap_or_default());
        target.starts_with(b"/v/") || target.starts_with(b"/mms/")
    }
}

/// Reads a request's first line. What is read is handed out again by the stream.
pub(crate) async fn begin<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<Begun<S>> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while head.len() < MAX_LINE && !head.contains(&b'\n') {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        head.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(Begun { head, taken: 0, stream })
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let rest = this.head.get(this.taken..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut this.stream).poll_read(context, out);
        }
        let count = rest.len().min(out.remaining());
        out.put_slice(rest.get(..count).unwrap_or_default());
        this.taken += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_line_decides_and_nothing_is_lost() {
        for (request, is_file) in [
            (&b"GET /v/t62/1.enc?oh=1 HTTP/1.1\r\n\r\n"[..], true),
            (b"DELETE /mms/md-msg-hist/x HTTP/1.1\r\n\r\n", true),
            (b"GET /ws/chat HTTP/1.1\r\n\r\n", false),
            (b"\x16\x03\x01", false),
            (b"", false),
        ] {
            let mut begun = begin(request).await.unwrap();
            assert_eq!(begun.is_for_a_file(), is_file);
            let mut read = Vec::new();
            begun.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, request);
        }
    }
}
