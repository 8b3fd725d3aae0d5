package hooks

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A Delivery is an event on its way to a webhook.
type Delivery struct {
	Event    events.Event `json:"event"`
	Attempts int          `json:"attempts"`
	Next     time.Time    `json:"next,omitzero"`
	Error    string       `json:"error,omitempty"`

	cursor uint64
}

// A DeadLetter is a delivery that was given up.
type DeadLetter struct {
	Cursor   string      `json:"cursor" doc:"Names it, for its redelivery."`
	Attempts int         `json:"attempts" doc:"How often it was tried."`
	Error    string      `json:"error" doc:"How the last attempt failed."`
	Event    events.View `json:"event"`
}

// each calls do for the deliveries of a webhook in a bucket, in their order.
func each(tx *bbolt.Tx, bucket []byte, id string, do func(key []byte, delivery Delivery) error) error {
	prefix := store.Prefix(id)
	var keys, values [][]byte
	c := tx.Bucket(bucket).Cursor()
	for key, value := c.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = c.Next() {
		keys, values = append(keys, bytes.Clone(key)), append(values, bytes.Clone(value))
	}
	for i, key := range keys {
		var delivery Delivery
		if err := json.Unmarshal(values[i], &delivery); err != nil {
			return err
		}
		delivery.cursor = store.NumberOf(key)
		delivery.Event.Cursor = delivery.cursor
		if err := do(key, delivery); err != nil {
			return err
		}
	}
	return nil
}

// window reads the first deliveries of a webhook's queue.
func (h *Hooks) window(id string, limit int) (window []Delivery, err error) {
	err = h.db.View(func(tx *bbolt.Tx) error {
		prefix := store.Prefix(id)
		c := tx.Bucket(store.Queue).Cursor()
		for key, value := c.Seek(prefix); bytes.HasPrefix(key, prefix) && len(window) < limit; key, value = c.Next() {
			var delivery Delivery
			if err := json.Unmarshal(value, &delivery); err != nil {
				return err
			}
			delivery.cursor = store.NumberOf(key)
			delivery.Event.Cursor = delivery.cursor
			window = append(window, delivery)
		}
		return nil
	})
	return window, err
}

// settle writes down what came of an attempt: the delivery is done, is tried
// again later, or is given up.
func (h *Hooks) settle(id string, delivery Delivery, failure string, wait time.Duration) error {
	key := store.Under(id, delivery.cursor)
	return h.db.Batch(func(tx *bbolt.Tx) error {
		queue := tx.Bucket(store.Queue)
		if queue.Get(key) == nil {
			return nil // the webhook was deleted meanwhile
		}
		tried := delivery
		tried.Attempts++
		tried.Error = failure
		switch {
		case failure == "":
			return queue.Delete(key)
		case tried.Attempts >= h.Attempts:
			if err := queue.Delete(key); err != nil {
				return err
			}
			tried.Next = time.Time{}
			return store.Put(tx, store.Dead, key, tried)
		}
		tried.Next = time.Now().Add(wait)
		return store.Put(tx, store.Queue, key, tried)
	})
}

// DeadLetters gives what was given up for a webhook.
func (h *Hooks) DeadLetters(id string, limit int) ([]DeadLetter, error) {
	letters := []DeadLetter{}
	if _, err := h.Get(id); err != nil {
		return nil, err
	}
	err := h.db.View(func(tx *bbolt.Tx) error {
		return each(tx, store.Dead, id, func(_ []byte, delivery Delivery) error {
			if len(letters) < limit {
				letters = append(letters, DeadLetter{
					Cursor: strconv.FormatUint(delivery.cursor, 10), Attempts: delivery.Attempts, Error: delivery.Error, Event: delivery.Event.View(),
				})
			}
			return nil
		})
	})
	return letters, err
}

// Redeliver puts a dead letter back into the queue, or all of a webhook if
// cursor is 0, and says how many.
func (h *Hooks) Redeliver(id string, cursor uint64) (count int, err error) {
	h.mu.Lock()
	worker := h.workers[id]
	h.mu.Unlock()
	if worker == nil {
		return 0, ErrUnknown
	}
	err = h.db.Batch(func(tx *bbolt.Tx) error {
		count = 0
		return each(tx, store.Dead, id, func(key []byte, delivery Delivery) error {
			if cursor != 0 && cursor != delivery.cursor {
				return nil
			}
			count++
			if err := tx.Bucket(store.Dead).Delete(key); err != nil {
				return err
			}
			return store.Put(tx, store.Queue, key, Delivery{Event: delivery.Event})
		})
	})
	if err == nil && cursor != 0 && count == 0 {
		err = ErrUnknown
	}
	worker.wake()
	return count, err
}

// Pending counts what is to be delivered, and what was given up, for each
// webhook.
func (h *Hooks) Pending() (queued, dead map[string]int) {
	queued, dead = map[string]int{}, map[string]int{}
	for _, webhook := range h.List() {
		queued[webhook.ID], dead[webhook.ID] = 0, 0
	}
	h.db.View(func(tx *bbolt.Tx) error {
		for bucket, counts := range map[string]map[string]int{string(store.Queue): queued, string(store.Dead): dead} {
			c := tx.Bucket([]byte(bucket)).Cursor()
			for key, _ := c.First(); key != nil; key, _ = c.Next() {
				if id, _, found := bytes.Cut(key, []byte{0}); found {
					counts[string(id)]++
				}
			}
		}
		return nil
	})
	return queued, dead
}
