//! Bytes to and from the server: WebSocket over TLS, through a proxy if asked.
//!
//! [`connect`] goes to an [`Endpoint`] and gives a [`Connection`], whose halves carry binary messages as one stream of bytes
//! each way. Every step has its own time limit and its own error ([`NetError`]). The meaning of the bytes is the business of
//! `noise`; when to connect, and how often, is the client's.
//!
//! The WebSocket is our own and small ([`frame`], [`connection`]), since the protocol above needs no messages: an idle
//! connection then keeps no buffer at all, where a general-purpose crate keeps 8 KiB and puts whole messages together.

mod addresses;
mod connection;
mod endpoint;
mod error;
mod frame;
mod http;
mod http_client;
mod proxy;
mod resolver;
mod socket;
mod socks;
mod stream;
mod tcp;
mod tls;
mod upgrade;
mod web_version;

pub use connection::{Connection, WsReader, WsWriter, connect};
pub use endpoint::{Endpoint, Limits};
pub use error::{NetError, Step};
pub use http_client::{HttpAnswer, HttpMethod, HttpRequest};
pub use proxy::Proxy;
pub(crate) use resolver::wait_for_lookups;
pub use web_version::{check_version_url, latest_version};

#[cfg(test)]
mod tests;
