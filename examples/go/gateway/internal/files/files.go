// Package files reads the files that the settings name. A path may lead to
// anything, at the start or later: to a FIFO, whose reader waits for ever, or to
// a device that never ends.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

var (
	// ErrNotRegular says that a path leads to no regular file.
	ErrNotRegular = errors.New("is not a regular file")

	// ErrTooLarge says that a file is larger than what it is for can be.
	ErrTooLarge = errors.New("is too large")
)

// A Stamp tells a file from one that has taken its place, or was written since.
type Stamp struct {
	modified      time.Time
	size          int64
	device, inode uint64
}

// StampOf returns the stamp of the file that a path leads to.
func StampOf(path string) (Stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}, err
	}
	return stamp(info), nil
}

func stamp(info fs.FileInfo) Stamp {
	s := Stamp{modified: info.ModTime(), size: info.Size()}
	if system, is := info.Sys().(*syscall.Stat_t); is {
		s.device, s.inode = uint64(system.Dev), system.Ino
	}
	return s
}

// Regular refuses what is there and is not a regular file.
func Regular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return regular(path, info)
}

func regular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	kind := "something else"
	switch mode := info.Mode(); {
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a FIFO"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%s %w but %s", path, ErrNotRegular, kind)
}

// Read returns the content of a regular file of at most so many bytes, and its
// stamp. It waits for no writer.
func Read(path string, most int64) ([]byte, Stamp, error) {
	// Opening a device can have an effect, so it is looked at before.
	if err := Regular(path); err != nil {
		return nil, Stamp{}, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, Stamp{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, Stamp{}, err
	}
	if err := regular(path, info); err != nil {
		return nil, Stamp{}, err
	}
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, Stamp{}, err
	}
	if int64(len(content)) > most {
		return nil, Stamp{}, fmt.Errorf("%s %w: it may have %d bytes", path, ErrTooLarge, most)
	}
	return content, stamp(info), nil
}
