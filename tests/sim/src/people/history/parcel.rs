//! A part packed, encrypted and put up.

use std::io::{self, Write};

use flate2::{Compression, write::ZlibEncoder};
use wa::{
    crypto::{Random, Secret, random_array, sha256},
    media::{FileKind, encrypt},
};

use super::{
    flaw::{self, Flaw},
    part::{self, Part, Style},
    past::Past,
};
use crate::{
    media::{Lock, Upload},
    world::{World, unix_seconds},
};

/// The size of a bomb if none is given.
const BOMB: u64 = 1 << 30;
/// The length of a huge text if none is given.
const HUGE: u64 = 32 << 20;
/// The length of the code at the end of a file.
const CODE: usize = 10;

/// The flaws of a part, with the size of those that have one.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaws {
    pub(super) all: Vec<Flaw>,
    pub(super) size: Option<u64>,
}

impl Flaws {
    fn has(&self, flaw: Flaw) -> bool {
        self.all.contains(&flaw)
    }

    fn style(&self) -> Style {
        let length = self.size.unwrap_or(HUGE);
        Style {
            unknown: self.has(Flaw::Unknown),
            disordered: self.has(Flaw::Disordered),
            huge: self.has(Flaw::Huge).then(|| usize::try_from(length).unwrap_or(usize::MAX)),
        }
    }
}

/// A part in its compressed form.
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    /// Its length before.
    pub(super) inflated: u64,
}

/// Writes a part into a zlib stream; only that is kept.
pub(super) fn pack(past: &Past, part: Part, flaws: &Flaws, random: &mut dyn Random) -> io::Result<Packed> {
    if flaws.has(Flaw::Garbage) {
        let bytes = (0..64).flat_map(|_| random_array::<64>(random)).collect();
        return Ok(Packed { bytes, inflated: 0 });
    }
    if flaws.has(Flaw::Bomb) {
        let size = flaws.size.unwrap_or(BOMB);
        return Ok(Packed { bytes: flaw::bomb(part.kind as u64, size), inflated: size });
    }
    let mut counted = Counted { inner: ZlibEncoder::new(Vec::new(), Compression::fast()), count: 0 };
    part::write(past, part, flaws.style(), &mut counted)?;
    let mut bytes = counted.inner.finish()?;
    if flaws.has(Flaw::Truncated) {
        bytes.truncate(bytes.len() * 3 / 4);
    }
    Ok(Packed { bytes, inflated: counted.count })
}

struct Counted<W> {
    inner: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The members of a notice that name a file.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) path: String,
    pub(super) media_key: Option<[u8; 32]>,
    pub(super) hash: [u8; 32],
    pub(super) enc_hash: [u8; 32],
    pub(super) length: u64,
    pub(super) enc_handle: Option<String>,
}

/// Encrypts a part and puts the file up, as the phone of that number.
pub(super) fn put_up(world: &World, number: &str, past: &Past, packed: &Packed, flaws: &Flaws) -> Parcel {
    let mut random = world.random();
    let media_key: [u8; 32] = random_array(&mut random);
    let mut file = encrypt(&Secret::new(media_key), FileKind::History, &packed.bytes).bytes;
    if flaws.has(Flaw::WrongMac) {
        let code = file.len().saturating_sub(CODE);
        if let Some(byte) = file.get_mut(code) {
            *byte ^= 1;
        }
    }
    let flipped = |hash: [u8; 32], flaw| if flaws.has(flaw) { hash.map(|byte| !byte) } else { hash };
    let lock = past.nonce.as_ref().map(|nonce| Lock { handle: handle(&mut random), secret: nonce.clone() });
    let enc_handle = lock.as_ref().map(|lock| lock.handle.clone());
    let parcel = Parcel {
        path: String::new(),
        media_key: (!flaws.has(Flaw::NoKey)).then_some(media_key),
        hash: flipped(sha256(&[&packed.bytes]), Flaw::WrongHash),
        enc_hash: flipped(sha256(&[&file]), Flaw::WrongEncHash),
        length: packed.bytes.len() as u64 + u64::from(flaws.has(Flaw::WrongLength)),
        enc_handle,
    };
    let upload = Upload {
        number: number.to_owned(),
        mms_type: FileKind::History.mms_type().to_owned(),
        bytes: file,
        lock,
        has_run_out: flaws.has(Flaw::Expired),
    };
    let path = world.media.files.put(upload, unix_seconds());
    let path = if flaws.has(Flaw::UnknownPath) { path.replacen("_n.enc", "_gone_n.enc", 1) } else { path };
    Parcel { path, ..parcel }
}

/// A handle as the media servers give it to who puts a file up.
fn handle(random: &mut dyn Random) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(random_array::<32>(random))
}
