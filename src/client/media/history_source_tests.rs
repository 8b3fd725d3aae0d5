//! Parts that are whole, cut, damaged, and larger than they look.

use std::io::Write;

use super::*;
use crate::crypto::Secret;
use crate::media::{FileKind, encrypt};

/// A member with a length.
fn member(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::bytes::encode(number, &content.to_vec(), &mut out);
    out
}

/// A history of so many people.
fn history(people: usize) -> Vec<u8> {
    let pair = |number: usize| {
        let (pn, lid) = (format!("1555{number:07}@s.whatsapp.net"), format!("9{number:09}@lid"));
        member(15, &[member(1, pn.as_bytes()), member(2, lid.as_bytes())].concat())
    };
    (0..people).flat_map(pair).collect()
}

fn packed(history: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(history).unwrap();
    packer.finish().unwrap()
}

/// Reads to the end. Returns the number of items and of steps.
fn read(source: Box<HistorySource>) -> (usize, usize, Result<(), HistoryFault>) {
    let (mut items, mut steps, mut next) = (0, 0, Some(source));
    while let Some(source) = next.take() {
        let step = source.step();
        items += step.items.len();
        steps += 1;
        match step.rest {
            Ok(rest) => next = rest,
            Err(fault) => return (items, steps, Err(fault)),
        }
    }
    (items, steps, Ok(()))
}

/// The source of a file with that content.
fn file(content: &[u8]) -> Box<HistorySource> {
    let media_key = Secret::new([3; 32]);
    let made = encrypt(&media_key, FileKind::History, content);
    let mut kept = tempfile::spooled_tempfile(1 << 20);
    kept.write_all(&made.bytes).unwrap();
    let remote = RemoteFile { kind: FileKind::History, path: String::new(), media_key, hashes: made.hashes };
    HistorySource::file(kept, &remote).unwrap()
}

fn inline(packed: &[u8]) -> Box<HistorySource> {
    HistorySource::inline(Zeroizing::new(packed.to_vec()))
}

#[test]
fn a_part_is_read_in_steps() {
    let packed = packed(&history(2000));
    for source in [inline(&packed), file(&packed)] {
        let (items, steps, end) = read(source);
        assert!(end.is_ok(), "{end:?}");
        assert_eq!(items, 2000);
        assert!((4..=8).contains(&steps), "{steps}");
    }
    assert!(matches!(read(inline(&self::packed(&[]))), (0, 1, Ok(()))));
}

#[test]
fn what_follows_the_stream_is_left_alone() {
    let packed = [packed(&history(3)), vec![7; 100_000]].concat();
    for source in [inline(&packed), file(&packed)] {
        assert!(matches!(read(source), (3, 1, Ok(()))));
    }
}

#[test]
fn a_part_that_is_cut_off_is_at_fault() {
    let packed = packed(&history(40));
    for cut in (0..packed.len()).step_by(7) {
        for source in [inline(&packed[..cut]), file(&packed[..cut])] {
            assert!(matches!(read(source).2, Err(HistoryFault::Compression)), "{cut}");
        }
    }
    let half = history(40);
    let half = self::packed(&half[..half.len() - 1]);
    assert!(matches!(read(inline(&half)), (39, 1, Err(HistoryFault::Malformed(_)))));
}

#[test]
fn nonsense_is_at_fault() {
    assert!(matches!(read(inline(b"no zlib")).2, Err(HistoryFault::Compression)));
    assert!(matches!(read(inline(&packed(&[0xff; 30]))).2, Err(HistoryFault::Malformed(_))));
    let mut source = file(&packed(&history(1)));
    let Packed::File(kept) = &mut source.packed else { unreachable!("it is a file") };
    kept.content = Some([0; 32]);
    assert!(matches!(read(source).2, Err(HistoryFault::Media(MediaError::ContentHash))));
}

#[test]
fn a_part_that_swells_is_read_in_steps_and_ends_at_the_limit() {
    let swollen = packed(&member(999, &vec![0; 32 << 20]));
    assert!(swollen.len() < 100_000);
    let (items, steps, end) = read(inline(&swollen));
    assert!(end.is_ok() && items == 0 && (8..=9).contains(&steps), "{steps} {end:?}");
    let mut source = inline(&swollen);
    source.left = 10 << 20;
    assert!(matches!(read(source).2, Err(HistoryFault::TooLong)));
}
