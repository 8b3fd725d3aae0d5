package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
)

func objects() []Kind {
	return []Kind{{
		Bucket: Events,
		Read: func(_, value []byte) error {
			var object struct{ N int }
			return json.Unmarshal(value, &object)
		},
		Remedy: "nothing",
	}, {
		Bucket:  Sessions,
		Read:    func(_, value []byte) error { return json.Unmarshal(value, &struct{}{}) },
		Instead: func(key []byte) any { return map[string]string{"id": string(key)} },
		Gone: func(tx *bbolt.Tx, key []byte) error {
			return tx.Bucket(Meta).Put([]byte("gone"), key)
		},
	}}
}

// Records that cannot be read are moved as they were, and named once; the others
// stay. What is kept of them is bounded, and what takes their place is written.
func TestSetAside(t *testing.T) {
	db, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const broken = damagedKeep + 500
	err = db.Update(func(tx *bbolt.Tx) error {
		for n := range uint64(broken) {
			if err := tx.Bucket(Events).Put(Number(n+1), fmt.Appendf(nil, `!"n":%d}`, n)); err != nil {
				return err
			}
		}
		if err := Put(tx, Events, Number(broken+1), map[string]int{"n": 7}); err != nil {
			return err
		}
		return tx.Bucket(Sessions).Put([]byte("shop"), []byte(`{"id":`))
	})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	if err := db.SetAsideAll(slog.New(slog.NewTextHandler(&log, nil)), objects()); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "level=ERROR"); lines != broken+1 || db.Aside() != broken+1 {
		t.Errorf("%d lines, %d aside", lines, db.Aside())
	}
	db.View(func(tx *bbolt.Tx) error {
		if left := tx.Bucket(Events).Stats().KeyN; left != 1 {
			t.Errorf("%d are left", left)
		}
		if kept := tx.Bucket(Damaged).Stats().KeyN; kept != damagedKeep {
			t.Errorf("%d are kept", kept)
		}
		if got := string(tx.Bucket(Sessions).Get([]byte("shop"))); got != `{"id":"shop"}` {
			t.Errorf("in its place is %s", got)
		}
		if got := string(tx.Bucket(Meta).Get([]byte("gone"))); got != "shop" {
			t.Errorf("gone is %q", got)
		}
		return nil
	})
	// One that was noted and is good meanwhile, or gone, stays as it is.
	db.Unreadable(Events, Number(broken+1))
	db.Unreadable(Events, Number(1))
	if err := db.SetAside(); err != nil || db.Aside() != broken+1 {
		t.Errorf("%v, %d aside", err, db.Aside())
	}
}

// A disk that takes nothing leaves them noted, and the next try sets them aside.
func TestSetAsideOnAFullDisk(t *testing.T) {
	db, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(Events).Put(Number(1), []byte("!")) }); err != nil {
		t.Fatal(err)
	}
	kinds := objects()
	failed := false
	kinds[0].Gone = func(*bbolt.Tx, []byte) error {
		if !failed {
			failed = true
			return syscall.ENOSPC
		}
		return nil
	}
	if err := db.SetAsideAll(slog.New(slog.DiscardHandler), kinds); TroubleOf(err) != Full || db.Aside() != 1 {
		t.Errorf("%v, %d aside", err, db.Aside())
	}
	if err := db.SetAside(); err != nil || db.Aside() != 1 {
		t.Errorf("%v, %d aside", err, db.Aside())
	}
	db.View(func(tx *bbolt.Tx) error {
		if tx.Bucket(Events).Get(Number(1)) != nil || tx.Bucket(Damaged).Stats().KeyN != 1 {
			t.Error("it was not moved")
		}
		return nil
	})
}
