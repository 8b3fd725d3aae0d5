//! The cost of a connection in CPU: the client's half of a handshake, a signature, a frame.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wa::crypto::{KeyPair, OsRandom, verify};
use wa::noise::{
    ClientHandshake, HEADER, IkPolicy, RootKey, ServerHandshake, ServerStep, Transport, issue_chain,
};

const NOW: i64 = 1_500_000;

struct Ends {
    root: RootKey,
    server: KeyPair,
    chain: Vec<u8>,
    client: Arc<KeyPair>,
}

impl Ends {
    fn new() -> Self {
        let root = KeyPair::generate(&mut OsRandom);
        let server = KeyPair::generate(&mut OsRandom);
        let chain = issue_chain(&root, 0, &server.public(), 1_000_000..=2_000_000, &mut OsRandom);
        let root = RootKey { key: root.public(), serial: 0 };
        Self { root, server, chain, client: Arc::new(KeyPair::generate(&mut OsRandom)) }
    }

    fn start(&self) -> (ClientHandshake, Vec<u8>) {
        ClientHandshake::new(self.client.clone(), &mut OsRandom)
    }

    fn accept(&self, hello: &[u8]) -> (Vec<u8>, ServerHandshake) {
        let step =
            ServerHandshake::accept(&self.server, &self.chain, hello, HEADER, IkPolicy::Try, &mut OsRandom);
        match step.expect("a good hello") {
            (answer, ServerStep::Finish(server)) => (answer, server),
            (_, ServerStep::Done(_)) => unreachable!("XX has a third message"),
        }
    }

    fn finish(&self, client: ClientHandshake, answer: &[u8]) -> (Vec<u8>, Transport) {
        let done = client.handle_server_hello(answer, &self.root, NOW, 0, &[7; 160]).expect("a good answer");
        (done.finish.expect("XX has a third message"), done.transport)
    }

    fn connected(&self) -> (Transport, Transport) {
        let (client, hello) = self.start();
        let (answer, server) = self.accept(&hello);
        let (finish, client) = self.finish(client, &answer);
        (client, server.finish(&finish).expect("a good end").transport)
    }
}

fn handshake(c: &mut Criterion) {
    let ends = Ends::new();
    c.bench_function("handshake/client hello", |b| b.iter(|| ends.start()));
    c.bench_function("handshake/client finish, certificates checked", |b| {
        b.iter_batched(
            || {
                let (client, hello) = ends.start();
                (client, ends.accept(&hello).0)
            },
            |(client, answer)| ends.finish(client, &answer),
            BatchSize::SmallInput,
        );
    });
}

fn xeddsa(c: &mut Criterion) {
    let pair = KeyPair::generate(&mut OsRandom);
    let message = [5; 33];
    let signature = pair.sign(&[&message], &mut OsRandom);
    let public = pair.public();
    c.bench_function("xeddsa/sign", |b| b.iter(|| pair.sign(&[black_box(&message)], &mut OsRandom)));
    c.bench_function("xeddsa/first sign of a key", |b| {
        b.iter_batched(
            || KeyPair::generate(&mut OsRandom),
            |pair| pair.sign(&[black_box(&message)], &mut OsRandom),
            BatchSize::SmallInput,
        );
    });
    c.bench_function("xeddsa/verify", |b| b.iter(|| verify(&public, &[black_box(&message)], &signature)));
    c.bench_function("x25519/generate", |b| b.iter(|| KeyPair::generate(&mut OsRandom)));
    c.bench_function("x25519/agree", |b| b.iter(|| pair.agree(black_box(&public))));
}

fn transport(c: &mut Criterion) {
    let mut group = c.benchmark_group("transport");
    for size in [64, 1024, 64 * 1024] {
        let plain = vec![9; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("seal {size}"), |b| {
            let (mut client, _) = Ends::new().connected();
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                client.seal_into(black_box(&plain), &mut out)
            });
        });
        group.bench_function(format!("seal and open {size}"), |b| {
            let (mut client, mut server) = Ends::new().connected();
            b.iter(|| {
                let sealed = client.seal(black_box(&plain)).expect("nonces are left");
                server.open(sealed).expect("the next frame")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, handshake, xeddsa, transport);
criterion_main!(benches);
