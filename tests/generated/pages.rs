//! The pages of `include/`, made from the tables in `src/api`.

use crate::check;
use wa::api::pages;
use wa::client::outcomes;

#[test]
fn the_pages_of_the_tables() {
    for (name, page) in pages(&outcomes()) {
        check(&format!("include/{name}"), &page);
    }
}
