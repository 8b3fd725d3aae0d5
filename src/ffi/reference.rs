//! The tables of the library at run time.

use super::{convert, guard};
use crate::{api, client};
use once_cell::race::OnceBox;
use std::ffi::{CString, c_char};

/// Two threads may make it at once; nobody waits for another, who might not be there in a forked child.
static TEXT: OnceBox<CString> = OnceBox::new();

/// Gives all tables of the library as one JSON object: `version`, `statuses`,
/// `keys` (configuration), `common_fields`, `events`, `contents` (of messages),
/// `content_fields`, `outcomes` (of pairing) and `methods`. It is what the pages
/// CONFIGURATION.md, EVENTS.md and METHODS.md are made from, for the version
/// that runs.
///
/// @param length where the length without the final NUL is put; may be NULL.
/// @return a static text; NULL in a forked child only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_reference_json(length: *mut usize) -> *const c_char {
    guard::reading(|| {
        let text = TEXT.get_or_init(|| {
            let text = api::reference_json(&client::outcomes(), &client::method_table());
            // JSON has no NUL inside.
            Box::new(CString::new(text).unwrap_or_default())
        });
        // SAFETY: `length` is NULL or writable.
        unsafe { convert::put(length, text.as_bytes().len()) };
        Some(text.as_ptr())
    })
}
