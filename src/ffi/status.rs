//! Names and texts of status codes. `reference` lists them.

use super::constants::wa_status;
use super::guard;
use crate::api::{STATUSES, Status, StatusInfo};
use once_cell::race::OnceBox;
use std::collections::HashMap;
use std::ffi::{CString, c_char};

/// Names and texts with the NUL that C wants. Two threads may make them at once; nobody waits for another, who might not be there in a
/// forked child.
static TEXTS: OnceBox<HashMap<&'static str, CString>> = OnceBox::new();

/// Gives the name of a status code, such as "WA_ERROR_INVALID_HANDLE".
///
/// @param status any number.
/// @return a static text, or NULL when the library has no such code.
#[unsafe(no_mangle)]
pub extern "C" fn wa_status_name(status: wa_status) -> *const c_char {
    guard::reading(|| {
        let info = find(status)?;
        lent(info.name)
    })
}

/// Gives a sentence about a status code: what happened, and what to do. An
/// error object usually knows more: wa_error_text.
///
/// @param status any number.
/// @return a static text, or NULL when the library has no such code.
#[unsafe(no_mangle)]
pub extern "C" fn wa_status_text(status: wa_status) -> *const c_char {
    guard::reading(|| {
        let info = find(status)?;
        lent(info.text)
    })
}

/// One of the texts of the table.
fn lent(text: &'static str) -> Option<*const c_char> {
    let texts = TEXTS.get_or_init(|| {
        let all = STATUSES.iter().flat_map(|info| [info.name, info.text]);
        Box::new(all.filter_map(|text| Some((text, CString::new(text).ok()?))).collect())
    });
    texts.get(text).map(|text| text.as_ptr())
}

fn find(status: wa_status) -> Option<&'static StatusInfo> {
    Status::from_code(status).map(Status::info)
}
