package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
)

// The number of the system's error says what the trouble is, and bbolt's own texts
// where it gives no number; the text of any other error says nothing.
func TestTroubleOf(t *testing.T) {
	for _, c := range []struct {
		err    error
		wanted Trouble
	}{
		{nil, Fine},
		{syscall.ENOSPC, Full},
		{fmt.Errorf("x: %w", &fs.PathError{Op: "write", Path: "gateway.db", Err: syscall.EDQUOT}), Full},
		{syscall.EROFS, ReadOnly},
		{errors.Join(errors.New("x"), syscall.EIO), Broken},
		{syscall.EACCES, Fine},
		{fmt.Errorf("file resize error: %s", syscall.EFBIG), Full},
		{fmt.Errorf("file sync error: %s", syscall.EIO), Broken},
		{fmt.Errorf("file sync error: %s", &fs.PathError{Op: "sync", Path: "gateway.db", Err: syscall.ENOSPC}), Full},
		{errors.New("a file named input/output error"), Fine},
		{&libwa.Error{Op: "Open", Status: libwa.ErrStore, Text: "the store: " + syscall.EIO.Error()}, Fine},
		{&libwa.Error{Op: "Open", Status: libwa.ErrStoreCorrupt, Text: syscall.ENOSPC.Error()}, Fine},
	} {
		if got := TroubleOf(withCause(c.err)); got != c.wanted {
			t.Errorf("%v is %q, wanted %q", c.err, got, c.wanted)
		}
	}
}

// A disk that fails is told as what it is, until a probe has found that it takes
// something again.
func TestTroubleOfAFile(t *testing.T) {
	db, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct {
		err    error
		wanted Trouble
	}{{syscall.EIO, Broken}, {syscall.EROFS, ReadOnly}, {fmt.Errorf("file resize error: %s", syscall.ENOSPC), Full}} {
		var log bytes.Buffer
		db.LogTo(slog.New(slog.NewTextHandler(&log, nil)))
		for range 3 { // it is told once
			db.Update(func(*bbolt.Tx) error { return c.err })
		}
		if err := db.Update(func(*bbolt.Tx) error { return c.err }); !errors.Is(err, c.err) || TroubleOf(err) != c.wanted {
			t.Errorf("%v", err)
		}
		if got := db.Trouble(); got != c.wanted || got.Text() == "" {
			t.Errorf("%v makes %q", c.err, got)
		}
		if err := db.Probe(); err != nil || db.Trouble() != Fine {
			t.Errorf("%v, %q", err, db.Trouble())
		}
		if err := db.Probe(); err != nil {
			t.Error(err)
		}
		if text := log.String(); strings.Count(text, "level=ERROR") != 1 || strings.Count(text, `msg="the disk takes something again"`) != 1 || strings.Count(text, "\n") != 2 {
			t.Errorf("%v is logged as %s", c.err, text)
		}
		if db.Level(withCause(c.err), slog.LevelError) != slog.LevelDebug || db.Level(errors.New("x"), slog.LevelError) != slog.LevelError {
			t.Errorf("%v is told again", c.err)
		}
	}
}
