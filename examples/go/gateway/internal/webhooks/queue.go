package webhooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// What waits for a webhook is on the disk, in two buckets. Queue has the
// deliveries: those of a lane stand together, in their order. Due has one key
// for each lane that is not empty, with the time at which its first delivery
// is due. So the next to be made are found without a look at any other, however
// many lanes there are, and however much waits in one that fails.

// A Delivery is an event on its way to a webhook.
type Delivery struct {
	Event    events.Event `json:"event"`
	Attempts int          `json:"attempts"`
	Next     time.Time    `json:"next,omitzero"`
	Error    string       `json:"error,omitempty"`
	Failing  time.Time    `json:"failing,omitzero"` // when the first attempt failed

	cursor uint64
	lane   lane
}

// A lane is what keeps its order: a chat of a session, or what belongs to no
// chat of it. It goes by a hash, for keys of one length.
type lane [16]byte

func laneOf(event *events.Event) (l lane) {
	hash := sha256.Sum256([]byte(event.Session + "\x00" + event.Chat))
	copy(l[:], hash[:])
	return l
}

func (l lane) prefix(id string) []byte { return append(store.Prefix(id), l[:]...) }

func (l lane) key(id string, cursor uint64) []byte {
	return binary.BigEndian.AppendUint64(l.prefix(id), cursor)
}

func (l lane) dueKey(id string, next time.Time) []byte {
	return append(binary.BigEndian.AppendUint64(store.Prefix(id), uint64(next.UnixNano())), l[:]...)
}

// dueLane gives the webhook and the lane of a key in Due.
func dueLane(key []byte) (id string, l lane) {
	before, rest, _ := bytes.Cut(key, []byte{0})
	copy(l[:], rest[min(len(rest), 8):])
	return string(before), l
}

// first reads the first delivery of a lane that can be read, if it has any.
func (h *Hooks) first(tx *bbolt.Tx, id string, l lane) (delivery Delivery, found bool) {
	c := tx.Bucket(store.Queue).Cursor()
	for key, value := c.Seek(l.prefix(id)); bytes.HasPrefix(key, l.prefix(id)); key, value = c.Next() {
		delivery, err := read(key, value)
		if err == nil {
			return delivery, true
		}
		h.db.Unreadable(store.Queue, key)
	}
	return delivery, false
}

// read reads a delivery out of Queue or Dead: the keys of both end with the
// cursor.
func read(key, value []byte) (delivery Delivery, err error) {
	err = json.Unmarshal(value, &delivery)
	delivery.cursor = store.NumberOf(key)
	delivery.Event.Cursor = delivery.cursor
	delivery.lane = laneOf(&delivery.Event)
	return delivery, err
}

// change changes what is in a lane, and keeps its key in Due true.
func (h *Hooks) change(tx *bbolt.Tx, id string, l lane, do func(queue *bbolt.Bucket) error) error {
	before, had := h.first(tx, id, l)
	if had {
		if err := tx.Bucket(store.Due).Delete(l.dueKey(id, before.Next)); err != nil {
			return err
		}
	}
	if err := do(tx.Bucket(store.Queue)); err != nil {
		return err
	}
	after, has := h.first(tx, id, l)
	if !has {
		return nil
	}
	return tx.Bucket(store.Due).Put(l.dueKey(id, after.Next), []byte{})
}

// Enqueue puts events into the queues of those who want them, within a commit.
func (h *Hooks) Enqueue(tx *bbolt.Tx, batch []events.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, webhook := range h.webhooks {
		if h.stopped(tx, webhook) {
			h.skip(tx, id, webhook, batch)
			continue
		}
		put := count{}
		for i := range batch {
			if !webhook.wants(&batch[i]) {
				continue
			}
			if err := h.enqueue(tx, id, batch[i], &put); err != nil {
				return err
			}
		}
		if put == (count{}) {
			continue
		}
		tx.OnCommit(func() { h.counted(id, put) })
		if worker := h.workers[id]; worker != nil {
			tx.OnCommit(worker.wake)
		}
	}
	return nil
}

// skip counts the events that a webhook would have got if it was not stopped.
// The caller holds mu.
func (h *Hooks) skip(tx *bbolt.Tx, id string, webhook *kept, batch []events.Event) {
	skipped := uint64(0)
	for i := range batch {
		if webhook.wants(&batch[i]) {
			skipped++
		}
	}
	if skipped > 0 {
		tx.OnCommit(func() { h.changeHealth(id, func(known *health) { known.Skipped += skipped }) })
	}
}

// enqueue puts an event at the end of its lane. The caller holds mu.
func (h *Hooks) enqueue(tx *bbolt.Tx, id string, event events.Event, put *count) error {
	delivery := Delivery{Event: event, Next: time.Now(), cursor: event.Cursor, lane: laneOf(&event)}
	if waiting := h.counts[id].queued + put.queued; waiting >= h.Keep {
		delivery.Error = fmt.Sprintf("%d deliveries waited already", waiting)
		lost, err := h.bury(tx, id, delivery, h.counts[id].dead+put.dead)
		put.dead += 1 - lost
		return err
	}
	put.queued++
	return h.change(tx, id, delivery.lane, func(queue *bbolt.Bucket) error {
		return store.Put(tx, store.Queue, delivery.lane.key(id, delivery.cursor), delivery)
	})
}

// due gives the deliveries that are to be made now, at most so many and none
// of a lane that is busy, or else says how long it is until there is one.
func (h *Hooks) due(id string, busy map[lane]bool, most int) (ready []Delivery, next time.Duration, err error) {
	next = time.Hour
	now := time.Now()
	h.mu.Lock()
	webhook := h.webhooks[id]
	h.mu.Unlock()
	err = h.db.View(func(tx *bbolt.Tx) error {
		if webhook == nil || h.stopped(tx, webhook) {
			next = stoppedPause
			return nil
		}
		prefix := store.Prefix(id)
		c := tx.Bucket(store.Due).Cursor()
		given := map[lane]bool{}
		for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix) && len(ready) < most; key, _ = c.Next() {
			if len(key) != len(prefix)+8+laneSize {
				continue
			}
			at := time.Unix(0, int64(binary.BigEndian.Uint64(key[len(prefix):])))
			l := lane(key[len(prefix)+8:])
			if busy[l] || given[l] {
				continue
			}
			// Only a clock that was put back makes a longer wait than any.
			if wait := at.Sub(now); wait > 0 && wait <= h.RetryMax {
				next = wait
				return nil
			}
			if delivery, found := h.first(tx, id, l); found {
				given[l] = true
				ready = append(ready, delivery)
			}
		}
		return nil
	})
	return ready, next, err
}

// stoppedPause is how long a webhook that is stopped rests before it
// is looked at again.
const stoppedPause = time.Minute

// Oldest gives the time since when the oldest delivery waits, by webhook: that of
// the event.
func (h *Hooks) Oldest() map[string]time.Time {
	oldest := map[string]time.Time{}
	h.db.View(func(tx *bbolt.Tx) error {
		return h.eachFirst(tx, func(id string, delivery Delivery) error {
			if at, known := oldest[id]; !known || delivery.Event.Time.Before(at) {
				oldest[id] = delivery.Event.Time
			}
			return nil
		})
	})
	return oldest
}

// settle writes down what came of an attempt: the delivery is done, is tried
// again later, or is given up.
func (h *Hooks) settle(id string, delivery Delivery, failure string, wait time.Duration) error {
	key := delivery.lane.key(id, delivery.cursor)
	return h.db.Batch(func(tx *bbolt.Tx) error {
		return h.change(tx, id, delivery.lane, func(queue *bbolt.Bucket) error {
			if queue.Get(key) == nil {
				return nil // the webhook was deleted meanwhile
			}
			tried := delivery
			tried.Attempts++
			tried.Error = failure
			if tried.Failing.IsZero() {
				tried.Failing = time.Now().UTC()
			}
			if failure != "" && tried.Attempts < h.Attempts {
				tried.Next = time.Now().Add(wait)
				return store.Put(tx, store.Queue, key, tried)
			}
			left := count{queued: -1}
			if failure != "" {
				lost, err := h.bury(tx, id, tried, h.count(id).dead)
				if err != nil {
					return err
				}
				left.dead = 1 - lost
			}
			tx.OnCommit(func() { h.counted(id, left) })
			return queue.Delete(key)
		})
	})
}
