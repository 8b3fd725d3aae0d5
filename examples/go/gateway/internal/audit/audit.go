// Package audit writes down every attempt to pair, and what is done to sessions,
// tokens and webhooks: who, for which number (masked), and what came of it. A
// code is never part of it.
package audit

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/phonenumber"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// An Entry is one line of the audit.
type Entry struct {
	Number  uint64    `json:"number" doc:"Counts the entries."`
	Time    time.Time `json:"time"`
	Action  string    `json:"action" doc:"What was done." enum:"pair_by_code,pair_by_qr,pair,pair_cancel,passkey,unlink,restart,session_create,session_change,session_delete,events_delete,token_create,token_revoke,webhook_create,webhook_delete,webhook_rotate,webhook_redeliver"`
	Outcome string    `json:"outcome" doc:"What came of it: requested, code_issued, linked, refused, or the reason of a failure."`
	Session string    `json:"session,omitempty"`
	Phone   string    `json:"phoneNumber,omitempty" doc:"The masked number."`
	Token   string    `json:"tokenId,omitempty" doc:"Whose token it was."`
	Name    string    `json:"tokenName,omitempty"`
	Remote  string    `json:"remote,omitempty" doc:"Where the request came from."`
	Request string    `json:"requestId,omitempty" doc:"Names the request in the gateway's log; the answer had it in X-Request-Id."`
}

// Log is the audit.
type Log struct {
	db     *store.DB
	log    *slog.Logger
	keep   uint64
	more   chan struct{} // holds a token when something waits
	ending chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	waiting []Entry
}

const (
	// batchLimit is how many entries share a commit at most.
	batchLimit = 256
	// waitingLimit is how many may wait for a disk that is too slow.
	waitingLimit = 1 << 16
)

// Open gives the audit of a store, which holds the last keep entries.
func Open(db *store.DB, log *slog.Logger, keep int) *Log {
	l := &Log{
		db: db, log: log, keep: uint64(keep),
		more: make(chan struct{}, 1), ending: make(chan struct{}), done: make(chan struct{}),
	}
	go l.write()
	return l
}

// Write adds an entry, in the store and in the log. The number is masked here.
// It does not wait for the disk: callers hold locks that commits want.
func (l *Log) Write(entry Entry) {
	entry.Time = time.Now().UTC().Truncate(time.Millisecond)
	entry.Phone = phonenumber.Mask(entry.Phone)
	l.log.Info("audit", "action", entry.Action, "outcome", entry.Outcome, "session", entry.Session,
		"phone", entry.Phone, "token", entry.Token, "remote", entry.Remote, "request", entry.Request)
	l.mu.Lock()
	full := len(l.waiting) >= waitingLimit
	if !full {
		l.waiting = append(l.waiting, entry)
	}
	l.mu.Unlock()
	if full {
		l.log.Error("the audit could not be written", "error", "too many entries wait for the disk")
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// Waiting counts what waits to be written.
func (l *Log) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// Close writes what waits, and ends the audit.
func (l *Log) Close() {
	close(l.ending)
	<-l.done
}

func (l *Log) write() {
	defer close(l.done)
	for {
		select {
		case <-l.more:
			l.persistAll()
		case <-l.ending:
			l.persistAll()
			return
		}
	}
}

func (l *Log) persistAll() {
	for batch := l.collect(); len(batch) > 0; batch = l.collect() {
		l.persist(batch)
	}
}

// collect takes a batch of what waits.
func (l *Log) collect() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), batchLimit)
	batch := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	return batch
}

func (l *Log) persist(batch []Entry) {
	err := l.db.Update(func(tx *bbolt.Tx) error {
		last := store.Last(tx, store.Audit)
		for _, entry := range batch {
			last++
			entry.Number = last
			if err := store.Put(tx, store.Audit, store.Number(last), entry); err != nil {
				return err
			}
		}
		return l.prune(tx, last)
	})
	if err != nil {
		l.log.Log(context.Background(), l.db.Level(err, slog.LevelError), "the audit could not be written", "entries", len(batch), "error", err)
	}
}

// pruneLimit is how many entries a commit removes at most.
const pruneLimit = 1000

// prune removes the oldest, more than are added each time: there are too many
// after fewer are to be kept than before.
func (l *Log) prune(tx *bbolt.Tx, last uint64) error {
	if last <= l.keep {
		return nil
	}
	c := tx.Bucket(store.Audit).Cursor()
	key, _ := c.First()
	for n := 0; key != nil && store.NumberOf(key) <= last-l.keep && n < pruneLimit; n++ {
		next := store.Number(store.NumberOf(key) + 1)
		if err := c.Delete(); err != nil {
			return err
		}
		key, _ = c.Seek(next)
	}
	return nil
}

// Records are the entries, for those that cannot be read.
func Records() store.Kind {
	return store.Kind{
		Bucket: store.Audit,
		Read: func(_, value []byte) error {
			var entry Entry
			return json.Unmarshal(value, &entry)
		},
		Remedy: "one entry of the audit is lost; the log of that time has it, too",
	}
}

// Read gives up to limit entries after a number that are wanted, and the number
// to go on from.
func (l *Log) Read(after uint64, limit int, wanted func(*Entry) bool) (entries []Entry, next uint64, err error) {
	entries, next = []Entry{}, after
	err = l.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(store.Audit).Cursor()
		for key, value := c.Seek(store.Number(after + 1)); key != nil && len(entries) < limit; key, value = c.Next() {
			var entry Entry
			next = store.NumberOf(key)
			if json.Unmarshal(value, &entry) != nil {
				l.db.Unreadable(store.Audit, key)
				continue
			}
			if wanted(&entry) {
				entries = append(entries, entry)
			}
		}
		return nil
	})
	return entries, next, err
}
