//! SOCKS5 (RFC 1928) with or without user and password (RFC 1929).

use super::proxy::Credentials;
use super::socket::Socket;
use super::{NetError, Step};
use std::net::IpAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

const VERSION: u8 = 5;
const NO_CREDENTIALS: u8 = 0;
const USER_PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

fn refused(what: &str) -> NetError {
    NetError::ProxyRefused { what: what.to_owned(), for_good: true }
}

async fn send(stream: &mut Socket, bytes: &[u8]) -> Result<(), NetError> {
    stream.write_all(bytes).await.map_err(|error| NetError::from_io(Step::Proxy, &error))
}

async fn receive<const N: usize>(stream: &mut Socket) -> Result<[u8; N], NetError> {
    let mut bytes = [0; N];
    match stream.read_exact(&mut bytes).await {
        Ok(_) => Ok(bytes),
        Err(error) => Err(NetError::from_io(Step::Proxy, &error)),
    }
}

/// Asks for a connection to a host. Names are sent as they are.
pub(super) async fn connect(
    stream: &mut Socket,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
) -> Result<(), NetError> {
    match credentials {
        None => send(stream, &[VERSION, 1, NO_CREDENTIALS]).await?,
        Some(_) => send(stream, &[VERSION, 2, NO_CREDENTIALS, USER_PASSWORD]).await?,
    }
    match (receive(stream).await?, credentials) {
        ([VERSION, NO_CREDENTIALS], _) => {}
        ([VERSION, USER_PASSWORD], Some(credentials)) => log_in(stream, credentials).await?,
        ([VERSION, _], _) => return Err(NetError::ProxyAuth),
        _ => return Err(refused("it is no SOCKS5 proxy")),
    }
    send(stream, &request(host, port)?).await?;
    let [version, reply, _, kind] = receive(stream).await?;
    if version != VERSION {
        return Err(refused("it is no SOCKS5 proxy"));
    }
    if reply != 0 {
        // The rules, and what it does at all, stay as they are; networks and hosts come back.
        let for_good = matches!(reply, 2 | 7 | 8);
        return Err(NetError::ProxyRefused { what: reason(reply).to_owned(), for_good });
    }
    // The address it uses, which is of no interest, and must be read away.
    match kind {
        IPV4 => drop(receive::<6>(stream).await?),
        IPV6 => drop(receive::<18>(stream).await?),
        NAME => {
            let [length] = receive(stream).await?;
            for _ in 0..u16::from(length) + 2 {
                receive::<1>(stream).await?;
            }
        }
        _ => return Err(refused("its answer is malformed")),
    }
    Ok(())
}

async fn log_in(stream: &mut Socket, credentials: &Credentials) -> Result<(), NetError> {
    let mut message = Zeroizing::new(vec![1]);
    for part in [&credentials.user, &credentials.password] {
        // Their length was checked when the URL was read.
        message.push(u8::try_from(part.len()).map_err(|_| NetError::ProxyAuth)?);
        message.extend_from_slice(part);
    }
    send(stream, &message).await?;
    match receive(stream).await? {
        [_, 0] => Ok(()),
        [_, _] => Err(NetError::ProxyAuth),
    }
}

fn request(host: &str, port: u16) -> Result<Vec<u8>, NetError> {
    let mut request = vec![VERSION, CONNECT, 0];
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| NetError::Url("its host name is too long"))?;
            request.extend_from_slice(&[NAME, length]);
            request.extend_from_slice(host.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

fn reason(reply: u8) -> &'static str {
    match reply {
        1 => "it has a fault",
        2 => "its rules forbid it",
        3 => "the network is unreachable from it",
        4 => "the host is unreachable from it, or has no address",
        5 => "the server refused the connection",
        6 => "the way is too long",
        7 => "it does not do connections",
        8 => "it does not know this kind of address",
        _ => "it gives an unknown reason",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        assert_eq!(request("web.x", 443).unwrap(), [5, 1, 0, 3, 5, b'w', b'e', b'b', b'.', b'x', 1, 187]);
        assert_eq!(request("127.0.0.1", 80).unwrap(), [5, 1, 0, 1, 127, 0, 0, 1, 0, 80]);
        let v6 = request("[::1]", 80).unwrap();
        assert_eq!((v6[3], v6.len()), (4, 22));
        assert!(request(&"x".repeat(256), 80).is_err());
    }
}
