//! The time it takes to read what a message says, and to make one: `cargo bench --bench content`.
//!
//! Reading a short text is part of every message received, and all of that together may take 10 us: reading is to be a
//! fiftieth of it, 200 ns.

use std::hint::black_box;

use criterion::Criterion;
use wa::messaging::content::{Extras, Outgoing, Quote, device_sent, parse};
use wa::stanza::Jid;

const TEXT: &str = "See you at nine, at the usual place?";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let quote = Quote::of_text("3EB0A1B2C3D4E5F6A7B8C9", Jid::lid("100000011111111"), TEXT);
    let extras =
        Extras { quote: Some(quote), mentions: vec![Jid::lid("200000022222222")], ..Extras::default() };
    let chat = Jid::lid("300000033333333");
    let text = Outgoing::text(TEXT, &Extras::default()).expect("a text").with_secret(&[7; 32]);
    let answer = Outgoing::text(TEXT, &extras).expect("a text").with_secret(&[7; 32]);
    let copy = device_sent(&answer.message, &chat);

    let mut group = criterion.benchmark_group("read");
    for (name, bytes) in [("a short text", &text.message), ("an answer", &answer.message), ("a copy", &copy)]
    {
        group.bench_function(name, |bench| bench.iter(|| parse(black_box(bytes))));
    }
    group.finish();
    let mut group = criterion.benchmark_group("make");
    group.bench_function("a short text", |bench| {
        bench.iter(|| {
            Outgoing::text(black_box(TEXT), &Extras::default()).map(|text| text.with_secret(&[7; 32]))
        });
    });
    group.bench_function("a copy", |bench| bench.iter(|| device_sent(black_box(&answer.message), &chat)));
    group.bench_function("a raw answer", |bench| bench.iter(|| Outgoing::raw(black_box(&answer.message))));
    group.finish();
    criterion.final_summary();
}
