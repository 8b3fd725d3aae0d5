//! Finding a host and opening a TCP connection to it.

use super::addresses::is_public;
use super::resolver::Resolver;
use super::socket::Socket;
use super::{NetError, Step};
use crate::standard;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The time an address may keep silent before the next one is tried beside it (RFC 8305).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// The addresses that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Any.
    Anywhere,
    /// This machine only, wherever the name leads.
    Loopback,
    /// Public addresses only, wherever the name leads.
    Public,
}

impl Reach {
    fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Loopback => address.is_loopback(),
            Self::Public => is_public(address),
        }
    }
}

/// Connects to a host, given by name or address. The first of its addresses to answer is taken.
pub(super) async fn connect(
    host: &str,
    port: u16,
    reach: Reach,
    resolver: &'static Resolver,
) -> Result<Socket, NetError> {
    let mut addresses = find(host, port, reach, resolver).await?.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = NetError::Dns { host: host.to_owned() };
    loop {
        // One more: at first, after a failure, and when those before are slow.
        attempts.extend(addresses.next().map(open));
        let attempt = match timeout(NEXT_ADDRESS, attempts.next()).await {
            Ok(attempt) => attempt,
            Err(_) if addresses.len() > 0 => continue,
            Err(_) => attempts.next().await,
        };
        match attempt {
            Some(Ok(stream)) => return Ok(Socket::new(stream)),
            Some(Err(error)) => failure = NetError::from_io(Step::Tcp, &error),
            None => return Err(failure),
        }
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    socket(address)?.connect(address).await
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    // Not tokio's own: it could get the number of the host's standard output.
    let socket = standard::open(|| Ok(socket_with(family, SocketType::STREAM, flags, None)?))?;
    Ok(TcpSocket::from_std_stream(socket.into()))
}

async fn find(
    host: &str,
    port: u16,
    reach: Reach,
    resolver: &'static Resolver,
) -> Result<Vec<SocketAddr>, NetError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // An address needs no look-up, and so no thread for it.
    let found: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => {
            let mut found = resolver.look_up(bare).await?;
            found.iter_mut().for_each(|address| address.set_port(port));
            found
        }
    };
    let allowed: Vec<SocketAddr> = found.iter().copied().filter(|a| reach.allows(a.ip())).collect();
    match (found.is_empty(), allowed.is_empty()) {
        (true, _) => Err(NetError::Dns { host: host.to_owned() }),
        (false, true) if reach == Reach::Public => Err(NetError::ProxyPrivate),
        (false, true) => Err(NetError::InsecureUrl { host: host.to_owned() }),
        (false, false) => Ok(interleave(&allowed)),
    }
}

/// Families by turns, beginning with what the system put first: if one of them is broken, little time is lost.
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().copied().partition(|a| a.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::with_capacity(addresses.len());
    while mixed.len() < addresses.len() {
        mixed.extend(first.next());
        mixed.extend(second.next());
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &[&str]| text.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let mixed = interleave(&parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]));
        assert_eq!(mixed, parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        assert!(interleave(&[]).is_empty());
    }
}
