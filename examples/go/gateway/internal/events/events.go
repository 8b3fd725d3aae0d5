// Package events is the durable log of what happened to the sessions. Whatever
// comes from libwa, or from the gateway itself, is posted here; one writer
// commits it, a batch at a time, and only then is libwa told that the event
// has been dealt with. Readers go by cursor, which is a position in the log.
package events

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
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

const (
	// batchLimit is how many events share a commit at most.
	batchLimit = 256
	// waitingLimit is how many may wait for the writer before Room has none.
	waitingLimit = 4 * batchLimit
)

// A Log is open as long as the gateway runs.
type Log struct {
	db   *store.DB
	log  *slog.Logger
	keep uint64
	also func(*bbolt.Tx, []Event) error

	ending  chan struct{}
	done    chan struct{}
	failing atomic.Bool
	written atomic.Uint64

	mu      sync.Mutex
	last    uint64
	changed chan struct{}

	queue   sync.Mutex
	waiting []entry
	more    chan struct{} // holds a token when something waits
	room    chan struct{} // closed when there is room again
}

// Open opens the log of a store, which holds the last keep events. also is
// called within each commit, with the events that are part of it.
func Open(db *store.DB, log *slog.Logger, keep int, also func(*bbolt.Tx, []Event) error) (*Log, error) {
	l := &Log{
		db: db, log: log, keep: uint64(keep), also: also,
		ending: make(chan struct{}), done: make(chan struct{}), changed: make(chan struct{}),
		more: make(chan struct{}, 1), room: make(chan struct{}),
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

// Room waits until the log can take more, or ctx or the log ends. A disk that
// is full is slow without end, and what waits for it is in memory: whoever makes
// events, and can wait, waits here before, and holds no lock meanwhile.
func (l *Log) Room(ctx context.Context) {
	for {
		l.queue.Lock()
		full, room := len(l.waiting) >= waitingLimit, l.room
		l.queue.Unlock()
		if !full {
			return
		}
		select {
		case <-room:
		case <-ctx.Done():
			return
		case <-l.ending:
			return
		}
	}
}

// Full says whether what can be refused should be: the disk takes nothing, or
// far too little, and there is no room.
func (l *Log) Full() bool {
	l.queue.Lock()
	defer l.queue.Unlock()
	return len(l.waiting) >= waitingLimit && l.Failing() || len(l.waiting) >= 16*waitingLimit
}

// Post hands an event to the writer, and does not wait for it: callers hold
// locks that others want. then, if it is not nil, is called when the event is on
// the disk. Events are written in the order in which they are posted.
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
	l.queue.Lock()
	defer l.queue.Unlock()
	select {
	case <-l.done:
		return
	default:
	}
	l.waiting = append(l.waiting, entry)
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// Close writes what was posted, and ends the log; if the disk does not take it,
// it is tried once more. What is lost, or posted later, libwa brings again if it
// came from there.
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
		batch := l.collect()
		if len(batch) == 0 {
			select {
			case <-l.more:
				continue
			case <-l.ending:
			}
			if batch = l.collect(); len(batch) == 0 {
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

// collect takes a batch of what waits.
func (l *Log) collect() []entry {
	l.queue.Lock()
	defer l.queue.Unlock()
	n := min(len(l.waiting), batchLimit)
	full := len(l.waiting) >= waitingLimit
	batch := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	if full && len(l.waiting) < waitingLimit {
		close(l.room)
		l.room = make(chan struct{})
	}
	return batch
}

// persist commits a batch. A disk that is full may have room again: what
// cannot be written is tried again, and meanwhile nothing is acknowledged. When
// the log ends there is one last try.
func (l *Log) persist(batch []entry) bool {
	pause := 100 * time.Millisecond
	for last := false; ; {
		select {
		case <-l.ending:
			last = true
		default:
		}
		err := l.commit(batch)
		l.failing.Store(err != nil)
		if err == nil {
			return true
		}
		l.log.Error("the log of events cannot be written", "error", err)
		if last || errors.Is(err, berrors.ErrDatabaseNotOpen) {
			return false
		}
		select {
		case <-time.After(pause):
		case <-l.ending:
		}
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
