package events

import (
	"context"
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
	log, err := Open(db, slog.New(slog.DiscardHandler), Retention{Keep: keep}, also)
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

// A disk that stays full does not keep the gateway from ending; what waits is
// tried once more.
func TestCloseOnAFullDisk(t *testing.T) {
	var tries atomic.Int32
	log, db := open(t, t.TempDir(), 100, func(*bbolt.Tx, []Event) error {
		tries.Add(1)
		return errors.New("the disk is full")
	})
	defer db.Close()
	post(log, 0, nil)
	for !log.Failing() {
		time.Sleep(time.Millisecond)
	}
	before := tries.Load()
	closed := make(chan struct{})
	go func() {
		log.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(15 * time.Second):
		t.Fatal("it does not end")
	}
	if tries.Load() == before {
		t.Error("there was no last try")
	}
	post(log, 1, nil)
	log.Room(t.Context())
}

// Who posts never waits, for that is done under locks; who can wait does so for
// room, until the disk takes what was posted.
func TestRoom(t *testing.T) {
	var failing atomic.Bool
	failing.Store(true)
	log, db := open(t, t.TempDir(), 10000, func(*bbolt.Tx, []Event) error {
		if failing.Load() {
			return errors.New("the disk is full")
		}
		return nil
	})
	defer db.Close()
	defer log.Close()
	log.Room(t.Context())
	if log.Full() {
		t.Error("it is full from the beginning")
	}
	for n := range 3 * waitingLimit {
		post(log, n, nil)
	}
	for !log.Failing() {
		time.Sleep(time.Millisecond)
	}
	if !log.Full() {
		t.Error("it has room for more")
	}
	limited, cancel := context.WithCancel(t.Context())
	cancel()
	log.Room(limited) // comes back with its context
	waited := make(chan struct{})
	go func() {
		log.Room(t.Context())
		close(waited)
	}()
	select {
	case <-waited:
		t.Error("there is no room")
	case <-time.After(20 * time.Millisecond):
	}
	failing.Store(false)
	<-waited
	if log.Full() {
		t.Error("it is full when the disk takes everything")
	}
}

// A reader whose cursor the log cannot go on from hears of it: too old, or of a
// log that came further than this one.
func TestResume(t *testing.T) {
	log, db := open(t, t.TempDir(), 10, nil)
	defer db.Close()
	if from, gap := log.Resume(0, nil); from != 0 || gap {
		t.Errorf("of an empty log: %d, %v", from, gap)
	}
	for n := range 30 {
		post(log, n, nil)
	}
	log.Close()
	for after, wanted := range map[uint64]struct {
		from uint64
		gap  bool
	}{0: {0, false}, 1: {1, true}, 19: {19, true}, 20: {20, false}, 30: {30, false}, 31: {0, true}, 999999: {0, true}} {
		if from, gap := log.Resume(after, nil); from != wanted.from || gap != wanted.gap {
			t.Errorf("after %d: from %d, %v", after, from, gap)
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

// Read skips what is not wanted, however much that is: a page is empty only at
// the end.
func TestReadSkips(t *testing.T) {
	log, db := open(t, t.TempDir(), 10000, nil)
	defer db.Close()
	for n := range 5000 {
		post(log, n, nil)
	}
	log.Close()
	late := func(e *Event) bool { return e.Cursor > 4990 }
	for name, read := range map[string]func(uint64, int) ([]Event, uint64, error){
		"all":    func(after uint64, limit int) ([]Event, uint64, error) { return log.Read(after, limit, late) },
		"of one": func(after uint64, limit int) ([]Event, uint64, error) { return log.ReadOf("s", after, limit, late) },
	} {
		events, next, err := read(0, 5)
		if err != nil || len(events) != 5 || next != 4995 {
			t.Errorf("%s: %d events, on from %d, %v", name, len(events), next, err)
		}
		events, next, err = read(next, 100)
		if err != nil || len(events) != 5 || next != 5000 {
			t.Errorf("%s: %d events, on from %d, %v", name, len(events), next, err)
		}
	}
	if events, _, err := log.ReadOf("another", 0, 10, nil); err != nil || len(events) != 0 {
		t.Errorf("%v, %v", events, err)
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

// At the end of the log, the cursor to go on from is the end: else who waits there
// for news would find, again and again, what is not theirs or not kept any more.
func TestReadersAtTheEndWait(t *testing.T) {
	log, db := open(t, t.TempDir(), 10000, nil)
	defer db.Close()
	defer log.Close()
	waits := func(what string) {
		t.Helper()
		for name, read := range map[string]func(uint64, int, func(*Event) bool) ([]Event, uint64, error){
			"all": log.Read,
			"one": func(after uint64, limit int, wanted func(*Event) bool) ([]Event, uint64, error) {
				return log.ReadOf("s", after, limit, wanted)
			},
		} {
			next := uint64(0)
			for {
				events, at, err := read(next, 100, nil)
				if err != nil {
					t.Fatal(err)
				}
				if next = at; len(events) == 0 {
					break
				}
			}
			select {
			case <-log.Changed(next):
				t.Errorf("%s: a reader of %s at %d is told of news", what, name, next)
			default:
			}
			if from, gap := log.Resume(next, func(string) bool { return false }); from != next || gap {
				t.Errorf("%s: %s cannot go on from %d: %d, %v", what, name, next, from, gap)
			}
		}
	}
	post(log, 1, nil)
	log.Post(Event{Type: "test", Session: "loud"}, nil)
	written(log)
	waits("events of another session")
	log.Forget(t.Context(), "loud")
	waits("the newest were removed")
}
