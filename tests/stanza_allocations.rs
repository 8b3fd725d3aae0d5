//! The number of allocations for a stanza does not depend on its size. A test program of its own, since it counts
//! what the whole program allocates.
#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wa::stanza::{Jid, Node, Stanza, build, encode};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed on to the system's allocator; the counter neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.get();
    let result = work();
    (COUNT.get() - before, result)
}

fn message(participants: u64) -> Node {
    let copy = |n: u64| {
        let device = Jid::lid((100_000_012_345_000 + n).to_string()).with_device(1 + n as u16 % 30);
        let enc = Node::new("enc").attr("v", "2").attr("type", "msg").bytes(vec![0xa5; 330]);
        Node::new("to").attr("jid", device).child(enc)
    };
    Node::new("message")
        .attr("id", "3EB0DEADBEEF00112233")
        .attr("to", "120363043211234567@g.us".parse::<Jid>().expect("a group address"))
        .child(Node::new("participants").children((0..participants).map(copy)))
}

#[test]
fn the_number_of_allocations_is_constant() {
    for participants in [6, 256, 1_000, 5_000] {
        let node = message(participants);
        let (encoding, plaintext) = counted(|| encode(&node).unwrap());
        assert_eq!(encoding, 1, "encoding for {participants}");
        let (decoding, stanza) = counted(|| Stanza::decode(plaintext).unwrap());
        assert!(decoding <= 6, "{decoding} to decode for {participants}");
        let (reading, bytes) = counted(|| {
            let list = stanza.root().child("participants").unwrap();
            list.children()
                .map(|to| to.jid("jid").unwrap().user.len() + to.child("enc").unwrap().bytes().unwrap().len())
                .sum()
        });
        assert_eq!((reading, bytes), (0, participants as usize * 345));
    }
}

#[test]
fn a_small_stanza_takes_three() {
    let plaintext = encode(&build::ping("26085.41873-7")).unwrap();
    let (decoding, stanza) = counted(|| Stanza::decode(plaintext).unwrap());
    assert!(decoding <= 3, "{decoding}");
    let (reading, same) = counted(|| {
        stanza.root().is("type", "get") && stanza.root().str("id").as_deref() == Some("26085.41873-7")
    });
    assert_eq!((reading, same), (0, true));
}
