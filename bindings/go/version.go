package libwa

// #include <wa.h>
import "C"

import (
	"encoding/json"
	"fmt"
	"sync"
	"unsafe"
)

// Version gives the version of the library that the program runs with, such
// as "0.1.0".
func Version() string {
	return C.GoString(C.wa_version_string())
}

// Reference gives the tables of the library that the program runs with, as
// one JSON object: version, statuses, keys, common_fields, events,
// contents, content_fields, outcomes and methods.
func Reference() json.RawMessage {
	var length C.size_t
	text := C.wa_reference_json(&length)
	return C.GoBytes(unsafe.Pointer(text), C.int(length))
}

// checkVersion says whether the library that was loaded fits the header that
// this package was built with.
var checkVersion = sync.OnceValue(func() error {
	const series = 1000
	loaded := uint32(C.wa_version_number())
	if loaded/series == C.WA_VERSION_NUMBER/series && loaded >= C.WA_VERSION_NUMBER {
		return nil
	}
	return fmt.Errorf("libwa: the program was built for libwa %d.%d.%d and found %s; install that version, or build again",
		C.WA_VERSION_MAJOR, C.WA_VERSION_MINOR, C.WA_VERSION_PATCH, Version())
})
