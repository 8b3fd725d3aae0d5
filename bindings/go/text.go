package libwa

// #include "glue.h"
import "C"

import (
	"math"
	"strings"
	"time"
	"unsafe"
)

// toText gives s as C takes it. The library copies what it is given before it
// returns, so Go's own memory serves.
func toText(key, s string) (*C.char, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return nil, &Error{Op: "call", Status: ErrInvalidArgument, Text: "the text holds a NUL byte", Key: key}
	}
	copied := make([]byte, len(s)+1)
	copy(copied, s)
	return (*C.char)(unsafe.Pointer(&copied[0])), nil
}

// toTextOrNull is toText, with NULL for an empty one.
func toTextOrNull(key, s string) (*C.char, error) {
	if s == "" {
		return nil, nil
	}
	return toText(key, s)
}

// toBytes gives data as C takes it: never NULL.
func toBytes(data []byte) *C.uint8_t {
	if len(data) == 0 {
		data = make([]byte, 1)
	}
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(data)))
}

// toMillis gives a time as C takes it.
func toMillis(t time.Time) C.int64_t {
	return C.int64_t(t.UnixMilli())
}

// toDuration gives a duration as C takes it.
func toDuration(key string, d time.Duration) (C.uint32_t, error) {
	if d < 0 || d.Milliseconds() > math.MaxUint32 {
		return 0, &Error{Op: "call", Status: ErrInvalidArgument, Text: "the duration does not fit", Key: key}
	}
	return C.uint32_t(d.Milliseconds()), nil
}

// explain fills in what fault says, and frees it.
func explain(err *Error, fault *C.wa_error) {
	var said C.golibwa_fault
	C.golibwa_explain(fault, &said)
	err.Text = C.GoString(said.text)
	if said.key != nil {
		err.Key = C.GoString(said.key)
	}
	err.Retryable = bool(said.is_retryable)
	err.RetryAfter = time.Duration(said.retry_after_ms) * time.Millisecond
	C.wa_error_free(fault)
}
