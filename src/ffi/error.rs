//! Error objects: why a call failed.

use super::constants::wa_status;
use super::convert::LentBuffers;
use super::{guard, handle};
use crate::api::{Error, Status};
use std::ffi::c_char;
use std::sync::Arc;

/// The reason why a call failed: code, name, text, what it concerns, whether
/// and when to try again.
///
/// Every function that takes a `wa_error **` sets it to NULL when there is
/// nothing to say, and to a new error object when it failed. The caller owns
/// that object and frees it with wa_error_free(). Pass NULL if you only need
/// the status code. An error object depends on nothing: it outlives the client,
/// the configuration and the call it is about.
///
/// Threads: any function from any thread; borrowed text needs that no other
/// thread frees the object meanwhile.
pub struct wa_error(());

pub(super) struct ErrorObject {
    error: Error,
    lent: LentBuffers,
}

impl ErrorObject {
    pub(super) fn new(error: Error) -> Self {
        ErrorObject { error, lent: LentBuffers::default() }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> Status {
        self.error.status
    }
}

fn read<T: guard::Nothing>(error: *const wa_error, pick: impl FnOnce(&ErrorObject) -> Option<T>) -> T {
    guard::reading(|| pick(handle::get::<ErrorObject>(error).ok().as_ref()?))
}

/// Gives the code of an error.
///
/// @param error an error object, or NULL.
/// @return the code, WA_OK for NULL, WA_ERROR_INVALID_HANDLE for what is no
/// error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_status(error: *const wa_error) -> wa_status {
    if error.is_null() {
        return Status::OK.code();
    }
    guard::reading(|| {
        let object: Result<Arc<ErrorObject>, Error> = handle::get(error);
        Some(object.map_or_else(|invalid| invalid.status, |object| object.error.status).code())
    })
}

/// Gives the name of an error's code, such as "WA_ERROR_BAD_VALUE".
///
/// @param error an error object, or NULL.
/// @return a static text; "WA_OK" for NULL, NULL for what is no error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_name(error: *const wa_error) -> *const c_char {
    if error.is_null() {
        return super::status::wa_status_name(Status::OK.code());
    }
    read(error, |object| Some(super::status::wa_status_name(object.error.status.code())))
}

/// Gives the text of an error: what happened, and what to do. It is meant for
/// programmers, in English, and holds no secret.
///
/// @param error an error object, or NULL.
/// @return text borrowed from the error, valid until wa_error_free(); NULL for
/// NULL and for what is no error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_text(error: *const wa_error) -> *const c_char {
    read(error, |object| Some(object.lent.text("text", || object.error.text.clone()).0))
}

/// Gives the name of the argument, configuration key or parameter that an error
/// is about.
///
/// @param error an error object, or NULL.
/// @return text borrowed from the error, valid until wa_error_free(); NULL when
/// it is about none, for NULL and for what is no error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_key(error: *const wa_error) -> *const c_char {
    read(error, |object| {
        let key = object.error.key.as_ref()?;
        Some(object.lent.text("key", || key.clone()).0)
    })
}

/// Tells whether the same call can succeed later without anything being
/// changed.
///
/// @param error an error object, or NULL.
/// @return the answer; false for NULL and for what is no error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_is_retryable(error: *const wa_error) -> bool {
    read(error, |object| Some(object.error.retryable))
}

/// Gives the time to wait before trying again.
///
/// @param error an error object, or NULL.
/// @return milliseconds; 0 when nothing is known, for NULL and for what is no
/// error object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_retry_after_ms(error: *const wa_error) -> u32 {
    read(error, |object| Some(object.error.retry_after_ms))
}

/// Frees an error object and what was borrowed from it.
///
/// @param error an error object; NULL, freed and foreign ones are let pass.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_error_free(error: *mut wa_error) {
    guard::reading(|| handle::remove::<ErrorObject>(error).ok().map(drop));
}
