package libwa

// #include <wa.h>
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Status is one of the library's status codes. Each is also an error, so
// that errors.Is(err, libwa.ErrNotLinked) tells what an [Error] is about.
type Status int32

const (
	// ErrClosed is what Next says when the client or the fleet is closed and
	// every event has been taken.
	ErrClosed = StatusClosed

	// ErrWoken is what Next says when Wake was called.
	ErrWoken = StatusWoken
)

// Name gives the name of the code in wa.h, such as "WA_ERROR_NOT_LINKED".
func (s Status) Name() string {
	if name := C.wa_status_name(C.wa_status(s)); name != nil {
		return C.GoString(name)
	}
	return fmt.Sprintf("status %d", int32(s))
}

// String gives the name of the code.
func (s Status) String() string {
	return s.Name()
}

// Error says what the code means and what to do about it.
func (s Status) Error() string {
	if text := C.wa_status_text(C.wa_status(s)); text != nil {
		return inGo(C.GoString(text))
	}
	return s.Name()
}

// An Error says why a call or a request failed.
type Error struct {
	// Op is what was called, such as "Open" or "Pair".
	Op string

	// Status classes the error; errors.Is compares with it.
	Status Status

	// Text says what went wrong and what to do about it, to the programmer.
	Text string

	// Key names the argument, parameter or configuration key concerned, if
	// there is one.
	Key string

	// Retryable tells whether the same call can succeed later.
	Retryable bool

	// RetryAfter is how long to wait before that; zero when nothing is known.
	RetryAfter time.Duration

	// GivenUp tells that the connection was given up, by Status: no attempt is
	// made before [Client.Connect]. A message that this ends is not sent later.
	GivenUp bool

	// Outcome names how the pairing ended, if one did.
	Outcome Outcome

	// UserText is what to tell the user, if there is something; see
	// [PairingError].
	UserText string
}

// Error gives the whole text.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("libwa: ")
	text.WriteString(e.Op)
	text.WriteString(": ")
	if e.Text != "" {
		text.WriteString(e.Text)
	} else {
		text.WriteString(e.Status.Error())
	}
	if e.Key != "" {
		text.WriteString(" [" + e.Key + "]")
	}
	text.WriteString(" (" + e.Status.Name() + ")")
	return text.String()
}

// Unwrap gives the status, which is what errors.Is looks for.
func (e *Error) Unwrap() error {
	return e.Status
}

// RetryAfter tells whether err comes of something that can succeed later, and
// how long to wait before that; zero when nothing is known.
func RetryAfter(err error) (wait time.Duration, retryable bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter, e.Retryable
	}
	return 0, false
}

// failure makes the error of a call that answered status, and frees fault.
func failure(op string, status C.wa_status, fault *C.wa_error) error {
	if status == C.WA_OK {
		return nil
	}
	err := &Error{Op: op, Status: Status(status)}
	if fault != nil {
		explain(err, fault)
	}
	return err
}

// plainFailure is an error that the binding itself finds.
func plainFailure(op string, status Status) error {
	return &Error{Op: op, Status: status}
}
