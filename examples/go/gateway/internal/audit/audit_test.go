package audit

import (
	"log/slog"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// The last entries are kept, also when fewer are to be than before.
func TestKeep(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, keep := range []int{10, 3} {
		l := Open(db, slog.New(slog.DiscardHandler), keep)
		for range 20 {
			l.Write(Entry{Action: "restart"})
		}
		l.Close()
		entries, _, err := l.Read(0, 100, func(*Entry) bool { return true })
		if err != nil || len(entries) != keep {
			t.Fatalf("%d entries are kept, %v", len(entries), err)
		}
		if newest := entries[keep-1].Number; entries[0].Number != newest-uint64(keep)+1 {
			t.Errorf("they go from %d to %d", entries[0].Number, newest)
		}
	}
}

// Who writes holds locks that commits may want, so that it never waits for one.
func TestWriteWaitsForNoCommit(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := Open(db, slog.New(slog.DiscardHandler), 10000)
	const entries = 3000
	err = db.Update(func(*bbolt.Tx) error {
		written := make(chan struct{})
		go func() {
			defer close(written)
			for range entries {
				log.Write(Entry{Action: "test"})
			}
		}()
		select {
		case <-written:
		case <-time.After(15 * time.Second):
			t.Error("it waits for the commit")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	log.Close()
	if all, _, err := log.Read(0, entries+1, func(*Entry) bool { return true }); err != nil || len(all) != entries {
		t.Errorf("%d entries, %v", len(all), err)
	}
}
