package events

import (
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// scanLimit is how many events one call of Read looks at.
const scanLimit = 4096

// Read gives up to limit events after a cursor that are wanted, and the cursor
// to go on from, which is further than the last of them when others follow
// that are not wanted.
func (l *Log) Read(after uint64, limit int, wanted func(*Event) bool) (events []Event, next uint64, err error) {
	next = after
	err = l.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(store.Events).Cursor()
		key, value := c.Seek(store.Number(after + 1))
		for looked := 0; key != nil && len(events) < limit && looked < scanLimit; looked++ {
			var event Event
			if err := json.Unmarshal(value, &event); err != nil {
				return err
			}
			event.Cursor = store.NumberOf(key)
			next = event.Cursor
			if wanted == nil || wanted(&event) {
				events = append(events, event)
			}
			key, value = c.Next()
		}
		return nil
	})
	return events, next, err
}

// Bounds gives the cursors of the oldest event that is kept and of the newest;
// the oldest is one further than the newest when there is none.
func (l *Log) Bounds() (oldest, newest uint64) {
	l.db.View(func(tx *bbolt.Tx) error {
		key, _ := tx.Bucket(store.Events).Cursor().First()
		oldest = store.NumberOf(key)
		// Readers see what is committed a moment before last says so.
		newest = store.Last(tx, store.Events)
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	newest = max(newest, l.last)
	if oldest == 0 {
		oldest = newest + 1
	}
	return oldest, newest
}

// Resume says from where a reader goes on that has read as far as a cursor, and
// whether something may be missing in between: what follows is not kept any
// more, or the log is an older copy, which has not come as far. All that it
// holds is read again then, for nobody knows what of it is new.
func (l *Log) Resume(after uint64) (from uint64, gap bool) {
	oldest, newest := l.Bounds()
	switch {
	case after > newest:
		return 0, true
	case after > 0 && after+1 < oldest:
		return after, true
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
