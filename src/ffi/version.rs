//! The version of the library that runs.

use std::ffi::{CStr, c_char};

/// The major version the header was made for.
pub const WA_VERSION_MAJOR: u32 = 0;
/// The minor version the header was made for. Before 1.0.0 a new minor version
/// may change the interface, and the SONAME says so.
pub const WA_VERSION_MINOR: u32 = 1;
/// The patch version the header was made for.
pub const WA_VERSION_PATCH: u32 = 0;
/// The version the header was made for, as wa_version_number gives it: major *
/// 1000000 + minor * 1000 + patch.
pub const WA_VERSION_NUMBER: u32 = 1_000;

/// Gives the version of the library that runs, as major * 1000000 + minor *
/// 1000 + patch. Compare it with WA_VERSION_NUMBER to see that it fits the
/// header.
///
/// @return the number; never fails, also in a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn wa_version_number() -> u32 {
    WA_VERSION_MAJOR * 1_000_000 + WA_VERSION_MINOR * 1_000 + WA_VERSION_PATCH
}

/// Gives the version of the library that runs, as text: "0.1.0".
///
/// @return a static text; never NULL, also in a forked child.
#[unsafe(no_mangle)]
pub extern "C" fn wa_version_string() -> *const c_char {
    const TEXT: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a version has no NUL inside"),
    };
    TEXT.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_number_and_text_are_those_of_the_package() {
        let text = format!("{WA_VERSION_MAJOR}.{WA_VERSION_MINOR}.{WA_VERSION_PATCH}");
        assert_eq!(text, env!("CARGO_PKG_VERSION"));
        assert_eq!(wa_version_number(), WA_VERSION_NUMBER);
        // SAFETY: the text is static and ends with a NUL.
        assert_eq!(unsafe { CStr::from_ptr(wa_version_string()) }.to_str().unwrap(), text);
    }
}
