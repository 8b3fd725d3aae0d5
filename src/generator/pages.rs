//! The pages of `include/`, made from the tables in `src/api`.

use crate::GeneratedFile;
use wa::api::pages;
use wa::client::{method_table, outcomes};

pub(crate) fn files() -> impl Iterator<Item = GeneratedFile> {
    pages(&outcomes(), &method_table())
        .into_iter()
        .map(|(name, page)| GeneratedFile::new(format!("include/{name}"), page))
}
