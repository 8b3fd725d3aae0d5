//! A look into SQLite's write-ahead log, without SQLite.
//!
//! SQLite takes a damaged write-ahead log for one that a crash has cut off, and goes on without what is behind. While that log is
//! being copied into the database this is fatal, so it is looked at before (see <https://www.sqlite.org/fileformat2.html#walformat>).

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Whether SQLite would find a transaction in it.
pub(super) fn has_commit(wal: &[u8]) -> bool {
    commits(wal).is_some_and(|mut commits| commits.next().is_some())
}

/// The transactions that SQLite would find: where each ends.
fn commits(wal: &[u8]) -> Option<impl Iterator<Item = usize> + '_> {
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
    let frames = wal.get(HEADER..)?.chunks_exact(FRAME_HEADER + page).enumerate();
    let valid = frames.map_while(move |(index, frame)| {
        let (head, content) = frame.split_at_checked(FRAME_HEADER)?;
        state = sum(sum(state, head.get(..8)?, read), content, read);
        let is_valid = head.get(8..16) == header.get(16..24) && state == (word(head, 16)?, word(head, 20)?);
        is_valid.then_some((index, word(head, 4)? > 0))
    });
    Some(
        valid
            .filter(|(_, is_commit)| *is_commit)
            .map(move |(index, _)| HEADER + (index + 1) * (FRAME_HEADER + page)),
    )
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
