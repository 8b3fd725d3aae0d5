//! A look into SQLite's write-ahead log, without SQLite.
//!
//! SQLite takes a damaged write-ahead log for one that a crash has cut off, and goes on without what is behind. While that log is
//! being copied into the database this is fatal, so it is looked at before (see <https://www.sqlite.org/fileformat2.html#walformat>).

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Returns whether SQLite would find a transaction in it.
pub(super) fn has_commit(wal: &[u8]) -> bool {
    frames(wal).is_some_and(|mut frames| frames.any(|frame| frame.is_commit))
}

/// The newest first page of the database that SQLite would find in it.
pub(super) fn first_page(wal: &[u8]) -> Option<&[u8]> {
    let (mut written, mut committed) = (None, None);
    for frame in frames(wal)? {
        if frame.page == 1 {
            written = Some(frame.content);
        }
        if frame.is_commit {
            committed = written;
        }
    }
    committed
}

/// A page in the log.
struct Frame<'a> {
    page: u32,
    /// It is the last one of a transaction.
    is_commit: bool,
    content: &'a [u8],
}

/// The pages that SQLite would find.
fn frames(wal: &[u8]) -> Option<impl Iterator<Item = Frame<'_>> + '_> {
    let header = wal.get(..HEADER)?;
    let (magic, page) = (word(header, 0)?, word(header, 8)? as usize);
    // The last bit says in which order of bytes checksums are made.
    let read = match magic {
        0x377f_0682 => u32::from_le_bytes,
        0x377f_0683 => u32::from_be_bytes,
        _ => return None,
    };
    let begun = sum((0, 0), header.get(..24)?, read);
    if begun != (word(header, 24)?, word(header, 28)?) || page == 0 {
        return None;
    }
    let mut state = begun;
    let frames = wal.get(HEADER..)?.chunks_exact(FRAME_HEADER + page);
    Some(frames.map_while(move |frame| {
        let (head, content) = frame.split_at_checked(FRAME_HEADER)?;
        state = sum(sum(state, head.get(..8)?, read), content, read);
        let is_valid = head.get(8..16) == header.get(16..24) && state == (word(head, 16)?, word(head, 20)?);
        is_valid.then_some(Frame { page: word(head, 0)?, is_commit: word(head, 4)? > 0, content })
    }))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

fn sum((mut one, mut two): (u32, u32), bytes: &[u8], read: fn([u8; 4]) -> u32) -> (u32, u32) {
    let (words, _) = bytes.as_chunks();
    let (pairs, _) = words.as_chunks::<2>();
    for [first, second] in pairs {
        one = one.wrapping_add(read(*first)).wrapping_add(two);
        two = two.wrapping_add(read(*second)).wrapping_add(one);
    }
    (one, two)
}
