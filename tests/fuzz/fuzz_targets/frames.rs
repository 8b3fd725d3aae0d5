//! The byte stream, cut at will: the same frames come out however it is split, and they are what was in the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wa::noise::{FrameError, FrameReader, PrologueReader, write_frame};

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (established, size, stream) = input;
    let (whole, end) = read(stream.chunks(usize::MAX), established);
    let (pieces, same_end) = read(stream.chunks(usize::from(size) + 1), established);
    assert_eq!(whole, pieces);
    assert_eq!(end, same_end);

    let mut written = Vec::new();
    for frame in &whole {
        write_frame(&mut written, frame).expect("it was a frame before");
    }
    assert!(stream.starts_with(&written));

    let mut intro = PrologueReader::new();
    for piece in stream.chunks(usize::from(size) + 1) {
        if let Ok(None) = intro.push(piece) {
            continue;
        }
        break;
    }
});

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, established: bool) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut reader = FrameReader::new();
    if established {
        reader.established();
    }
    let mut frames = Vec::new();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
