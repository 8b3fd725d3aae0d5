//! Configuration objects.

use super::constants::wa_status;
use super::convert::{self, LentBuffers};
use super::error::wa_error;
use super::{fork, guard, handle};
use crate::api::{Config, KeyInfo};
use parking_lot::Mutex;
use std::ffi::c_char;
use std::sync::Arc;

/// A set of configuration values under text keys; CONFIGURATION.md and
/// wa_reference_json() list them. Every value is checked when it is set, and
/// every key has a default.
///
/// Made with wa_config_new(), freed with wa_config_free(). A client copies what
/// it needs: the object may be changed or freed as soon as wa_client_new() has
/// returned, and may serve for many clients.
pub struct wa_config(());

/// Held for moments only.
#[derive(Default)]
pub(super) struct ConfigObject {
    pub(super) config: Mutex<Config>,
    /// One entry for each value ever asked for: values lent out stay where they are when the key is set again.
    lent: Mutex<Vec<(String, LentBuffers)>>,
}

const KEY_MAX: usize = 256;
const VALUE_MAX: usize = 8192;

/// Makes a configuration in which every key has its default.
///
/// @return a new object that the caller owns and frees with wa_config_free();
/// NULL in a forked child, and when there are too many handles.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn wa_config_new() -> *mut wa_config {
    guard::reading(|| {
        // Before anything that takes a lock.
        fork::watch();
        handle::insert(Arc::new(ConfigObject::default())).ok()
    })
}

/// Sets a key.
///
/// @param key the key. Keys that begin with "ui." or "host." are yours: they
/// are kept and not looked at.
/// @param value the value, always as text; NULL puts the key back to its
/// default.
/// @param error where an error object goes; may be NULL. Its text names key,
/// value and what is allowed.
/// @return WA_OK; WA_ERROR_UNKNOWN_KEY; WA_ERROR_BAD_VALUE;
/// WA_ERROR_INVALID_ARGUMENT, WA_ERROR_INVALID_UTF8 or WA_ERROR_TOO_LONG for
/// key or value; WA_ERROR_INVALID_HANDLE. Nothing is changed unless it is
/// WA_OK.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_config_set(
    config: *mut wa_config,
    key: *const c_char,
    value: *const c_char,
    error: *mut *mut wa_error,
) -> wa_status {
    // SAFETY: `error` is NULL or writable; `key` and `value` are NULL or end with a NUL.
    unsafe {
        guard::fallible(error, || {
            let object = handle::get::<ConfigObject>(config)?;
            let key = convert::text(key, "key", KEY_MAX)?;
            match convert::optional_text(value, "value", VALUE_MAX)? {
                Some(value) => object.config.lock().set(key, value),
                None => object.config.lock().reset(key),
            }
        })
    }
}

/// Gives the value of a key: what was set, or the default.
///
/// @param key the key.
/// @return text borrowed from the configuration, valid until wa_config_free(),
/// also when the key is set to something else; NULL when there is no such key,
/// for `store.seal_key`, which is not given back, and for what is no
/// configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_config_get(config: *const wa_config, key: *const c_char) -> *const c_char {
    guard::reading(|| {
        let object = handle::get::<ConfigObject>(config).ok()?;
        // SAFETY: `key` is NULL or ends with a NUL.
        let key = unsafe { convert::text(key, "key", KEY_MAX) }.ok()?;
        if KeyInfo::find(key).is_some_and(KeyInfo::is_secret) {
            return None;
        }
        let value = object.config.lock().get(key).ok()?.to_owned();
        let mut lent = object.lent.lock();
        if let Some((_, known)) = lent.iter().find(|(text, _)| *text == value) {
            return Some(known.text("value", String::new).0);
        }
        let made = LentBuffers::default();
        let start = made.text("value", || value.clone()).0;
        lent.push((value, made));
        Some(start)
    })
}

/// Frees a configuration and what was borrowed from it.
///
/// @param config a configuration; NULL, freed and foreign ones are let pass.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wa_config_free(config: *mut wa_config) {
    guard::reading(|| handle::remove::<ConfigObject>(config).ok().map(drop));
}
