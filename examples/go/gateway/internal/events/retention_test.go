package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

func openWith(t *testing.T, folder string, retention Retention) (*Log, func()) {
	t.Helper()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(db, slog.New(slog.DiscardHandler), retention, nil)
	if err != nil {
		t.Fatal(err)
	}
	return log, func() {
		log.Close()
		db.Close()
	}
}

// of counts the events of a session.
func of(t *testing.T, log *Log, session string) int {
	t.Helper()
	events, _, err := log.ReadOf(session, 0, 1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		if event.Session != session {
			t.Errorf("%s has an event of %s", session, event.Session)
		}
	}
	all, _, err := log.Read(0, 1<<20, func(e *Event) bool { return e.Session == session })
	if err != nil || len(all) != len(events) {
		t.Errorf("%s: %d in the log, %d in its index, %v", session, len(all), len(events), err)
	}
	return len(events)
}

// written waits until everything that was posted is in the log.
func written(log *Log) {
	done := make(chan struct{})
	log.post(entry{then: func() { close(done) }})
	<-done
}

// A session that makes many events evicts its own, and none of the others.
func TestALoudSessionEvictsItsOwn(t *testing.T) {
	for name, retention := range map[string]Retention{
		"in all": {Keep: 100}, "of each": {Keep: 100000, PerSession: 60},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			log, end := openWith(t, folder, retention)
			for n := range 20 {
				log.Post(Event{Type: "test", Session: "quiet"}, nil)
				log.Post(Event{Type: "test", Session: fmt.Sprint("other", n%2)}, nil)
			}
			written(log)
			quiet := log.Last()
			for range 3000 {
				log.Post(Event{Type: "test", Session: "loud"}, nil)
			}
			written(log)
			for session, wanted := range map[string]int{"quiet": 20, "other0": 10, "other1": 10, "loud": 60} {
				if got := of(t, log, session); got != wanted {
					t.Errorf("%s has %d events, not %d", session, got, wanted)
				}
			}
			// Only who reads the loud one misses something.
			for session, wanted := range map[string]bool{"quiet": false, "loud": true} {
				if _, gap := log.Resume(quiet, func(s string) bool { return s == session }); gap != wanted {
					t.Errorf("a reader of %s has a gap: %v", session, gap)
				}
			}
			last := log.Last()
			end()
			log, end = openWith(t, folder, retention)
			defer end()
			if log.Last() != last || of(t, log, "quiet") != 20 || of(t, log, "loud") != 60 {
				t.Error("it is another one after a restart")
			}
			if _, gap := log.Resume(quiet, func(s string) bool { return s == "loud" }); !gap {
				t.Error("the gap is forgotten")
			}
		})
	}
}

// What is too old goes, also when nothing new comes; cursors go on behind it.
func TestRetentionByAge(t *testing.T) {
	folder := t.TempDir()
	log, end := openWith(t, folder, Retention{Keep: 1000, Age: time.Hour})
	old := time.Now().Add(-2 * time.Hour)
	for range 3 {
		log.Post(Event{Type: "test", Session: "s", Time: old}, nil)
	}
	log.Post(Event{Type: "test", Session: "s"}, nil)
	written(log)
	if got := of(t, log, "s"); got != 1 {
		t.Errorf("%d are left", got)
	}
	end()
	log, end = openWith(t, folder, Retention{Keep: 1000, Age: time.Nanosecond})
	log.Tidy()
	written(log)
	if got := of(t, log, "s"); got != 0 {
		t.Errorf("%d are left", got)
	}
	end()
	log, end = openWith(t, folder, Retention{Keep: 1000})
	defer end()
	log.Post(Event{Type: "test", Session: "s"}, nil)
	written(log)
	if events, _, _ := log.Read(0, 10, nil); len(events) != 1 || events[0].Cursor != 5 {
		t.Errorf("%+v", events)
	}
}

// Nothing is left of a session that is forgotten, not even that it had events.
func TestForget(t *testing.T) {
	log, end := openWith(t, t.TempDir(), Retention{Keep: 20000, PerSession: 9000})
	defer end()
	for range 10000 {
		log.Post(Event{Type: "test", Session: "gone"}, nil)
	}
	log.Post(Event{Type: "test", Session: "gone.too"}, nil)
	if !log.Forget(t.Context(), "gone") {
		t.Error("it is not done")
	}
	if got := of(t, log, "gone"); got != 0 {
		t.Errorf("%d are left", got)
	}
	if got := of(t, log, "gone.too"); got != 1 {
		t.Errorf("another one has %d", got)
	}
	if _, gap := log.Resume(1, nil); gap {
		t.Error("a new session of its name has a gap")
	}
	log, end = openWith(t, t.TempDir(), Retention{Keep: 10})
	end()
	if log.Forget(t.Context(), "gone") {
		t.Error("a log that has ended says that it is done")
	}
}

// A log that was written before there was an index has one when it is opened.
func TestAnOlderLogIsIndexed(t *testing.T) {
	folder := t.TempDir()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for n := uint64(7); n < 10; n++ {
			event := Event{ID: "evt", Type: "test", Session: "s", Data: json.RawMessage("{}")}
			if err := store.Put(tx, store.Events, store.Number(n), event); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	log, end := openWith(t, folder, Retention{Keep: 1000})
	defer end()
	if got := of(t, log, "s"); got != 3 || log.Last() != 9 {
		t.Errorf("%d events up to %d", got, log.Last())
	}
	for after, wanted := range map[uint64]bool{0: false, 1: true, 6: false} {
		if _, gap := log.Resume(after, nil); gap != wanted {
			t.Errorf("after %d: %v", after, gap)
		}
	}
}

// So has one that an older version has gone on with, which knows of no index.
func TestALogThatAnOlderVersionWentOnWith(t *testing.T) {
	folder := t.TempDir()
	log, end := openWith(t, folder, Retention{Keep: 1000})
	for range 5 {
		log.Post(Event{Type: "test", Session: "s"}, nil)
	}
	written(log)
	end()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for n := uint64(6); n < 9; n++ {
			event := Event{ID: "evt", Type: "test", Session: "s", Data: json.RawMessage("{}")}
			if err := store.Put(tx, store.Events, store.Number(n), event); err != nil {
				return err
			}
			if err := tx.Bucket(store.Events).Delete(store.Number(n - 5)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	log, end = openWith(t, folder, Retention{Keep: 1000})
	defer end()
	if got := of(t, log, "s"); got != 5 || log.Last() != 8 || log.Kept() != 5 {
		t.Errorf("%d events up to %d, %d counted", got, log.Last(), log.Kept())
	}
	if _, gap := log.Resume(2, func(session string) bool { return session == "s" }); !gap {
		t.Error("the gap is not told")
	}
}

// What is posted behind the removal of a session's events stays.
func TestForgetEndsWithWhatWasBefore(t *testing.T) {
	var failing atomic.Bool
	failing.Store(true)
	log, db := open(t, t.TempDir(), 1000, func(*bbolt.Tx, []Event) error {
		if failing.Load() {
			return errors.New("the disk is full")
		}
		return nil
	})
	defer db.Close()
	defer log.Close()
	post(log, 0, nil)
	for !log.Failing() {
		time.Sleep(time.Millisecond)
	}
	forgotten := make(chan struct{})
	post(log, 1, nil)
	log.post(entry{forget: "s", then: func() { close(forgotten) }})
	post(log, 2, nil)
	failing.Store(false)
	<-forgotten
	written(log)
	if events, _, err := log.ReadOf("s", 0, 10, nil); err != nil || len(events) != 1 || string(events[0].Data) != "2" {
		t.Errorf("%+v, %v", events, err)
	}
}
