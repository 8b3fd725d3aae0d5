// Package events is the durable log of what happened to the sessions. Whatever
// comes from libwa, or from the gateway itself, is posted here; one writer
// commits it, a batch at a time, and only then is libwa told that the event
// has been dealt with. Readers go by cursor, which is a position in the log.
package events

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// An Event is one entry of the log.
type Event struct {
	Cursor  uint64    `json:"-"`
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Session string    `json:"session"`
	Time    time.Time `json:"time"`

	// Redelivered says that an earlier run of the gateway had the event from
	// libwa, and may have written it: its ID is the same then.
	Redelivered bool `json:"redelivered,omitempty"`

	// Chat is what the order of webhooks goes by.
	Chat string `json:"chat,omitempty"`

	Data json.RawMessage `json:"data"`
}

// View is an event as readers get it.
type View struct {
	Cursor      string    `json:"cursor" doc:"The position in the log, for the parameter after."`
	ID          string    `json:"id" doc:"The same whenever the same event is delivered again."`
	Type        string    `json:"type" doc:"What happened, such as message or session.state."`
	Session     string    `json:"session"`
	Time        time.Time `json:"time"`
	Redelivered bool      `json:"redelivered,omitempty" doc:"Whether it may have been delivered before a restart."`
	Data        any       `json:"data" doc:"What belongs to the type."`
}

// View gives the event as readers get it.
func (e *Event) View() View {
	return View{
		Cursor: strconv.FormatUint(e.Cursor, 10), ID: e.ID, Type: e.Type, Session: e.Session,
		Time: e.Time, Redelivered: e.Redelivered, Data: e.Data,
	}
}

// NewID makes an id for an event that has none of its own.
func NewID() string {
	id := make([]byte, 12)
	rand.Read(id)
	return "evt_" + hex.EncodeToString(id)
}

// entry is an event on its way into the log.
type entry struct {
	event  Event
	within func(*bbolt.Tx) error
	then   func()
}

// batchLimit is how many events share a commit at most.
const batchLimit = 256

// A Log is open as long as the gateway runs.
type Log struct {
	db   *store.DB
	log  *slog.Logger
	keep uint64
	also func(*bbolt.Tx, []Event) error

	entries chan entry
	ending  chan struct{}
	done    chan struct{}
	failing atomic.Bool
	written atomic.Uint64

	mu      sync.Mutex
	last    uint64
	changed chan struct{}
}

// Open opens the log of a store, which holds the last keep events. also is
// called within each commit, with the events that are part of it.
func Open(db *store.DB, log *slog.Logger, keep int, also func(*bbolt.Tx, []Event) error) (*Log, error) {
	l := &Log{
		db: db, log: log, keep: uint64(keep), also: also,
		entries: make(chan entry, 4*batchLimit), ending: make(chan struct{}), done: make(chan struct{}), changed: make(chan struct{}),
	}
	err := db.View(func(tx *bbolt.Tx) error {
		l.last = store.Last(tx, store.Events)
		return nil
	})
	if err != nil {
		return nil, err
	}
	go l.write()
	return l, nil
}

// Post hands an event to the writer. then, if it is not nil, is called when
// the event is on the disk. Events are written in the order in which they are
// posted.
func (l *Log) Post(event Event, then func()) {
	l.post(entry{event: event, then: then})
}

// PostWith is Post with something that is done within the same commit.
func (l *Log) PostWith(event Event, within func(*bbolt.Tx) error) {
	l.post(entry{event: event, within: within})
}

func (l *Log) post(entry entry) {
	event := &entry.event
	if event.ID == "" {
		event.ID = NewID()
	}
	if event.Time.IsZero() {
		event.Time = time.Now()
	}
	event.Time = event.Time.UTC().Truncate(time.Millisecond)
	if event.Data == nil {
		event.Data = json.RawMessage("{}")
	}
	select {
	case l.entries <- entry:
	case <-l.ending:
	}
}

// Close writes what was posted, and ends the log. What is posted later is
// lost; libwa brings its own events again.
func (l *Log) Close() {
	close(l.ending)
	<-l.done
}

// Failing says whether the last attempt to write failed.
func (l *Log) Failing() bool {
	return l.failing.Load()
}

// Written counts the events that were written since the start.
func (l *Log) Written() uint64 {
	return l.written.Load()
}

func (l *Log) write() {
	defer close(l.done)
	for {
		var batch []entry
		select {
		case first := <-l.entries:
			batch = l.collect(append(batch, first))
		case <-l.ending:
			if batch = l.collect(nil); len(batch) == 0 {
				return
			}
		}
		if !l.persist(batch) {
			return
		}
		for _, entry := range batch {
			if entry.then != nil {
				entry.then()
			}
		}
	}
}

// collect adds to a batch what waits already.
func (l *Log) collect(batch []entry) []entry {
	for len(batch) < batchLimit {
		select {
		case next := <-l.entries:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// persist commits a batch. A disk that is full may have room again: what
// cannot be written is tried again, and meanwhile nothing is acknowledged.
func (l *Log) persist(batch []entry) bool {
	pause := 100 * time.Millisecond
	for {
		err := l.commit(batch)
		l.failing.Store(err != nil)
		if err == nil {
			return true
		}
		l.log.Error("the log of events cannot be written", "error", err)
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			return false
		}
		time.Sleep(pause)
		pause = min(2*pause, 5*time.Second)
	}
}

func (l *Log) commit(batch []entry) error {
	var last uint64
	events := make([]Event, len(batch))
	err := l.db.Update(func(tx *bbolt.Tx) error {
		last = max(l.last, store.Last(tx, store.Events))
		for i := range batch {
			last++
			events[i] = batch[i].event
			events[i].Cursor = last
			if err := store.Put(tx, store.Events, store.Number(last), events[i]); err != nil {
				return err
			}
			if batch[i].within == nil {
				continue
			}
			if err := batch[i].within(tx); err != nil {
				return err
			}
		}
		if err := l.prune(tx, last); err != nil {
			return err
		}
		if l.also == nil {
			return nil
		}
		return l.also(tx, events)
	})
	if err != nil {
		return err
	}
	l.written.Add(uint64(len(batch)))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = last
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// prune removes the oldest, a few more than are added each time.
func (l *Log) prune(tx *bbolt.Tx, last uint64) error {
	if last <= l.keep {
		return nil
	}
	c := tx.Bucket(store.Events).Cursor()
	key, _ := c.First()
	for n := 0; key != nil && store.NumberOf(key) <= last-l.keep && n < 2*batchLimit; n++ {
		next := store.Number(store.NumberOf(key) + 1)
		if err := c.Delete(); err != nil {
			return err
		}
		key, _ = c.Seek(next)
	}
	return nil
}
