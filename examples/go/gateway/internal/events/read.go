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
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if oldest == 0 {
		oldest = l.last + 1
	}
	return oldest, l.last
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
