//! Fetches a file and checks it. The ciphertext is kept aside: a short one in memory, a long one in a file without a name.

use std::io::Write;
use std::path::PathBuf;

use tempfile::SpooledTempFile;

use super::RemoteFile;
use crate::client::runtime::compute;
use crate::media::{MediaError, Verifier};
use crate::net::{Endpoint, NetError};

/// The length up to which a file is kept in memory.
const IN_MEMORY: usize = 256 << 10;
/// The number of bytes that are written at once.
const PIECE: usize = 64 << 10;
/// The longest file.
const LONGEST: u64 = 512 << 20;

/// The reason why a file was not fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The servers do not have it, or not any more.
    #[error("the media server does not have the file (status {0})")]
    Gone(u16),
    /// The word that the media servers want is another one by now.
    #[error("the media server wants a new authorisation (status {0})")]
    Unauthorised(u16),
    /// It is another file than the message names.
    #[error(transparent)]
    Damaged(#[from] MediaError),
    /// It is longer than any such file.
    #[error("the file is longer than {LONGEST} bytes")]
    TooLong,
    /// A server cannot serve it now.
    #[error("the media server answered with status {0}")]
    Status(u16),
    /// No server was reached.
    #[error(transparent)]
    Net(#[from] NetError),
    /// It could not be kept aside.
    #[error("the file could not be kept aside: {0}")]
    Io(#[from] std::io::Error),
}

impl FetchError {
    /// Returns whether the file itself is at fault: the next attempt would end as this one did.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::Damaged(_) | Self::TooLong)
    }
}

/// Fetches a file from the first host that has it, checks it, and keeps it aside in that directory.
///
/// # Errors
/// The last host's, or the first that all hosts would give.
pub(crate) async fn download(
    via: Endpoint,
    hosts: Vec<String>,
    file: RemoteFile,
    directory: PathBuf,
) -> Result<SpooledTempFile, FetchError> {
    let mut last = FetchError::Gone(0);
    for host in hosts {
        match from_host(&via, &host, &file, &directory).await {
            Ok(fetched) => return Ok(fetched),
            Err(error @ (FetchError::Net(_) | FetchError::Status(_) | FetchError::Damaged(_))) => {
                last = error
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

async fn from_host(
    via: &Endpoint,
    host: &str,
    file: &RemoteFile,
    directory: &std::path::Path,
) -> Result<SpooledTempFile, FetchError> {
    let mut answer = file.get(via, host).await?;
    match answer.status {
        200 => {}
        status @ 401 => return Err(FetchError::Unauthorised(status)),
        // These say that it may be had later.
        status @ (408 | 425 | 429) => return Err(FetchError::Status(status)),
        status @ 400..500 => return Err(FetchError::Gone(status)),
        status => return Err(FetchError::Status(status)),
    }
    let mut kept = Kept::new(file, directory);
    let mut piece = Vec::with_capacity(PIECE);
    while let Some(bytes) = answer.next().await? {
        piece.extend_from_slice(&bytes);
        if piece.len() >= PIECE {
            kept = kept.append(std::mem::replace(&mut piece, Vec::with_capacity(PIECE))).await?;
        }
    }
    kept.append(piece).await?.checked(file)
}

/// The part of a file that has come.
struct Kept {
    spool: SpooledTempFile,
    verifier: Verifier,
    length: u64,
}

impl Kept {
    fn new(file: &RemoteFile, directory: &std::path::Path) -> Self {
        let spool = tempfile::spooled_tempfile_in(IN_MEMORY, directory);
        Self { spool, verifier: Verifier::new(&file.keys()), length: 0 }
    }

    /// Adds a piece, on a thread that may wait for a disk.
    async fn append(mut self, piece: Vec<u8>) -> Result<Self, FetchError> {
        self.length = self.length.saturating_add(piece.len() as u64);
        if self.length > LONGEST {
            return Err(FetchError::TooLong);
        }
        compute(move || {
            self.verifier.update(&piece);
            self.spool.write_all(&piece)?;
            Ok(self)
        })
        .await
    }

    /// Returns the file, if it is the right one.
    fn checked(self, file: &RemoteFile) -> Result<SpooledTempFile, FetchError> {
        self.verifier.finish(file.hashes.encrypted.as_ref())?;
        Ok(self.spool)
    }
}
