package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// scanLimit is how many events are looked at before others have the store.
const scanLimit = 4096

// head reads what an event is about, and not what belongs to it.
func head(value []byte) (event Event, err error) {
	if event.Type, event.Session = member(value, `"type":"`), member(value, `"session":"`); event.Type != "" && event.Session != "" {
		return event, nil
	}
	err = json.Unmarshal(value, &event)
	return event, err
}

// member finds a member that holds a name among the first of an event, which
// stand before everything that comes from elsewhere.
func member(value []byte, key string) string {
	const reach = 256
	_, rest, found := bytes.Cut(value[:min(len(value), reach)], []byte(key))
	text, _, ends := bytes.Cut(rest, []byte{'"'})
	if !found || !ends || bytes.IndexByte(text, '\\') >= 0 {
		return ""
	}
	return string(text)
}

// Read gives up to limit events after a cursor that are wanted, and the cursor
// to go on from, which is further than the last of them when others follow
// that are not wanted. There is no event only if none follows. wanted sees the
// session and the type of each.
func (l *Log) Read(after uint64, limit int, wanted func(*Event) bool) (events []Event, next uint64, err error) {
	return l.read(after, limit, func(tx *bbolt.Tx, next uint64, take func(uint64, []byte) error) (uint64, error) {
		c := tx.Bucket(store.Events).Cursor()
		key, value := c.Seek(store.Number(next + 1))
		for looked := 0; looked < scanLimit && key != nil; looked++ {
			next = store.NumberOf(key)
			event, err := head(value)
			if err != nil {
				l.db.Unreadable(store.Events, key)
			}
			event.Cursor = next
			if err == nil && (wanted == nil || wanted(&event)) {
				if err := take(next, value); err != nil {
					return next, err
				}
			}
			key, value = c.Next()
		}
		if key == nil {
			return end(tx, next), io.EOF
		}
		return next, nil
	})
}

// end gives the cursor that a reader goes on from who has read as far as a cursor,
// and nothing follows that is theirs: further than what is not, or is not kept
// any more, so that they wait for what comes after it.
func end(tx *bbolt.Tx, next uint64) uint64 {
	return max(next, newest(tx))
}

// newest gives the cursor of the newest event that there was.
func newest(tx *bbolt.Tx) uint64 {
	return max(store.Last(tx, store.Events), store.NumberOf(tx.Bucket(store.Meta).Get(lastKey)))
}

// ReadOf is Read for one session. It looks at no event of another.
func (l *Log) ReadOf(session string, after uint64, limit int, wanted func(*Event) bool) (events []Event, next uint64, err error) {
	prefix := store.Prefix(session)
	return l.read(after, limit, func(tx *bbolt.Tx, next uint64, take func(uint64, []byte) error) (uint64, error) {
		c := tx.Bucket(store.EventsBy).Cursor()
		key, kind := c.Seek(store.Under(session, next+1))
		for looked := 0; looked < scanLimit && bytes.HasPrefix(key, prefix); looked++ {
			next = store.NumberOf(key)
			event := Event{Session: session, Type: string(kind), Cursor: next}
			if wanted == nil || wanted(&event) {
				if err := take(next, tx.Bucket(store.Events).Get(store.Number(next))); err != nil {
					return next, err
				}
			}
			key, kind = c.Next()
		}
		if !bytes.HasPrefix(key, prefix) {
			return end(tx, next), io.EOF
		}
		return next, nil
	})
}

// errEnough ends a reading.
var errEnough = errors.New("enough")

// read calls scan until there are enough events, or it says io.EOF.
func (l *Log) read(after uint64, limit int, scan func(tx *bbolt.Tx, next uint64, take func(uint64, []byte) error) (uint64, error)) (events []Event, next uint64, err error) {
	next = after
	take := func(cursor uint64, value []byte) error {
		var event Event
		if value == nil {
			return nil // it was damaged, and is not kept any more
		}
		if json.Unmarshal(value, &event) != nil {
			l.db.Unreadable(store.Events, store.Number(cursor))
			return nil
		}
		event.Cursor = cursor
		if events = append(events, event); len(events) >= limit {
			return errEnough
		}
		return nil
	}
	for err == nil && len(events) == 0 {
		err = l.db.View(func(tx *bbolt.Tx) error {
			at, err := scan(tx, next, take)
			next = at
			return err
		})
	}
	if err == io.EOF || err == errEnough {
		err = nil
	}
	return events, next, err
}

// Last gives the cursor of the newest event.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Oldest gives the time of the oldest event that is kept, the zero time if there
// is none.
func (l *Log) Oldest() (oldest time.Time) {
	l.db.View(func(tx *bbolt.Tx) error {
		var event Event
		if _, value := tx.Bucket(store.Events).Cursor().First(); value != nil && json.Unmarshal(value, &event) == nil {
			oldest = event.Time
		}
		return nil
	})
	return oldest
}

// Bounds gives the cursors of the oldest event that is kept and of the newest;
// the oldest is one further than the newest when there is none.
func (l *Log) Bounds() (oldest, last uint64) {
	l.db.View(func(tx *bbolt.Tx) error {
		key, _ := tx.Bucket(store.Events).Cursor().First()
		oldest = store.NumberOf(key)
		// Readers see what is committed a moment before last says so.
		last = newest(tx)
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	last = max(last, l.last)
	if oldest == 0 {
		oldest = last + 1
	}
	return oldest, last
}

// Resume says from where a reader goes on that has read as far as a cursor, and
// whether something may be missing in between: what followed is not kept any
// more, of a session that it reads, or the log is an older copy, which has not
// come as far. All that it holds is read again then, for nobody knows what of it
// is new.
func (l *Log) Resume(after uint64, reads func(session string) bool) (from uint64, gap bool) {
	_, newest := l.Bounds()
	if after > newest {
		return 0, true
	}
	if after == 0 {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for session, cursor := range l.evicted {
		if cursor > after && (session == everySession || reads == nil || reads(session)) {
			return after, true
		}
	}
	return after, false
}

// Changed gives a channel that is closed when something was written after a
// cursor; it is closed already if there is something.
func (l *Log) Changed(after uint64) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last > after {
		closed := make(chan struct{})
		close(closed)
		return closed
	}
	return l.changed
}
