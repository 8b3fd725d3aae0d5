//! The tables of the library at run time.

use super::convert::{self, Lent};
use super::guard;
use crate::{api, client};
use once_cell::sync::Lazy;
use std::ffi::c_char;

static TEXT: Lazy<Lent> = Lazy::new(Lent::default);

/// Gives all tables of the library as one JSON object: `version`, `statuses`,
/// `keys` (configuration), `common_fields`, `events`, `outcomes` (of pairing)
/// and `methods`. It is what the pages CONFIGURATION.md, EVENTS.md and
/// METHODS.md are made from, for the version that runs.
///
/// @param length where the length without the final NUL is put; may be NULL.
/// @return a static text; NULL in a forked child only.
///
/// Threads: any. @since 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_reference_json(length: *mut usize) -> *const c_char {
    guard::reading(|| {
        let (start, count) = TEXT.text("reference", || api::reference_json(&client::outcomes()));
        // SAFETY: `length` is NULL or writable.
        unsafe { convert::put(length, count) };
        Some(start)
    })
}
