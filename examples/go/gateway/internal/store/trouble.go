package store

import (
	"errors"
	"strings"
	"syscall"
)

// A Trouble says why a disk takes nothing.
type Trouble string

const (
	Fine     Trouble = ""
	Full     Trouble = "full"      // it has no room, or the quota is used up
	ReadOnly Trouble = "read_only" // it can only be read
	Broken   Trouble = "broken"    // reading or writing fails
)

// Text tells the trouble in a sentence, for whoever runs the gateway.
func (t Trouble) Text() string {
	switch t {
	case Full:
		return "the disk is full: nothing can be written"
	case ReadOnly:
		return "the disk can only be read: nothing can be written"
	case Broken:
		return "the disk fails (input/output error): nothing can be written"
	}
	return ""
}

var troubles = map[syscall.Errno]Trouble{
	syscall.ENOSPC: Full, syscall.EDQUOT: Full, syscall.EFBIG: Full, syscall.EROFS: ReadOnly, syscall.EIO: Broken,
}

// TroubleOf tells the trouble of a disk by the number of the system's error that
// is in err. What else goes wrong is none, whatever its text says.
func TroubleOf(err error) Trouble {
	for number, trouble := range troubles {
		if errors.Is(err, number) {
			return trouble
		}
	}
	return Fine
}

// NoRoom says whether an error is of a disk that is full.
func NoRoom(err error) bool { return TroubleOf(err) == Full }

// caused is an error of bbolt that gives its cause as text, with the cause.
type caused struct {
	error
	cause syscall.Errno
}

func (c caused) Unwrap() []error { return []error{c.error, c.cause} }

// textOnly are the beginnings of bbolt's errors that give their cause as text.
var textOnly = []string{"file resize error: ", "file sync error: ", "mmap allocate error: "}

// withCause gives an error of bbolt the cause that is in its text alone.
func withCause(err error) error {
	if err == nil {
		return nil
	}
	for _, beginning := range textOnly {
		if !strings.HasPrefix(err.Error(), beginning) {
			continue
		}
		for number := range troubles {
			if strings.HasSuffix(err.Error(), number.Error()) {
				return caused{err, number}
			}
		}
	}
	return err
}
