//! A file at the media servers, and its addresses there.

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use url::form_urlencoded::Serializer;

use crate::crypto::Secret;
use crate::media::{FileHashes, FileKind, MediaKeys};
use crate::net::{Endpoint, HttpAnswer, HttpMethod, HttpRequest, NetError};

/// The page that the official web client's requests come from.
const ORIGIN: &str = "https://web.whatsapp.com";

/// A file at the media servers.
#[derive(Clone)]
pub(crate) struct RemoteFile {
    /// The kind of the file.
    pub(crate) kind: FileKind,
    /// Its path at any media server, with a query.
    pub(crate) path: String,
    /// Its key.
    pub(crate) media_key: Secret<32>,
    /// Its hashes.
    pub(crate) hashes: FileHashes,
}

impl RemoteFile {
    /// The keys of the file.
    pub(crate) fn keys(&self) -> MediaKeys {
        MediaKeys::derive(&self.media_key, self.kind)
    }

    /// The address at a host, as whatsmeow asks for it.
    fn url(&self, scheme: &str, host: &str) -> String {
        let slash = if self.path.starts_with('/') { "" } else { "/" };
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let mut query = Serializer::new(String::new());
        if let Some(hash) = &self.hashes.encrypted {
            query.append_pair("hash", &URL_SAFE.encode(hash));
        }
        query.append_pair("mms-type", self.kind.mms_type()).append_pair("__wa-mms", "");
        format!("{scheme}://{host}{slash}{}{joint}{}", self.path, query.finish())
    }

    /// Asks a host for the file.
    pub(super) async fn get(&self, via: &Endpoint, host: &str) -> Result<HttpAnswer, NetError> {
        let url = self.url(via.media_scheme(), host);
        let headers = [("origin", ORIGIN), ("referer", "https://web.whatsapp.com/")];
        HttpRequest { method: HttpMethod::Get, url: &url, headers: &headers }.send(via).await
    }

    /// Asks a host to delete its copy, which the holder of the word `auth` may; with a handle, the nonce shows that, too. Returns the
    /// status of the answer.
    pub(crate) async fn delete(
        &self,
        via: &Endpoint,
        host: &str,
        auth: &str,
        handle: Option<(&str, &str)>,
    ) -> Result<u16, NetError> {
        let url = self.deletion_url(via.media_scheme(), host, auth, handle.map(|(handle, _)| handle));
        let mut headers = vec![("origin", ORIGIN), ("referer", "https://web.whatsapp.com/")];
        headers.extend(handle.map(|(_, nonce)| ("companion_user_secret", nonce)));
        let request = HttpRequest { method: HttpMethod::Delete, url: &url, headers: &headers };
        Ok(request.send(via).await?.status)
    }

    fn deletion_url(&self, scheme: &str, host: &str, auth: &str, handle: Option<&str>) -> String {
        let token = URL_SAFE.encode(self.hashes.encrypted.unwrap_or_default());
        let path = self.path.split('?').next().unwrap_or_default();
        let mut query = Serializer::new(String::new());
        query.append_pair("token", &token);
        query.append_pair("d_md", &URL_SAFE_NO_PAD.encode(path)).append_pair("auth", auth);
        if let Some(handle) = handle {
            query.append_pair("e_handle", handle);
        }
        format!("{scheme}://{host}/mms/{}/{token}?{}", self.kind.mms_type(), query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> RemoteFile {
        let hashes = FileHashes { content: None, encrypted: Some([0xff; 32]) };
        RemoteFile { kind: FileKind::History, path: path.to_owned(), media_key: Secret::new([1; 32]), hashes }
    }

    #[test]
    fn addresses() {
        let hash = format!("{}8%3D", "_".repeat(42));
        let token = format!("{}8=", "_".repeat(42));
        assert_eq!(
            file("/v/t62/x.enc?ccb=1&oh=2").url("https", "mmg.whatsapp.net"),
            format!(
                "https://mmg.whatsapp.net/v/t62/x.enc?ccb=1&oh=2&hash={hash}&mms-type=md-msg-hist&__wa-mms="
            )
        );
        assert_eq!(
            file("x").url("http", "127.0.0.1:80"),
            format!("http://127.0.0.1:80/x?hash={hash}&mms-type=md-msg-hist&__wa-mms=")
        );
        assert_eq!(
            file("/x?y=z").deletion_url("https", "h", "a b&c", Some("e=")),
            format!("https://h/mms/md-msg-hist/{token}?token={hash}&d_md=L3g&auth=a+b%26c&e_handle=e%3D")
        );
    }
}
