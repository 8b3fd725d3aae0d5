//! The time of the stanza codec: `cargo bench --bench stanza`.
//!
//! The marks, on the two-core machine that they were set for: a message for 256 participants (92 KB) at most 15 us each
//! way, a small iq at most 80 ns each way.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use wa::stanza::{Jid, Node, Stanza, build, encode};

/// A group message as it is sent: one encrypted copy for each device.
fn group_message(participants: u64) -> Node {
    let copy = |n: u64| {
        let device = Jid::lid((100_000_012_345_000 + n).to_string()).with_device(1 + n as u16 % 30);
        let enc = Node::new("enc").attr("v", "2").attr("type", "msg").bytes(vec![0xa5; 330]);
        Node::new("to").attr("jid", device).child(enc)
    };
    Node::new("message")
        .attr("id", "3EB0DEADBEEF00112233")
        .attr("to", "120363043211234567@g.us".parse::<Jid>().expect("an address"))
        .attr("type", "text")
        .child(Node::new("participants").children((0..participants).map(copy)))
}

fn both_ways(criterion: &mut Criterion, name: &str, node: &Node) {
    let plaintext = encode(node).expect("encodes");
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(plaintext.len() as u64));
    group.bench_function("encode", |bench| bench.iter(|| encode(black_box(node))));
    // The copy of the input that each run consumes, and the release of the result, are counted.
    group.bench_function("decode", |bench| bench.iter(|| Stanza::decode(black_box(plaintext.as_slice()))));
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    both_ways(&mut criterion, "ping", &build::ping("26085.41873-7"));
    both_ways(&mut criterion, "message to 256", &group_message(256));
    let address = "100000012345678:5@lid";
    criterion.bench_function("address from text", |bench| bench.iter(|| black_box(address).parse::<Jid>()));
    criterion.final_summary();
}
