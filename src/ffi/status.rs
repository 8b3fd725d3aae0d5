//! Names and texts of status codes. `reference` lists them.

use super::constants::wa_status;
use super::convert::Lent;
use super::guard;
use crate::api::{Status, StatusInfo};
use once_cell::sync::Lazy;
use std::ffi::c_char;

static TEXTS: Lazy<Lent> = Lazy::new(Lent::default);

/// Gives the name of a status code, such as "WA_ERROR_INVALID_HANDLE".
///
/// @param status any number.
/// @return a static text, or NULL when the library has no such code.
///
/// Threads: any. @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn wa_status_name(status: wa_status) -> *const c_char {
    guard::reading(|| {
        let info = find(status)?;
        Some(TEXTS.text(info.name, || info.name.to_owned()).0)
    })
}

/// Gives a sentence about a status code: what happened, and what to do. An
/// error object usually knows more: wa_error_text.
///
/// @param status any number.
/// @return a static text, or NULL when the library has no such code.
///
/// Threads: any. @since 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn wa_status_text(status: wa_status) -> *const c_char {
    guard::reading(|| {
        let info = find(status)?;
        Some(TEXTS.text(info.text, || info.text.to_owned()).0)
    })
}

fn find(status: wa_status) -> Option<&'static StatusInfo> {
    Status::from_code(status).map(Status::info)
}
