//! The pages of `include/`, made from the tables in `src/api`.

use crate::GeneratedFile;
use wa::api::pages;
use wa::client::outcomes;

pub(crate) fn files() -> impl Iterator<Item = GeneratedFile> {
    pages(&outcomes()).into_iter().map(|(name, page)| GeneratedFile::new(format!("include/{name}"), page))
}
