package events

import (
	"bytes"
	"encoding/json"
	"maps"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// lastKey is where the cursor of the newest event stands: that one itself may not
// be kept any more.
var lastKey = []byte("events-last")

// everySession stands in place of a session's name for what is true of all.
const everySession = ""

// removeLimit is how many events one commit removes at most, beside as many as it
// adds.
const removeLimit = 2 * batchLimit

// index makes the index by session of a log that was written without one: by a
// version that has none, be it the one before this or one that was gone back to
// for a while.
func (l *Log) index() error {
	missing := false
	err := l.db.View(func(tx *bbolt.Tx) error {
		missing = store.Last(tx, store.Events) > store.NumberOf(tx.Bucket(store.Meta).Get(lastKey))
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return l.db.Update(func(tx *bbolt.Tx) error {
		// What there is of it may name events that are not kept any more.
		if err := tx.DeleteBucket(store.EventsBy); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(store.EventsBy); err != nil {
			return err
		}
		c := tx.Bucket(store.Events).Cursor()
		first := uint64(0)
		for key, value := c.First(); key != nil; key, value = c.Next() {
			event, err := head(value)
			if err != nil {
				l.db.Unreadable(store.Events, key)
				continue
			}
			cursor := store.NumberOf(key)
			if first == 0 {
				first = cursor
			}
			if err := tx.Bucket(store.EventsBy).Put(store.Under(event.Session, cursor), []byte(event.Type)); err != nil {
				return err
			}
		}
		if err := tx.Bucket(store.Meta).Put(lastKey, store.Number(store.Last(tx, store.Events))); err != nil || first <= 1 {
			return err
		}
		return tx.Bucket(store.Evicted).Put(evictedKey(everySession), store.Number(first-1))
	})
}

// count counts what is kept, and reads what is not.
func (l *Log) count(tx *bbolt.Tx) error {
	l.last = newest(tx)
	c := tx.Bucket(store.EventsBy).Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.Next() {
		l.counts[string(key[:len(key)-9])]++
		l.total++
	}
	l.kept.Store(int64(l.total))
	return tx.Bucket(store.Evicted).ForEach(func(key, value []byte) error {
		l.evicted[string(key[1:])] = store.NumberOf(value)
		return nil
	})
}

// evictedKey is the key of a session in the bucket of the same name; bbolt has no
// empty keys.
func evictedKey(session string) []byte { return append([]byte{'.'}, session...) }

// A change is what a commit does to the counts, once it is made.
type change struct {
	l       *Log
	counts  map[string]int
	total   int
	evicted map[string]uint64
}

func (c *change) put(tx *bbolt.Tx, event Event) error {
	if err := store.Put(tx, store.Events, store.Number(event.Cursor), event); err != nil {
		return err
	}
	c.counts[event.Session]++
	c.total++
	return tx.Bucket(store.EventsBy).Put(store.Under(event.Session, event.Cursor), []byte(event.Type))
}

func (c *change) count(session string) int { return c.l.counts[session] + c.counts[session] }

// apply makes the counts those after the commit.
func (c *change) apply() {
	for session, more := range c.counts {
		if c.l.counts[session] += more; c.l.counts[session] <= 0 {
			delete(c.l.counts, session)
		}
	}
	c.l.total += c.total
	c.l.kept.Store(int64(c.l.total))
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	maps.Copy(c.l.evicted, c.evicted)
}

// prune removes what is too old, then what is too much of one session, then the
// oldest of the session that has the most, until no more than allowed is left.
func (c *change) prune(tx *bbolt.Tx) error {
	limit := removeLimit
	if age := c.l.retention.Age; age > 0 {
		if err := c.pruneOld(tx, time.Now().Add(-age), &limit); err != nil {
			return err
		}
	}
	if most := c.l.retention.PerSession; most > 0 {
		for session := range c.counts {
			for ; c.count(session) > most && limit > 0; limit-- {
				if err := c.evictOldest(tx, session); err != nil {
					return err
				}
			}
		}
	}
	for c.l.total+c.total > c.l.retention.Keep && limit > 0 {
		loudest, second := c.loudest()
		for ; c.l.total+c.total > c.l.retention.Keep && c.count(loudest) >= second && c.count(loudest) > 0 && limit > 0; limit-- {
			if err := c.evictOldest(tx, loudest); err != nil {
				return err
			}
		}
		if c.count(loudest) == 0 && second == 0 {
			return nil
		}
	}
	return nil
}

// loudest gives the session that has the most events, and how many the next one
// has.
func (c *change) loudest() (session string, second int) {
	most := -1
	look := func(name string) {
		switch n := c.count(name); {
		case n > most:
			session, most, second = name, n, max(most, 0)
		case n > second:
			second = n
		}
	}
	for name := range c.l.counts {
		look(name)
	}
	for name := range c.counts {
		if _, known := c.l.counts[name]; !known {
			look(name)
		}
	}
	return session, second
}

func (c *change) pruneOld(tx *bbolt.Tx, before time.Time, limit *int) error {
	cursor := tx.Bucket(store.Events).Cursor()
	for key, value := cursor.First(); key != nil && *limit > 0; *limit-- {
		var event Event
		if json.Unmarshal(value, &event) != nil {
			c.l.db.Unreadable(store.Events, key)
			key, value = cursor.Next()
			continue
		}
		if !event.Time.Before(before) {
			return nil
		}
		if err := c.remove(tx, event.Session, store.NumberOf(key)); err != nil {
			return err
		}
		key, value = cursor.Seek(key)
	}
	return nil
}

// evictOldest removes the oldest event of a session.
func (c *change) evictOldest(tx *bbolt.Tx, session string) error {
	key, _ := tx.Bucket(store.EventsBy).Cursor().Seek(store.Prefix(session))
	if !bytes.HasPrefix(key, store.Prefix(session)) {
		c.counts[session] = -c.l.counts[session] // it was counted wrongly
		return nil
	}
	return c.remove(tx, session, store.NumberOf(key))
}

// remove removes an event, and remembers that it was there.
func (c *change) remove(tx *bbolt.Tx, session string, cursor uint64) error {
	c.counts[session]--
	c.total--
	c.evicted[session] = max(cursor, c.evicted[session])
	if err := tx.Bucket(store.Evicted).Put(evictedKey(session), store.Number(c.evicted[session])); err != nil {
		return err
	}
	if err := tx.Bucket(store.EventsBy).Delete(store.Under(session, cursor)); err != nil {
		return err
	}
	return tx.Bucket(store.Events).Delete(store.Number(cursor))
}

// forget removes all events of a session, and that there were any.
func (l *Log) forget(session string) error {
	for {
		c := &change{l: l, counts: map[string]int{}, evicted: map[string]uint64{}}
		err := l.db.Update(func(tx *bbolt.Tx) error {
			for limit := 8 * removeLimit; limit > 0 && c.count(session) > 0; limit-- {
				if err := c.evictOldest(tx, session); err != nil {
					return err
				}
			}
			return tx.Bucket(store.Evicted).Delete(evictedKey(session))
		})
		if err != nil {
			return err
		}
		c.evicted = nil
		c.apply()
		if l.counts[session] == 0 {
			l.mu.Lock()
			delete(l.evicted, session)
			l.mu.Unlock()
			return nil
		}
	}
}

// Tidy removes what has become too old while nothing was posted.
func (l *Log) Tidy() {
	l.Do(func(*bbolt.Tx) error { return nil })
}
