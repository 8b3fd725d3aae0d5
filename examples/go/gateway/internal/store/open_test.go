package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
)

// A file that is empty, cut off, overwritten or no file is refused by name, with
// what to do, and can be put right while the process goes on.
func TestADamagedFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "gateway.db")
	db, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for n := range uint64(3000) {
			if err := tx.Bucket(Events).Put(Number(n), bytes.Repeat([]byte("x"), 300)); err != nil {
				return err
			}
		}
		return tx.Bucket(Tokens).Put([]byte("a"), bytes.Repeat([]byte("y"), 20000))
	})
	if err != nil {
		t.Fatal(err)
	}
	used := int64(0)
	db.View(func(tx *bbolt.Tx) error {
		used = tx.Size()
		return nil
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noise := func(from, to int) []byte {
		text := bytes.Clone(good)
		random := rand.New(rand.NewPCG(1, uint64(from)))
		for i := from; i < to; i++ {
			text[i] = byte(random.Uint32())
		}
		return text
	}
	damaged := map[string][]byte{
		"empty": {}, "one byte": good[:1], "one page": good[:4096], "cut off": good[:len(good)/2], "cut off by a page": good[:used-4096],
		"both heads": noise(0, 8192), "the pages behind": noise(8192, len(good)/3), "the middle": noise(len(good)/3, 2*len(good)/3), "text": []byte(strings.Repeat("no database\n", 1000)),
		"zeros": make([]byte, len(good)),
	}
	for name, content := range damaged {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(folder)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "gateway.db is damaged: "+path) || !strings.Contains(err.Error(), "backup") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			db.Close()
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, content) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err = Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	os.Remove(path)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a FIFO: %v", err)
	}
}
