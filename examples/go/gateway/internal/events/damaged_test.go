package events

import (
	"log/slog"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// An event that cannot be read while the gateway runs holds up nothing: the log is
// written on, also when it is the oldest and others are too many or too old, and
// readers go on without it, before and after it is set aside.
func TestADamagedEvent(t *testing.T) {
	folder := t.TempDir()
	log, end := openWith(t, folder, Retention{Keep: 4, Age: time.Hour})
	defer func() { end() }()
	for range 3 {
		log.Post(Event{Type: "message", Session: "a"}, nil)
		log.Post(Event{Type: "message", Session: "b"}, nil)
	}
	written(log)
	breakFirst := func() {
		t.Helper()
		err := log.db.Update(func(tx *bbolt.Tx) error {
			key, _ := tx.Bucket(store.Events).Cursor().First()
			return tx.Bucket(store.Events).Put(store.Number(store.NumberOf(key)), []byte("!"))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	breakFirst()
	look := func(when string, wanted int) {
		t.Helper()
		if got := of(t, log, "a") + of(t, log, "b"); got != wanted || log.Failing() {
			t.Errorf("%s: %d events, wanted %d; failing: %v", when, got, wanted, log.Failing())
		}
	}
	look("when it is found", 3)
	if log.db.Aside() != 1 {
		t.Errorf("%d are noted", log.db.Aside())
	}
	log.Post(Event{Type: "old", Session: "b", Time: time.Now().Add(-2 * time.Hour)}, nil)
	written(log)
	log.Tidy()
	written(log)
	breakFirst()
	if err := log.db.SetAsideAll(slog.New(slog.DiscardHandler), []store.Kind{Records()}); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		log.Post(Event{Type: "message", Session: "a"}, nil)
		log.Post(Event{Type: "message", Session: "b"}, nil)
	}
	written(log)
	look("when all others were removed", 4)
	breakFirst()
	end()
	log, end = openWith(t, folder, Retention{Keep: 4})
	look("behind a restart", 3)
}
