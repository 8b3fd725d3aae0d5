//! Names whose look-up takes long, or dies.

use super::super::resolver::Resolver;
use super::{LONG, echo, endpoint, exchange, failure, open, serve_tcp};
use crate::net::{NetError, connect};
use crate::threads::Pool;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// A resolver that knows this machine as `localhost`, and under every other name after it was let go.
struct Stuck {
    resolver: &'static Resolver,
    asked: Arc<AtomicUsize>,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Stuck {
    fn new(pool: &'static Pool) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let find = {
            let (asked, gate) = (Arc::clone(&asked), Arc::clone(&gate));
            move |host: &str| {
                if host != "localhost" {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let (open, opened) = &*gate;
                    opened.wait_while(&mut open.lock(), |open| !*open);
                }
                Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))])
            }
        };
        Stuck { resolver: Box::leak(Box::new(Resolver::new(pool, find))), asked, gate }
    }

    /// Waits until so many names are being looked up.
    async fn wait_for(&self, names: usize) {
        let asked = async {
            while self.asked.load(Ordering::SeqCst) < names {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LONG, asked).await.unwrap();
    }

    fn let_go(&self) {
        *self.gate.0.lock() = true;
        self.gate.1.notify_all();
    }
}

#[tokio::test]
async fn a_look_up_that_hangs_keeps_nobody_else_waiting() {
    static POOL: Pool = Pool::new("test-names", 32);
    let stuck = Stuck::new(&POOL);
    let mut attempts = Vec::new();
    for number in 0..24 {
        // Three sessions for each name.
        let mut endpoint = endpoint(&format!("wss://name{}.example:1/", number % 8));
        endpoint.resolver = stuck.resolver;
        attempts.push(tokio::spawn(async move { failure(connect(&endpoint).await) }));
    }
    stuck.wait_for(8).await;

    let (address, server) = serve_tcp(echo).await;
    let mut other = endpoint(&format!("ws://localhost:{}/", address.port()));
    other.resolver = stuck.resolver;
    let (mut writer, mut reader) = open(&other).await;
    exchange(&mut writer, &mut reader, 100).await;
    writer.close().await;
    server.await.unwrap();

    assert!(attempts.iter().all(|attempt| !attempt.is_finished()));
    stuck.let_go();
    for attempt in attempts {
        // The name was found; nobody listens there.
        assert!(matches!(attempt.await.unwrap(), NetError::Io { .. }));
    }
    assert_eq!(stuck.asked.load(Ordering::SeqCst), 8, "each name is looked up once");
    assert!(POOL.wait_idle(LONG));
}

#[tokio::test]
async fn names_beyond_the_bound_wait_for_their_turn() {
    static POOL: Pool = Pool::new("test-names", 2);
    let stuck = Stuck::new(&POOL);
    let attempts: Vec<_> = (0..6)
        .map(|number| {
            let mut endpoint = endpoint(&format!("wss://name{number}.example:1/"));
            endpoint.resolver = stuck.resolver;
            tokio::spawn(async move { failure(connect(&endpoint).await) })
        })
        .collect();
    stuck.wait_for(2).await;
    stuck.let_go();
    for attempt in attempts {
        assert!(matches!(attempt.await.unwrap(), NetError::Io { .. }));
    }
    assert_eq!(stuck.asked.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_look_up_that_panics_is_a_name_that_is_not_found() {
    static POOL: Pool = Pool::new("test-names", 2);
    let find = |_: &str| -> std::io::Result<Vec<SocketAddr>> { panic!("the look-up dies") };
    let mut endpoint = endpoint("wss://name.example:1/");
    endpoint.resolver = Box::leak(Box::new(Resolver::new(&POOL, find)));
    assert!(matches!(failure(connect(&endpoint).await), NetError::Dns { .. }));
}
