//! One HTTP request on a connection of its own, through the endpoint's proxy, with its trust: for the media servers.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;

use super::endpoint::ServerAddress;
use super::stream::{Stream, within};
use super::{Endpoint, NetError, Step};

/// The longest wait for the next piece of a body.
const STALL: Duration = Duration::from_secs(30);

/// A request without a body.
pub struct HttpRequest<'a> {
    /// The method.
    pub method: HttpMethod,
    /// The address, `https://` anywhere, `http://` on this machine only.
    pub url: &'a str,
    /// Headers, names in lower case.
    pub headers: &'a [(&'static str, &'a str)],
}

/// The methods that the media servers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// Fetches a file.
    Get,
    /// Deletes a file.
    Delete,
}

/// The answer, whose body is still on its way. The connection ends with it.
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    body: hyper::body::Incoming,
    _driver: Driver,
}

impl HttpRequest<'_> {
    /// Sends the request, and waits for the head of the answer.
    ///
    /// # Errors
    /// The address cannot be used or reached, or what answers there does not speak HTTP.
    pub async fn send(&self, via: &Endpoint) -> Result<HttpAnswer, NetError> {
        let target = ServerAddress::parse(self.url, "https", "http")?;
        let request = self.request(&target)?;
        let stream = Stream::open(&target, via).await?;
        let exchange = async {
            let (mut sender, connection) = http1::Builder::new()
                .handshake(TokioIo::new(stream))
                .await
                .map_err(|error| failed(&error))?;
            let driver = Driver(tokio::spawn(async move { drop(connection.await) }).abort_handle());
            let answer = sender.send_request(request).await.map_err(|error| failed(&error))?;
            Ok(HttpAnswer { status: answer.status().as_u16(), body: answer.into_body(), _driver: driver })
        };
        within(Step::Http, via.limits.upgrade, exchange).await
    }

    fn request(&self, target: &ServerAddress) -> Result<Request<Empty<Bytes>>, NetError> {
        let method = match self.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Delete => Method::DELETE,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(&*target.path)
            .header(HOST, target.authority())
            .header(CONNECTION, HeaderValue::from_static("close"));
        for (name, value) in self.headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        request.body(Empty::new()).map_err(|_| NetError::Url("it has characters that no address has"))
    }
}

impl HttpAnswer {
    /// Waits for the next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// The connection broke, or nothing came for long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, NetError> {
        loop {
            let frame = async { Ok(self.body.frame().await) };
            match within(Step::Http, STALL, frame).await? {
                None => return Ok(None),
                Some(Err(error)) => return Err(failed(&error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// The task of a connection, which ends with whoever holds this.
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn failed(error: &hyper::Error) -> NetError {
    NetError::Io { step: Step::Http, what: error.to_string() }
}
