package webhooks

import (
	"bytes"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A DeadLetter is a delivery that was given up.
type DeadLetter struct {
	Cursor   string      `json:"cursor" doc:"Names it, for its redelivery."`
	Attempts int         `json:"attempts" doc:"How often it was tried."`
	Error    string      `json:"error" doc:"How the last attempt failed."`
	Event    events.View `json:"event"`
}

// A count says how much is kept for a webhook.
type count struct{ queued, dead int }

// count gives how much is kept for a webhook.
func (h *Hooks) count(id string) count {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.counts[id]; c != nil {
		return *c
	}
	return count{}
}

// counted adds to what is kept for a webhook, after the commit that did it.
func (h *Hooks) counted(id string, more count) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.counts[id]; c != nil {
		c.queued += more.queued
		c.dead += more.dead
	}
}

// countAll counts what is in the store.
func (h *Hooks) countAll(tx *bbolt.Tx) {
	for _, bucket := range [][]byte{store.Queue, store.Dead} {
		c := tx.Bucket(bucket).Cursor()
		for key, _ := c.First(); key != nil; key, _ = c.Next() {
			id, _, _ := bytes.Cut(key, []byte{0})
			of := h.counts[string(id)]
			switch {
			case of == nil:
			case bytes.Equal(bucket, store.Queue):
				of.queued++
			default:
				of.dead++
			}
		}
	}
}

// Pending counts what is to be delivered, and what was given up, for each
// webhook.
func (h *Hooks) Pending() (queued, dead map[string]int) {
	queued, dead = map[string]int{}, map[string]int{}
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, count := range h.counts {
		queued[id], dead[id] = count.queued, count.dead
	}
	return queued, dead
}

// bury makes a delivery a dead letter, of which there are so many already. The
// oldest make room for it, and it says how many did.
func (h *Hooks) bury(tx *bbolt.Tx, id string, delivery Delivery, already int) (lost int, err error) {
	prefix := store.Prefix(id)
	c := tx.Bucket(store.Dead).Cursor()
	for ; already-lost >= h.Keep; lost++ {
		key, _ := c.Seek(prefix)
		if !bytes.HasPrefix(key, prefix) {
			break
		}
		if err := c.Delete(); err != nil {
			return lost, err
		}
	}
	if lost > 0 {
		tx.OnCommit(func() { h.log.Warn("dead letters were dropped, as there were too many", "webhook", id, "count", lost) })
	}
	delivery.Next = time.Time{}
	return lost, store.Put(tx, store.Dead, store.Under(id, delivery.cursor), delivery)
}

// eachDead calls do for up to limit dead letters of a webhook that follow a
// cursor, in their order.
func (h *Hooks) eachDead(tx *bbolt.Tx, id string, after uint64, limit int, do func(Delivery) error) error {
	prefix := store.Prefix(id)
	c := tx.Bucket(store.Dead).Cursor()
	for key, value := c.Seek(store.Under(id, after+1)); bytes.HasPrefix(key, prefix) && limit > 0; key, value = c.Next() {
		delivery, err := read(key, value)
		if err != nil {
			h.db.Unreadable(store.Dead, key)
			continue
		}
		if err := do(delivery); err != nil {
			return err
		}
		limit--
	}
	return nil
}

// DeadLetters gives what was given up for a webhook.
func (h *Hooks) DeadLetters(id string, limit int) ([]DeadLetter, error) {
	letters := []DeadLetter{}
	if _, err := h.Get(id); err != nil {
		return nil, err
	}
	err := h.db.View(func(tx *bbolt.Tx) error {
		return h.eachDead(tx, id, 0, limit, func(delivery Delivery) error {
			letters = append(letters, DeadLetter{
				Cursor: strconv.FormatUint(delivery.cursor, 10), Attempts: delivery.Attempts, Error: delivery.Error, Event: delivery.Event.View(),
			})
			return nil
		})
	})
	return letters, err
}

// redeliverBatch is how many dead letters go back in one commit.
const redeliverBatch = 256

// Redeliver puts a dead letter back into the queue, or all of a webhook if
// cursor is 0, as far as the queue has room, and says how many.
func (h *Hooks) Redeliver(id string, cursor uint64) (all int, err error) {
	h.mu.Lock()
	worker := h.workers[id]
	h.mu.Unlock()
	if worker == nil {
		return 0, ErrUnknown
	}
	defer worker.wake()
	if cursor != 0 {
		if all, _, err = h.redeliver(id, cursor-1, 1, func(letter uint64) bool { return letter == cursor }); err == nil && all == 0 {
			err = ErrUnknown
		}
		return all, err
	}
	for after := uint64(0); ; {
		most := min(redeliverBatch, h.Keep-h.count(id).queued)
		moved, last, err := h.redeliver(id, after, most, func(uint64) bool { return true })
		all += moved
		if err != nil || moved < redeliverBatch {
			return all, err
		}
		after = last
	}
}

// redeliver puts dead letters that follow a cursor, at most so many, back into
// the queue if they are wanted. It says how many it were, and the last of them.
func (h *Hooks) redeliver(id string, after uint64, most int, wanted func(cursor uint64) bool) (moved int, last uint64, err error) {
	err = h.db.Batch(func(tx *bbolt.Tx) error {
		moved = 0
		var letters []Delivery
		err := h.eachDead(tx, id, after, most, func(delivery Delivery) error {
			if wanted(delivery.cursor) {
				letters = append(letters, delivery)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, letter := range letters {
			moved, last = moved+1, letter.cursor
			if err := tx.Bucket(store.Dead).Delete(store.Under(id, letter.cursor)); err != nil {
				return err
			}
			err := h.change(tx, id, letter.lane, func(*bbolt.Bucket) error {
				return store.Put(tx, store.Queue, letter.lane.key(id, letter.cursor), Delivery{Event: letter.Event, Next: time.Now()})
			})
			if err != nil {
				return err
			}
		}
		tx.OnCommit(func() { h.counted(id, count{moved, -moved}) })
		return nil
	})
	return moved, last, err
}
