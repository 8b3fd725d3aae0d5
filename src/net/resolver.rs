//! Looking names up, on threads of their own.
//!
//! The system's look-up blocks for as long as its servers keep silent, which is half a minute. So each name is looked up by a thread of
//! its own, however many ask for it, and nothing else waits for such a thread.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::Lazy;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{NetError, Step};
use crate::standard::Taken;
use crate::threads::{self, Pool};

/// The number of names that are looked up at once. More wait, within the time that a connection has.
const NAMES_AT_ONCE: usize = 32;

static LOOKUPS: Pool = Pool::new("lookup", NAMES_AT_ONCE);

/// The system's way of finding addresses.
pub(super) static SYSTEM: Lazy<Resolver> = Lazy::new(|| {
    Resolver::new(&LOOKUPS, |host| {
        // It opens files and sockets.
        let _taken = Taken::new();
        Ok((host, 0).to_socket_addrs()?.collect())
    })
});

type Found = Result<Vec<SocketAddr>, NetError>;
type Find = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Looks names up.
pub(super) struct Resolver {
    pool: &'static Pool,
    find: Box<Find>,
    /// The names that are being looked up, and those that wait for each. Held for moments only.
    going: Mutex<HashMap<Arc<str>, Vec<oneshot::Sender<Found>>>>,
}

impl Resolver {
    pub(super) fn new(
        pool: &'static Pool,
        find: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Resolver { pool, find: Box::new(find), going: Mutex::default() }
    }

    /// The addresses of a name, with port 0.
    pub(super) async fn look_up(&'static self, host: &str) -> Found {
        let (answer, answered) = oneshot::channel();
        let begin = {
            let mut going = self.going.lock();
            match going.get_mut(host) {
                Some(waiting) => {
                    waiting.retain(|other| !other.is_closed());
                    waiting.push(answer);
                    None
                }
                None => {
                    let host: Arc<str> = host.into();
                    going.insert(Arc::clone(&host), vec![answer]);
                    Some(host)
                }
            }
        };
        if let Some(host) = begin {
            let job = {
                let host = Arc::clone(&host);
                Box::new(move || self.answer(&host, self.find(&host)))
            };
            if let Err((_, error)) = self.pool.submit(job) {
                self.answer(&host, Err(NetError::NoThread { what: threads::refused(&error) }));
            }
        }
        // Every name that is being looked up is answered.
        answered.await.unwrap_or_else(|_| Err(NetError::Dns { host: host.to_owned() }))
    }

    fn find(&self, host: &str) -> Found {
        let found = catch_unwind(AssertUnwindSafe(|| (self.find)(host)));
        match found {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => match NetError::from_io(Step::Tcp, &error) {
                NetError::TooManyFiles => Err(NetError::TooManyFiles),
                _ => Err(NetError::Dns { host: host.to_owned() }),
            },
            Err(_) => Err(NetError::Dns { host: host.to_owned() }),
        }
    }

    fn answer(&self, host: &str, found: Found) {
        let waiting = self.going.lock().remove(host).unwrap_or_default();
        for answer in waiting {
            // Some have given up.
            let _ = answer.send(found.clone());
        }
    }
}

/// Waits until nothing is being looked up, at most for `limit`. Returns whether that is so. Blocks: not for async threads.
pub(crate) fn wait_for_lookups(limit: Duration) -> bool {
    LOOKUPS.wait_idle(limit)
}
