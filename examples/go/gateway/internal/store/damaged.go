package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// A Kind is what the records of a bucket are, for those that cannot be read.
type Kind struct {
	Bucket []byte
	Read   func(key, value []byte) error // says why a record cannot be read

	// Session gives the session that a record is of, by what stands around it; nil
	// for none.
	Session func(tx *bbolt.Tx, key, value []byte) string

	// Instead gives what takes the place of a record; nil for nothing.
	Instead func(key []byte) any

	// Gone does what goes with the removal of a record, in the same commit; nil for
	// nothing.
	Gone func(tx *bbolt.Tx, key []byte) error

	Remedy string // what is lost, and what to do
}

// damagedKeep is how many damaged records are kept: the oldest make room.
const damagedKeep = 1000

// asideLimit is how many records one commit sets aside at most.
const asideLimit = 1000

// damage is what is known of damaged records.
type damage struct {
	kinds []Kind
	log   *slog.Logger
	aside atomic.Int64 // since the start

	mu    sync.Mutex
	noted map[string]noted // by bucket and key
}

// A noted record cannot be read, and waits to be set aside.
type noted struct {
	bucket, key []byte
}

// A DamagedRecord is one that was set aside.
type DamagedRecord struct {
	Bucket string    `json:"bucket"`
	Key    []byte    `json:"key"`
	Value  []byte    `json:"value"`
	Error  string    `json:"error"`
	At     time.Time `json:"at"`
}

// SetAsideAll reads every record of some kinds, and sets aside those that cannot be
// read, so that one of them keeps nothing else from being done. It is called before
// anything else reads them.
func (db *DB) SetAsideAll(log *slog.Logger, kinds []Kind) error {
	db.damage.kinds, db.damage.log = kinds, log
	err := db.View(func(tx *bbolt.Tx) error {
		for _, kind := range kinds {
			err := tx.Bucket(kind.Bucket).ForEach(func(key, value []byte) error {
				if kind.Read(key, value) != nil {
					db.Unreadable(kind.Bucket, key)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return db.SetAside()
}

// Unreadable notes a record that cannot be read, for SetAside. Whoever finds it goes
// on without it.
func (db *DB) Unreadable(bucket, key []byte) {
	d := &db.damage
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.noted == nil {
		d.noted = map[string]noted{}
	}
	d.noted[string(bucket)+"\x00"+string(key)] = noted{bytes.Clone(bucket), bytes.Clone(key)}
}

// SetAside moves the records that were noted into a bucket of their own, and names
// them in the log.
func (db *DB) SetAside() error {
	for {
		var some []noted
		d := &db.damage
		d.mu.Lock()
		for _, one := range d.noted {
			if some = append(some, one); len(some) == asideLimit {
				break
			}
		}
		d.mu.Unlock()
		if len(some) == 0 {
			return nil
		}
		var told []func()
		err := db.Update(func(tx *bbolt.Tx) error {
			told = nil
			for _, one := range some {
				tell, err := db.setAside(tx, one)
				if err != nil {
					return err
				}
				if tell != nil {
					told = append(told, tell)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		d.mu.Lock()
		for _, one := range some {
			delete(d.noted, string(one.bucket)+"\x00"+string(one.key))
		}
		d.mu.Unlock()
		d.aside.Add(int64(len(told)))
		for _, tell := range told {
			tell()
		}
	}
}

// setAside moves one record, and returns what tells of it; nil if it is not there any
// more, or can be read.
func (db *DB) setAside(tx *bbolt.Tx, one noted) (tell func(), err error) {
	bucket := tx.Bucket(one.bucket)
	kind := db.kind(one.bucket)
	value := bytes.Clone(bucket.Get(one.key))
	if kind == nil || value == nil {
		return nil, nil
	}
	why := kind.Read(one.key, value)
	if why == nil {
		return nil, nil
	}
	session := "-"
	if kind.Session != nil {
		session = kind.Session(tx, one.key, value)
	}
	aside := tx.Bucket(Damaged)
	number, err := aside.NextSequence()
	if err != nil {
		return nil, err
	}
	record := DamagedRecord{string(one.bucket), one.key, value, why.Error(), time.Now().UTC().Truncate(time.Second)}
	if err := Put(tx, Damaged, Number(number), record); err != nil {
		return nil, err
	}
	if number > damagedKeep {
		if err := aside.Delete(Number(number - damagedKeep)); err != nil {
			return nil, err
		}
	}
	if err := bucket.Delete(one.key); err != nil {
		return nil, err
	}
	if kind.Instead != nil {
		if err := Put(tx, one.bucket, one.key, kind.Instead(one.key)); err != nil {
			return nil, err
		}
	}
	if kind.Gone != nil {
		if err := kind.Gone(tx, one.key); err != nil {
			return nil, err
		}
	}
	return func() {
		db.damage.log.Error("a record of gateway.db is damaged, and was set aside", "bucket", string(one.bucket), "record", fmt.Sprintf("%q", one.key),
			"session", session, "error", why, "damaged", number, "remedy", kind.Remedy)
	}, nil
}

func (db *DB) kind(bucket []byte) *Kind {
	for i := range db.damage.kinds {
		if bytes.Equal(db.damage.kinds[i].Bucket, bucket) {
			return &db.damage.kinds[i]
		}
	}
	return nil
}

// Member finds a text in a record that may be damaged: what stands behind a name;
// "-" if it is not there.
func Member(value []byte, name string) string {
	_, rest, _ := bytes.Cut(value, []byte(`"`+name+`":"`))
	text, _, ends := bytes.Cut(rest, []byte{'"'})
	if !ends || len(text) == 0 || len(text) > 64 {
		return "-"
	}
	return string(text)
}

// Aside counts the damaged records that were set aside since the start, or are to be.
func (db *DB) Aside() int64 {
	db.damage.mu.Lock()
	defer db.damage.mu.Unlock()
	return db.damage.aside.Load() + int64(len(db.damage.noted))
}
