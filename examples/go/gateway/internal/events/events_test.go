package events

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

func open(t *testing.T, folder string, keep int, also func(*bbolt.Tx, []Event) error) (*Log, *store.DB) {
	t.Helper()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(db, slog.New(slog.DiscardHandler), keep, also)
	if err != nil {
		t.Fatal(err)
	}
	return log, db
}

func post(l *Log, n int, then func()) {
	l.Post(Event{Type: "test", Session: "s", Data: json.RawMessage(strconv.Itoa(n))}, then)
}

// While the disk does not take it, nothing is acknowledged, and nothing is
// lost: it comes later, once, and in its order.
func TestNothingIsAcknowledgedBeforeItIsWritten(t *testing.T) {
	var failing atomic.Bool
	failing.Store(true)
	log, db := open(t, t.TempDir(), 1000, func(*bbolt.Tx, []Event) error {
		if failing.Load() {
			return errors.New("the disk is full")
		}
		return nil
	})
	defer db.Close()
	var acknowledged []int
	for n := range 20 {
		post(log, n, func() { acknowledged = append(acknowledged, n) })
	}
	for !log.Failing() {
		time.Sleep(time.Millisecond)
	}
	if events, _, err := log.Read(0, 100, nil); err != nil || len(events) != 0 {
		t.Errorf("%v, %v are written", events, err)
	}
	failing.Store(false)
	log.Close()
	if log.Failing() {
		t.Error("it still fails")
	}
	events, next, err := log.Read(0, 100, nil)
	if err != nil || len(events) != 20 || next != 20 || len(acknowledged) != 20 {
		t.Fatalf("%d events, %d acknowledged, %v", len(events), len(acknowledged), err)
	}
	for n, event := range events {
		if string(event.Data) != strconv.Itoa(n) || acknowledged[n] != n || event.Cursor != uint64(n+1) {
			t.Errorf("%d: %+v, %d", n, event, acknowledged[n])
		}
	}
}

// The oldest go, cursors go on, also after a restart.
func TestPrune(t *testing.T) {
	folder := t.TempDir()
	for run := range 3 {
		log, db := open(t, folder, 10, nil)
		for n := range 300 {
			post(log, n, nil)
		}
		log.Close()
		oldest, newest := log.Bounds()
		if want := uint64(300 * (run + 1)); newest != want || oldest != want-9 {
			t.Errorf("run %d: from %d to %d", run, oldest, newest)
		}
		db.Close()
	}
}

// Read skips what is not wanted and goes on behind it.
func TestReadSkips(t *testing.T) {
	log, db := open(t, t.TempDir(), 10000, nil)
	defer db.Close()
	for n := range 5000 {
		post(log, n, nil)
	}
	log.Close()
	events, next, err := log.Read(0, 10, func(e *Event) bool { return e.Cursor > 4990 })
	if err != nil || len(events) != 0 || next != scanLimit {
		t.Errorf("%d events, on from %d, %v", len(events), next, err)
	}
	events, next, err = log.Read(next, 100, func(e *Event) bool { return e.Cursor > 4990 })
	if err != nil || len(events) != 10 || next != 5000 {
		t.Errorf("%d events, on from %d, %v", len(events), next, err)
	}
	select {
	case <-log.Changed(5000):
		t.Error("there is nothing new")
	default:
	}
	select {
	case <-log.Changed(4999):
	default:
		t.Error("there is something new")
	}
}
