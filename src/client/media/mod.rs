//! Encrypted files at the media servers: fetched, kept aside, unpacked, deleted. All of it beside the session's task.
//!
//! | file | subject |
//! |---|---|
//! | `remote_file` | a file at the media servers, and its addresses |
//! | `download` | fetches a file and checks it |
//! | `history_source` | the items of a history, some at a time |

mod download;
mod history_source;
mod remote_file;

pub(crate) use download::{FetchError, download};
pub(crate) use history_source::{HistoryFault, HistorySource, HistoryStep};
pub(crate) use remote_file::RemoteFile;
