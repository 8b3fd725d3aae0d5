//! The C interface called at random, one function after the other: with handles that are alive, dead, of another kind or made up, with
//! texts of any bytes, with and without places for results. Whatever happens, the answers are statuses that the library knows, and
//! nothing that is not alive gives anything.
#![no_main]

use std::ffi::{CString, c_char};
use std::ptr::{null_mut, without_provenance_mut};

use libfuzzer_sys::fuzz_target;
use wa::ffi::*;

/// Reads the choices out of the input; when it is used up they are all 0.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// A text of any bytes but NUL, often one that the library knows.
    fn text(&mut self) -> Option<CString> {
        let known: &[&[u8]] = &[
            b"session.id",
            b"pairing.code_ttl_ms",
            b"ui.x",
            b"20000",
            b"+15550001234",
            b"ABCDEFGH",
            b"session.status",
            b"session.list",
            b"{}",
            b"{\"id\":\"AQ\",\"rawId\":\"AQ\",\"type\":\"public-key\",\"response\":{}}",
            b"png",
        ];
        let choice = usize::from(self.byte());
        if choice == 255 {
            return None;
        }
        if let Some(text) = known.get(choice) {
            return CString::new(*text).ok();
        }
        let length = (choice - known.len()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        CString::new(text.split(|byte| *byte == 0).next().unwrap_or_default()).ok()
    }

    /// One of the handles that were ever made, of whatever kind and state, or a number that never was one.
    fn handle(&mut self, made: &[usize]) -> usize {
        match self.byte() {
            255 => usize::try_from(self.number()).unwrap_or(0),
            254 => 0,
            choice => made.get(usize::from(choice) % made.len().max(1)).copied().unwrap_or(0),
        }
    }
}

fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr())
}

/// A client whose server does not exist, in a store of its own.
fn client(session: &str) -> *mut wa_client {
    let mut made = null_mut();
    let session = CString::new(session).expect("no NUL");
    // SAFETY: the texts end with NULs, and `made` is a local variable.
    unsafe {
        let config = wa_config_new();
        assert_eq!(wa_config_set(config, c"session.id".as_ptr(), session.as_ptr(), null_mut()), WA_OK);
        assert_eq!(
            wa_config_set(config, c"server.url".as_ptr(), c"ws://127.0.0.1:1/".as_ptr(), null_mut()),
            WA_OK
        );
        assert_eq!(wa_client_new(config, null_mut(), &raw mut made, null_mut()), WA_OK);
        wa_config_free(config);
    }
    made
}

fuzz_target!(|input: &[u8]| {
    static KEEP: std::sync::Once = std::sync::Once::new();
    // Keeps the library's threads, so that an input does not start them anew.
    KEEP.call_once(|| assert!(!client("keep").is_null()));

    let mut choices = Choices(input);
    let mut made: Vec<usize> = vec![client("fuzz").addr()];
    for _ in 0..64 {
        if choices.0.is_empty() {
            break;
        }
        // SAFETY: texts are NULL or end with a NUL, out-pointers are NULL or point to local variables, and handles may be anything.
        unsafe { step(&mut choices, &mut made) };
    }
    for handle in made {
        // SAFETY: the library checks what kind of handle it is, and whether it still is one.
        unsafe {
            wa_client_free(without_provenance_mut(handle));
            wa_event_free(without_provenance_mut(handle));
            wa_error_free(without_provenance_mut(handle));
            wa_queue_free(without_provenance_mut(handle));
            wa_config_free(without_provenance_mut(handle));
        }
    }
});

/// Calls one function and judges its answer.
///
/// # Safety
/// None is needed: it is the point of the interface.
unsafe fn step(choices: &mut Choices<'_>, made: &mut Vec<usize>) {
    let function = choices.byte();
    let handle = choices.handle(made);
    let with_error = choices.byte() & 1 == 0;
    let mut error: *mut wa_error = null_mut();
    let error_out = if with_error { &raw mut error } else { null_mut() };
    let mut request = 0u64;
    let mut event: *mut wa_event = null_mut();
    let mut length = usize::MAX;
    // SAFETY: see above.
    let status = unsafe {
        match function % 32 {
            0 => {
                made.push(wa_config_new().addr());
                WA_OK
            }
            1 => {
                let (key, value) = (choices.text(), choices.text());
                wa_config_set(without_provenance_mut(handle), pointer(&key), pointer(&value), error_out)
            }
            2 => {
                let key = choices.text();
                wa_config_get(without_provenance_mut(handle), pointer(&key));
                WA_OK
            }
            3 => {
                let mut queue = null_mut();
                let status = wa_queue_new(&raw mut queue, error_out);
                made.push(queue.addr());
                status
            }
            4 => {
                // No waits: they are for tests.
                let timeout = i32::from(choices.byte()) - 255;
                let timeout = if timeout == -1 { 0 } else { timeout };
                wa_queue_poll(without_provenance_mut(handle), timeout, &raw mut event, error_out)
            }
            5 => wa_queue_wake(without_provenance_mut(handle)),
            6 => {
                wa_queue_fd(without_provenance_mut(handle));
                WA_OK
            }
            7 => {
                made.push(wa_client_queue(without_provenance_mut(handle)).addr());
                WA_OK
            }
            8 => wa_client_connect(without_provenance_mut(handle), error_out),
            9 => wa_client_disconnect(without_provenance_mut(handle), error_out),
            10 => wa_client_close(without_provenance_mut(handle)),
            11 => {
                let (phone, code) = (choices.text(), choices.text());
                let client = without_provenance_mut(handle);
                wa_request_pairing(client, pointer(&phone), pointer(&code), &raw mut request, error_out)
            }
            12 => wa_request_qr(without_provenance_mut(handle), &raw mut request, error_out),
            13 => {
                let text = choices.text();
                wa_answer_passkey(without_provenance_mut(handle), pointer(&text), &raw mut request, error_out)
            }
            14 => wa_confirm_passkey(without_provenance_mut(handle), &raw mut request, error_out),
            15 => wa_cancel(without_provenance_mut(handle), choices.number(), error_out),
            16 => wa_logout(without_provenance_mut(handle), &raw mut request, error_out),
            17 => {
                let (method, params) = (choices.text(), choices.text());
                // The one method that would go to the network.
                if method.as_deref() == Some(c"version.latest") {
                    return;
                }
                let client = without_provenance_mut(handle);
                wa_call(client, pointer(&method), pointer(&params), &raw mut request, error_out)
            }
            18 | 19 => wa_poll_event(without_provenance_mut(handle), 0, &raw mut event, error_out),
            20 => wa_event_ack(without_provenance_mut(handle)),
            21 => {
                let text = wa_event_json(without_provenance_mut(handle), &raw mut length);
                assert_eq!(text.is_null(), length == usize::MAX);
                WA_OK
            }
            22 => {
                let format = choices.text();
                wa_event_qr_image(without_provenance_mut(handle), pointer(&format), &raw mut length);
                WA_OK
            }
            23 => {
                wa_event_result(without_provenance_mut(handle), &raw mut length);
                wa_event_status(without_provenance_mut(handle))
            }
            24 => {
                wa_event_free(without_provenance_mut(handle));
                assert_eq!(wa_event_type(without_provenance_mut(handle)), 0);
                WA_OK
            }
            25 => {
                wa_config_free(without_provenance_mut(handle));
                WA_OK
            }
            26 => {
                wa_error_free(without_provenance_mut(handle));
                assert!(wa_error_text(without_provenance_mut(handle)).is_null());
                WA_OK
            }
            27 => {
                wa_queue_free(without_provenance_mut(handle));
                WA_OK
            }
            28 if made.len() > 8 => {
                wa_client_free(without_provenance_mut(handle));
                assert_eq!(wa_client_id(without_provenance_mut(handle)), 0);
                WA_OK
            }
            29 => wa_error_status(without_provenance_mut(handle)),
            30 => {
                wa_error_key(without_provenance_mut(handle));
                wa_event_user_text(without_provenance_mut(handle));
                wa_event_expires_at_ms(without_provenance_mut(handle));
                WA_OK
            }
            _ => {
                wa_status_name(choices.number() as i32);
                WA_OK
            }
        }
    };
    assert!(!wa_status_name(status).is_null(), "unknown status {status}");
    assert_ne!(status, WA_ERROR_PANIC);
    assert_ne!(status, WA_ERROR_FORKED);
    if !error.is_null() {
        assert!(status >= 100);
        made.push(error.addr());
    }
    if !event.is_null() {
        assert_eq!(status, WA_OK);
        made.push(event.addr());
    }
    if request != 0 {
        assert_eq!(status, WA_OK);
    }
}
