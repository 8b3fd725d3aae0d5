//! AES-256 in CBC mode with PKCS#7 padding. No authentication: whoever decrypts has checked a code or a signature first.

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

/// Length of a block, and of the initialisation vector.
pub const BLOCK: usize = 16;

/// Returns the length of the ciphertext of `plain_length` bytes: padding is never absent.
#[must_use]
pub const fn sealed_length(plain_length: usize) -> usize {
    (plain_length / BLOCK + 1) * BLOCK
}

/// Encrypts `plain` and appends the result to `out`.
pub fn encrypt_onto(key: &[u8; 32], iv: &[u8; BLOCK], plain: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(plain);
    out.resize(start + sealed_length(plain.len()), 0);
    let tail = out.get_mut(start..).unwrap_or_default();
    cbc::Encryptor::<Aes256>::new(key.into(), iv.into())
        .encrypt_padded::<Pkcs7>(tail, plain.len())
        .expect("the buffer was made long enough for the padding");
}

/// Decrypts; `None` if the length is impossible or the padding is not exactly PKCS#7.
#[must_use]
pub fn decrypt(key: &[u8; 32], iv: &[u8; BLOCK], sealed: &[u8]) -> Option<Vec<u8>> {
    if sealed.is_empty() || !sealed.len().is_multiple_of(BLOCK) {
        return None;
    }
    let mut out = sealed.to_vec();
    let length =
        cbc::Decryptor::<Aes256>::new(key.into(), iv.into()).decrypt_padded::<Pkcs7>(&mut out).ok()?.len();
    out.truncate(length);
    Some(out)
}

/// Decrypts blocks in turn, for content that comes in pieces. Padding is the caller's business.
pub struct BlockDecryptor(cbc::Decryptor<Aes256>);

impl BlockDecryptor {
    /// Begins with the first block.
    #[must_use]
    pub fn new(key: &[u8; 32], iv: &[u8; BLOCK]) -> Self {
        Self(cbc::Decryptor::new(key.into(), iv.into()))
    }

    /// Decrypts whole blocks in place. Bytes behind the last whole block are left as they are.
    pub fn decrypt(&mut self, blocks: &mut [u8]) {
        let (blocks, _) = aes::cipher::Array::slice_as_chunks_mut(blocks);
        self.0.decrypt_blocks(blocks);
    }
}
