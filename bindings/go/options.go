package libwa

// #include "glue.h"
import "C"

import (
	"strconv"
	"time"
)

// An Option sets a configuration key. A key that no option sets has its
// default; a bad value is an error of [Open] that says what is allowed.
type Option func(*configuration) error

// Options makes one option out of several.
func Options(options ...Option) Option {
	return func(c *configuration) error {
		return c.apply(options)
	}
}

// With sets any configuration key by its name: one that begins with "ui." or
// "host.", which is the program's own, or one that this version of the package
// has no function for.
func With(key, value string) Option {
	return set(key, value)
}

func set(key, value string) Option {
	return func(c *configuration) error {
		return c.set(key, value)
	}
}

func setNumber(key string, value int64) Option {
	return set(key, strconv.FormatInt(value, 10))
}

func setFlag(key string, value bool) Option {
	return set(key, strconv.FormatBool(value))
}

// setDuration rounds what is finer than a millisecond up.
func setDuration(key string, value time.Duration) Option {
	return setNumber(key, int64((value+time.Millisecond-1)/time.Millisecond))
}

// A configuration lives as long as a client takes to open.
type configuration struct {
	handle *C.wa_config
}

func newConfiguration(options []Option) (*configuration, error) {
	c := &configuration{handle: C.wa_config_new()}
	if c.handle == nil {
		return nil, plainFailure("Open", ErrTooManyHandles)
	}
	if err := c.apply(options); err != nil {
		c.free()
		return nil, err
	}
	return c, nil
}

func (c *configuration) apply(options []Option) error {
	for _, option := range options {
		if err := option(c); err != nil {
			return err
		}
	}
	return nil
}

func (c *configuration) set(key, value string) error {
	cKey, err := toText("key", key)
	if err != nil {
		return withOp(err, "Open")
	}
	cValue, err := toText(key, value)
	if err != nil {
		return withOp(err, "Open")
	}
	var fault *C.wa_error
	status := C.wa_config_set(c.handle, cKey, cValue, &fault)
	return failure("Open", status, fault)
}

// get gives the value that a key has.
func (c *configuration) get(key string) string {
	cKey, err := toText("key", key)
	if err != nil {
		return ""
	}
	return C.GoString(C.wa_config_get(c.handle, cKey))
}

func (c *configuration) free() {
	C.wa_config_free(c.handle)
}
