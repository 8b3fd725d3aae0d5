package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/libwa/libwa/examples/go/gateway/internal/files"
)

var (
	// ErrInUse says that another process has the file open.
	ErrInUse = errors.New("another gateway has this data folder open")

	// ErrDamaged says that the file cannot be used as it is.
	ErrDamaged = errors.New("gateway.db is damaged")
)

// broken is how a file is damaged, with what to do.
type broken struct{ path, what string }

func (d broken) Error() string {
	return fmt.Sprintf("%v: %s: %s. Put a backup of the whole data folder in its place. Without one, move the file away and start anew: "+
		"what it held is lost then (tokens, the list of sessions, webhooks, events and messages that wait)", ErrDamaged, d.path, d.what)
}

func (d broken) Unwrap() error { return ErrDamaged }

// Open opens the file in a folder, and makes both if need be, readable by
// their owner only.
func Open(folder string) (*DB, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "gateway.db")
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return nil, broken{path, "it is empty"}
	}
	if err := files.Regular(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	db, err := open(path)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s", ErrInUse, folder)
	case err != nil:
		return nil, err
	}
	// Writers who come at the same time share one commit.
	db.MaxBatchDelay = 2 * time.Millisecond
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		db.Close()
		return nil, err
	}
	return &DB{DB: db}, nil
}

// open opens a file, and looks at each of its pages that is in use: bbolt panics
// at those that are damaged, or not there.
func open(path string) (db *bbolt.DB, err error) {
	var file *os.File
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if panicked := recover(); panicked != nil {
			// The locks of bbolt may be held, so it is not closed as usual. What
			// it has mapped would keep the file's lock.
			syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
			file.Close()
			db, err = nil, broken{path, fmt.Sprint(panicked)}
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Second, FreelistType: bbolt.FreelistMapType,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	})
	switch {
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, broken{path, err.Error()}
	case err != nil && strings.Contains(err.Error(), "file size too small"):
		return nil, broken{path, "it is cut off"}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := db.View(func(tx *bbolt.Tx) error { return look(tx, path) }); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// look reads all keys, of buckets in buckets too.
func look(tx *bbolt.Tx, path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() < tx.Size() {
		return broken{path, fmt.Sprintf("it is cut off: it has %d bytes of %d", info.Size(), tx.Size())}
	}
	return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error { return lookInto(bucket) })
}

func lookInto(bucket *bbolt.Bucket) error {
	var before []byte
	return bucket.ForEach(func(key, value []byte) error {
		if before != nil && string(before) >= string(key) {
			panic("keys are out of order")
		}
		before = key
		if len(value) > 0 {
			_ = value[len(value)-1] // it may be on another page
		}
		return nil
	})
}
