package libwa

// #include "glue.h"
import "C"

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// toText gives s as C takes it. The library copies what it is given before it
// returns, so Go's own memory serves.
func toText(key, s string) (*C.char, error) {
	if err := checkText(key, s); err != nil {
		return nil, err
	}
	copied := make([]byte, len(s)+1)
	copy(copied, s)
	return (*C.char)(unsafe.Pointer(&copied[0])), nil
}

// checkText refuses a text that C cannot take.
func checkText(key, s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return &Error{Op: "call", Status: ErrInvalidArgument, Text: "the text holds a NUL character: leave it out", Key: key}
	}
	return nil
}

// checkParams refuses texts in the parameters of a method that cannot be
// carried: JSON would silently change what is no UTF-8, and C ends at a NUL.
func checkParams(method string, params any) error {
	object := reflect.ValueOf(params)
	if object.Kind() != reflect.Map {
		return withOp(checkValue("params", object), method)
	}
	for _, key := range object.MapKeys() {
		err := checkValue(key.String(), object.MapIndex(key))
		if err != nil {
			return withOp(err, method)
		}
	}
	return nil
}

// checkValue looks at every text within a value.
func checkValue(key string, value reflect.Value) error {
	switch value.Kind() {
	case reflect.String:
		if !utf8.ValidString(value.String()) {
			return &Error{Op: "call", Status: ErrInvalidUTF8, Key: key}
		}
		return checkText(key, value.String())
	case reflect.Pointer, reflect.Interface:
		if !value.IsNil() {
			return checkValue(key, value.Elem())
		}
	case reflect.Slice, reflect.Array:
		if raw, is := value.Interface().(json.RawMessage); is {
			return checkJSON(key, raw)
		}
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return nil // bytes, which JSON has as base64
		}
		for i := range value.Len() {
			if err := checkValue(key, value.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, member := range value.MapKeys() {
			if err := errors.Join(checkValue(key, member), checkValue(key, value.MapIndex(member))); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if !value.Type().Field(i).IsExported() {
				continue
			}
			if err := checkValue(key, value.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkJSON is checkValue for what is JSON already.
func checkJSON(key string, raw json.RawMessage) error {
	if !utf8.Valid(raw) {
		return &Error{Op: "call", Status: ErrInvalidUTF8, Key: key}
	}
	var value any
	if json.Unmarshal(raw, &value) != nil || value == nil {
		return nil // json.Marshal says what is wrong
	}
	return checkValue(key, reflect.ValueOf(value))
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
	err.Text = inGo(C.GoString(said.text))
	if said.key != nil {
		err.Key = C.GoString(said.key)
	}
	err.Retryable = bool(said.is_retryable)
	err.RetryAfter = time.Duration(said.retry_after_ms) * time.Millisecond
	C.wa_error_free(fault)
}
