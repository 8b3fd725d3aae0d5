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
	Session     string    `json:"session" doc:"The session's name; - for what is of none."`
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

// OfNoSession stands in place of a session's name for what is the gateway's own.
// No session can have this name.
const OfNoSession = "-"

// NewID makes an id for an event that has none of its own.
func NewID() string {
	id := make([]byte, 12)
	rand.Read(id)
	return "evt_" + hex.EncodeToString(id)
}

// entry is an event on its way into the log. Without an event it is only what is
// done within a commit, or a session whose events are to be removed.
type entry struct {
	event  Event
	within func(*bbolt.Tx) error
	then   func()
	forget string
}

// Retention says what the log holds. A session that is loud loses its own oldest
// events first.
type Retention struct {
	Keep       int           // events in all
	PerSession int           // events of each session; 0 for no limit
	Age        time.Duration // how old they may be; 0 for no limit
}

const (
	// batchLimit is how many events share a commit at most.
	batchLimit = 256
	// waitingLimit is how many may wait for the writer before Room has none.
	waitingLimit = 4 * batchLimit
)

// A Log is open as long as the gateway runs.
type Log struct {
	db        *store.DB
	log       *slog.Logger
	retention Retention
	also      func(*bbolt.Tx, []Event) error

	// counts says how many events of each session are kept. The writer's alone.
	counts map[string]int
	total  int
	kept   atomic.Int64 // total, for others

	ending  chan struct{}
	done    chan struct{}
	failing atomic.Bool
	written atomic.Uint64

	mu      sync.Mutex
	last    uint64
	evicted map[string]uint64 // as the bucket of the same name
	changed chan struct{}

	queue   sync.Mutex
	waiting []entry
	more    chan struct{} // holds a token when something waits
	room    chan struct{} // closed when there is room again
}

// Open opens the log of a store. also is called within each commit, with the
// events that are part of it.
func Open(db *store.DB, log *slog.Logger, retention Retention, also func(*bbolt.Tx, []Event) error) (*Log, error) {
	l := &Log{
		db: db, log: log, retention: retention, also: also, counts: map[string]int{}, evicted: map[string]uint64{},
		ending: make(chan struct{}), done: make(chan struct{}), changed: make(chan struct{}),
		more: make(chan struct{}, 1), room: make(chan struct{}),
	}
	if err := l.index(); err != nil {
		return nil, err
	}
	if err := db.View(l.count); err != nil {
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
func (l *Log) PostWith(event Event, within func(*bbolt.Tx) error, then func()) {
	l.post(entry{event: event, within: within, then: then})
}

// Do has something done within a commit, behind what was posted before.
func (l *Log) Do(within func(*bbolt.Tx) error) {
	l.post(entry{within: within})
}

// Forget removes the events of a session that were posted before, waits for that
// as long as ctx lets it, and says whether it is done.
func (l *Log) Forget(ctx context.Context, session string) bool {
	done := make(chan struct{})
	l.post(entry{forget: session, then: func() { close(done) }})
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	case <-l.done:
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
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

// Kept counts the events that the log holds.
func (l *Log) Kept() int64 { return l.kept.Load() }

// Waiting counts what waits to be written.
func (l *Log) Waiting() int {
	l.queue.Lock()
	defer l.queue.Unlock()
	return len(l.waiting)
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

// collect takes a batch of what waits. One that removes a session's events ends
// with that: what is posted later stays.
func (l *Log) collect() []entry {
	l.queue.Lock()
	defer l.queue.Unlock()
	n := min(len(l.waiting), batchLimit)
	if at := slices.IndexFunc(l.waiting[:n], func(e entry) bool { return e.forget != "" }); at >= 0 {
		n = at + 1
	}
	full := len(l.waiting) >= waitingLimit
	batch := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	if full && len(l.waiting) < waitingLimit {
		close(l.room)
		l.room = make(chan struct{})
	}
	return batch
}

// persist commits a batch, and removes the events of the session that it ends
// with, if it does.
func (l *Log) persist(batch []entry) bool {
	if !l.insist(func() error { return l.commit(batch) }) {
		return false
	}
	forget := batch[len(batch)-1].forget
	return forget == "" || l.insist(func() error { return l.forget(forget) })
}

// insist writes something. A disk that is full may have room again: what cannot
// be written is tried again, and meanwhile nothing is acknowledged. When the log
// ends there is one last try.
func (l *Log) insist(write func() error) bool {
	pause := 100 * time.Millisecond
	for last := false; ; {
		select {
		case <-l.ending:
			last = true
		default:
		}
		err := write()
		failed := l.failing.Swap(err != nil)
		if err == nil {
			return true
		}
		level := l.db.Level(err, slog.LevelError)
		if failed {
			level = slog.LevelDebug // it was told with the first attempt
		}
		l.log.Log(context.Background(), level, "the log of events cannot be written; that is tried again", "error", err)
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
	c := &change{l: l, counts: map[string]int{}, evicted: map[string]uint64{}}
	events := make([]Event, 0, len(batch))
	last := uint64(0)
	err := l.db.Update(func(tx *bbolt.Tx) error {
		last = max(l.last, store.Last(tx, store.Events))
		for i := range batch {
			if batch[i].within != nil {
				if err := batch[i].within(tx); err != nil {
					return err
				}
			}
			if batch[i].event.Type == "" {
				continue
			}
			last++
			event := batch[i].event
			event.Cursor = last
			if err := c.put(tx, event); err != nil {
				return err
			}
			events = append(events, event)
		}
		if err := tx.Bucket(store.Meta).Put(lastKey, store.Number(last)); err != nil {
			return err
		}
		if err := c.prune(tx); err != nil {
			return err
		}
		if l.also == nil || len(events) == 0 {
			return nil
		}
		return l.also(tx, events)
	})
	if err != nil {
		return err
	}
	l.written.Add(uint64(len(events)))
	c.apply()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = last
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}
