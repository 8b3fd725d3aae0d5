// Package store is the gateway's own file: one bbolt database for tokens,
// sessions, the log of events, webhooks and what waits to be sent. The file of
// libwa, which holds the sessions' keys, is another one and never opened here.
package store

import (
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// The buckets. Keys of those with a number are big endian, so that they are in
// the order of the numbers.
var (
	Tokens   = []byte("tokens")   // by id
	Sessions = []byte("sessions") // by id
	Events   = []byte("events")   // by cursor
	EventsBy = []byte("eventsby") // by session and cursor: the type of each event
	Evicted  = []byte("evicted")  // by session: the cursor of the newest event that is not kept any more
	Meta     = []byte("meta")     // by name: what there is one of
	Audit    = []byte("audit")    // by number
	Webhooks = []byte("webhooks") // by id
	Queue    = []byte("queue")    // by webhook, lane and cursor: what is to be delivered
	Due      = []byte("due")      // by webhook, time and lane: when the first delivery of each lane is due
	Dead     = []byte("dead")     // by webhook and cursor: what was given up
	Outbox   = []byte("outbox")   // by number: what is to be sent
	Sent     = []byte("sent")     // by token, session and Idempotency-Key
	Damaged  = []byte("damaged")  // by number: records of the others that cannot be read, as they were
)

var buckets = [][]byte{Tokens, Sessions, Events, EventsBy, Evicted, Meta, Audit, Webhooks, Queue, Due, Dead, Outbox, Sent, Damaged}

// DB is the open file.
type DB struct {
	*bbolt.DB
	trouble atomic.Pointer[Trouble]     // nil for none
	log     atomic.Pointer[slog.Logger] // nil for none
	damage  damage
}

// Update is bbolt's, and remembers whether the disk takes what is written.
func (db *DB) Update(fn func(*bbolt.Tx) error) error { return db.noted(db.DB.Update(fn)) }

// Batch is bbolt's, and remembers whether the disk takes what is written.
func (db *DB) Batch(fn func(*bbolt.Tx) error) error { return db.noted(db.DB.Batch(fn)) }

func (db *DB) noted(err error) error {
	err = withCause(err)
	trouble := TroubleOf(err)
	if trouble == Fine || db.trouble.Swap(&trouble) != nil {
		return err
	}
	if log := db.log.Load(); log != nil {
		log.Error("the disk takes nothing; what needs it waits or is refused, and goes on by itself when it takes something again",
			"folder", filepath.Dir(db.Path()), "trouble", trouble, "error", err)
	}
	return err
}

// LogTo has the log tell once of each fault of the disk, and of its end.
func (db *DB) LogTo(log *slog.Logger) { db.log.Store(log) }

// Level gives the level at which a failure is logged: one that comes of a fault of
// the disk was told already.
func (db *DB) Level(err error, level slog.Level) slog.Level {
	if TroubleOf(err) != Fine && db.log.Load() != nil {
		return slog.LevelDebug
	}
	return level
}

// Trouble says why the disk took nothing, as long as no probe has found that it
// takes something again.
func (db *DB) Trouble() Trouble {
	if trouble := db.trouble.Load(); trouble != nil {
		return *trouble
	}
	return Fine
}

// probeRoom is how much room there has to be on a disk that was full. What is
// free within the file says nothing about it.
const probeRoom = 1 << 20

// Probe finds out whether a disk that took nothing takes something again.
func (db *DB) Probe() error {
	var system syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(db.Path()), &system); err == nil && system.Bavail*uint64(system.Bsize) < probeRoom {
		return syscall.ENOSPC
	}
	err := db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(Meta).Put([]byte("probe"), []byte(time.Now().UTC().Format(time.RFC3339)))
	})
	if err == nil && db.trouble.Swap(nil) != nil {
		if log := db.log.Load(); log != nil {
			log.Info("the disk takes something again", "folder", filepath.Dir(db.Path()))
		}
	}
	return err
}

// Number makes a key of a number.
func Number(n uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, n)
}

// Under makes a key of an id and a number, so that those of one id are
// together and in order.
func Under(id string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(id), 0), n)
}

// Prefix is what the keys made with Under begin with.
func Prefix(id string) []byte {
	return append([]byte(id), 0)
}

// NumberOf gives the number at the end of a key.
func NumberOf(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key[len(key)-8:])
}

// Put writes a value as JSON.
func Put(tx *bbolt.Tx, bucket, key []byte, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, encoded)
}

// PutNumbered writes a value under a number that the bucket has not given out. The
// bucket gives out higher ones from then on.
func PutNumbered(tx *bbolt.Tx, bucket []byte, number uint64, value any) error {
	if b := tx.Bucket(bucket); b.Sequence() < number {
		if err := b.SetSequence(number); err != nil {
			return err
		}
	}
	return Put(tx, bucket, Number(number), value)
}

// Get reads a value, and says whether it is there.
func Get(tx *bbolt.Tx, bucket, key []byte, value any) (bool, error) {
	encoded := tx.Bucket(bucket).Get(key)
	if encoded == nil {
		return false, nil
	}
	return true, json.Unmarshal(encoded, value)
}

// Last gives the highest number that a bucket has a key of.
func Last(tx *bbolt.Tx, bucket []byte) uint64 {
	key, _ := tx.Bucket(bucket).Cursor().Last()
	return NumberOf(key)
}
