//! TLS: whom we trust, and what went wrong.
//!
//! There is no switch that skips a check. A private authority (a test server's, a company's) can be trusted besides the
//! built-in ones; the name and the dates are checked all the same.

use super::NetError;
use super::socket::Socket;
use once_cell::sync::Lazy;
use parking_lot::Mutex;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One configuration per set of extra certificates (by their hash) in the whole process: each holds a copy of all roots.
static CONFIGURATIONS: Lazy<Mutex<HashMap<[u8; 32], Weak<ClientConfig>>>> = Lazy::new(Mutex::default);

/// The configuration that trusts the built-in authorities and those in `extra_pem`.
pub(super) fn configuration(extra_pem: &[u8]) -> Result<Arc<ClientConfig>, NetError> {
    let id = crate::crypto::sha256(&[extra_pem]);
    let mut known = CONFIGURATIONS.lock();
    if let Some(configuration) = known.get(&id).and_then(Weak::upgrade) {
        return Ok(configuration);
    }
    known.retain(|_, configuration| configuration.strong_count() > 0);
    let configuration = Arc::new(build(extra_pem)?);
    known.insert(id, Arc::downgrade(&configuration));
    Ok(configuration)
}

fn build(extra_pem: &[u8]) -> Result<ClientConfig, NetError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if !extra_pem.is_empty() {
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(extra_pem) {
            let certificate = certificate.map_err(|_| NetError::CaFile("it is no PEM"))?;
            roots.add(certificate).map_err(|_| NetError::CaFile("a certificate in it is malformed"))?;
            count += 1;
        }
        if count == 0 {
            return Err(NetError::CaFile("it holds no certificate"));
        }
    }
    let mut configuration = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| self::error(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A ticket taken by one session and used by another would tell the server that the two belong together.
    configuration.resumption = Resumption::disabled();
    Ok(configuration)
}

/// The handshake.
pub(super) async fn handshake(
    configuration: Arc<ClientConfig>,
    host: &str,
    stream: Socket,
) -> Result<TlsStream<Socket>, NetError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned()).map_err(|_| NetError::Url("no valid host name"))?;
    let stream = TlsConnector::from(configuration).connect(name, stream).await;
    stream.map_err(|error| NetError::from_io(super::Step::Tls, &error))
}

/// TLS's own errors in our words.
pub(super) fn error(error: &rustls::Error) -> NetError {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return NetError::Tls { what: error.to_string() };
    };
    let what = match reason {
        CertificateError::UnknownIssuer => "nobody we trust has signed it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        other => other.to_string(),
    };
    NetError::Certificate { what }
}
