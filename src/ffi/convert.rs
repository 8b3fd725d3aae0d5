//! Everything that turns C's values into Rust's and back: text and bytes in and out, values through out-pointers.

use crate::api::{Error, Status};
use parking_lot::Mutex;
use std::ffi::c_char;
use zeroize::Zeroize;

/// Reads a NUL-terminated text of at most `max` bytes that may not be NULL. `name` is the argument's, for the error.
///
/// # Safety
/// `text` is NULL or points to bytes that end with a NUL, which do not change during the call.
pub(super) unsafe fn text<'a>(text: *const c_char, name: &'static str, max: usize) -> Result<&'a str, Error> {
    // SAFETY: passed on.
    unsafe { optional_text(text, name, max) }?.ok_or_else(|| missing(name))
}

/// The same for a text that may be NULL.
///
/// # Safety
/// As [`text`].
pub(super) unsafe fn optional_text<'a>(
    text: *const c_char,
    name: &'static str,
    max: usize,
) -> Result<Option<&'a str>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    let start = text.cast::<u8>();
    let mut length = 0;
    // SAFETY: every byte up to the NUL may be read, and the loop stops there.
    while unsafe { *start.add(length) } != 0 {
        length += 1;
        if length > max {
            let text = format!("{name} is longer than the {max} bytes it may have");
            return Err(Error::new(Status::TOO_LONG, text).with_key(name));
        }
    }
    // SAFETY: these bytes were just read.
    let bytes = unsafe { std::slice::from_raw_parts(start, length) };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let text = format!("{name} is not UTF-8 from byte {} on", error.valid_up_to());
            Err(Error::new(Status::INVALID_UTF8, text).with_key(name))
        }
    }
}

/// Reads `length` bytes, at most `max`. No bytes need no pointer.
///
/// # Safety
/// `start` is NULL or points to `length` bytes, which do not change during the call.
pub(super) unsafe fn bytes<'a>(
    start: *const u8,
    length: usize,
    name: &'static str,
    max: usize,
) -> Result<&'a [u8], Error> {
    if length > max {
        let text = format!("{name} is longer than the {max} bytes it may have");
        return Err(Error::new(Status::TOO_LONG, text).with_key(name));
    }
    if length == 0 {
        return Ok(&[]);
    }
    if start.is_null() {
        return Err(missing(name));
    }
    // SAFETY: not NULL, and that many bytes by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(start, length) })
}

/// Writes a result through a pointer that may be NULL, aligned or not.
///
/// # Safety
/// `out` is NULL or points to memory that may be written.
pub(super) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: the caller's promise; no alignment is assumed.
        unsafe { out.write_unaligned(value) };
    }
}

/// Refuses a NULL where a result must go.
pub(super) fn wanted<T>(out: *mut T, name: &'static str) -> Result<(), Error> {
    if out.is_null() { Err(missing(name)) } else { Ok(()) }
}

fn missing(name: &'static str) -> Error {
    Error::new(Status::INVALID_ARGUMENT, format!("{name} may not be NULL")).with_key(name)
}

/// Texts and bytes lent to C: made when first asked for, at one address until their owner goes, and zeroised then. They are few.
#[derive(Default)]
pub(super) struct LentBuffers(Mutex<Vec<LentBuffer>>);

/// Bytes and the name that they are asked for under.
type LentBuffer = (&'static str, Vec<u8>);

impl LentBuffers {
    /// A text under a name; a NUL follows it, and one inside it becomes the replacement character.
    pub(super) fn text(&self, name: &'static str, make: impl FnOnce() -> String) -> (*const c_char, usize) {
        let (start, length) = self.bytes(name, || {
            let text = make();
            if text.contains('\0') { text.replace('\0', "\u{FFFD}").into_bytes() } else { text.into_bytes() }
        });
        (start.cast(), length)
    }

    /// A copy of a text under a name, as [`LentBuffers::text`].
    pub(super) fn copy(&self, name: &'static str, text: &str) -> *const c_char {
        let make = || {
            // The NUL fits in.
            let mut copy = String::with_capacity(text.len() + 1);
            copy.push_str(text);
            copy
        };
        self.text(name, make).0
    }

    /// Bytes under a name; a NUL follows them.
    pub(super) fn bytes(&self, name: &'static str, make: impl FnOnce() -> Vec<u8>) -> (*const u8, usize) {
        let mut lent = self.0.lock();
        if let Some((_, bytes)) = lent.iter().find(|(lent, _)| *lent == name) {
            return (bytes.as_ptr(), bytes.len() - 1);
        }
        let mut bytes = make();
        if bytes.len() == bytes.capacity() {
            // The system's way to make it longer would leave a copy behind.
            let mut longer = Vec::with_capacity(bytes.len() + 1);
            longer.extend_from_slice(&bytes);
            std::mem::replace(&mut bytes, longer).zeroize();
        }
        bytes.push(0);
        let there = (bytes.as_ptr(), bytes.len() - 1);
        lent.push((name, bytes));
        there
    }
}

impl Drop for LentBuffers {
    fn drop(&mut self) {
        for (_, bytes) in self.0.get_mut() {
            bytes.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn text_is_checked_for_null_length_and_encoding() {
        // SAFETY: all of these are literals that end with a NUL, or NULL.
        unsafe {
            assert_eq!(text(c"abc".as_ptr(), "x", 3).unwrap(), "abc");
            assert_eq!(text(c"".as_ptr(), "x", 0).unwrap(), "");
            assert_eq!(text(c"abcd".as_ptr(), "x", 3).unwrap_err().status, Status::TOO_LONG);
            let error = text(std::ptr::null(), "x", 3).unwrap_err();
            assert_eq!((error.status, error.key.as_deref()), (Status::INVALID_ARGUMENT, Some("x")));
            assert_eq!(optional_text(std::ptr::null(), "x", 3).unwrap(), None);
            assert_eq!(text(c"a\xFF".as_ptr(), "x", 3).unwrap_err().status, Status::INVALID_UTF8);
            // An overlong form of "/" and half of a surrogate pair are not UTF-8 either.
            assert_eq!(text(c"\xC0\xAF".as_ptr(), "x", 3).unwrap_err().status, Status::INVALID_UTF8);
            assert_eq!(text(c"\xED\xA0\x80".as_ptr(), "x", 3).unwrap_err().status, Status::INVALID_UTF8);
        }
    }

    #[test]
    fn values_go_out_to_any_address_but_null() {
        let mut bytes = [0u8; 9];
        // SAFETY: eight bytes from the second on are ours; NULL is allowed.
        unsafe {
            put(bytes.as_mut_ptr().add(1).cast::<u64>(), u64::MAX);
            put(std::ptr::null_mut::<u64>(), 1);
        }
        assert_eq!(bytes, [0, 255, 255, 255, 255, 255, 255, 255, 255]);
        assert!(wanted(bytes.as_mut_ptr(), "out").is_ok());
        assert_eq!(wanted(std::ptr::null_mut::<u8>(), "out").unwrap_err().status, Status::INVALID_ARGUMENT);
    }

    #[test]
    fn lent_text_stays_where_it_is() {
        let lent = LentBuffers::default();
        let (first, length) = lent.text("a", || "one\0two".to_owned());
        for name in ["b", "c", "d", "e", "f", "g", "h", "i"] {
            lent.text(name, || "x".repeat(100));
        }
        let (again, _) = lent.text("a", || unreachable!());
        assert_eq!(first, again);
        // SAFETY: `lent` is alive, and a NUL follows.
        let text = unsafe { CStr::from_ptr(first) };
        assert_eq!((text.to_str().unwrap(), length), ("one\u{FFFD}two", 9));
    }
}
