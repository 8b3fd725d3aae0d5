package webhooks

import (
	"bytes"
	"encoding/json"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Records are the webhooks and their deliveries, for those that cannot be read.
func Records() []store.Kind {
	delivery := func(key, value []byte) error {
		_, err := read(key, value)
		return err
	}
	session := func(tx *bbolt.Tx, key, _ []byte) string {
		var event struct{ Session string }
		if _, err := store.Get(tx, store.Events, store.Number(store.NumberOf(key)), &event); err != nil || event.Session == "" {
			return "-"
		}
		return event.Session
	}
	return []store.Kind{
		{
			Bucket: store.Webhooks,
			Read: func(_, value []byte) error {
				var webhook kept
				return json.Unmarshal(value, &webhook)
			},
			Remedy: "the webhook is gone: make it anew, and read what it misses with GET /v1/events",
		},
		{
			Bucket: store.Queue, Read: delivery, Session: session, Gone: dueAgain,
			Remedy: "the delivery is not made: read the event with GET /v1/events; the cursor is the end of the record's key",
		},
		{
			Bucket: store.Dead, Read: delivery, Session: session,
			Remedy: "the dead letter is gone: read the event with GET /v1/events; the cursor is the end of the record's key",
		},
	}
}

// laneSize and cursorSize are the lengths of the ends of the keys in Queue.
const (
	laneSize   = len(lane{})
	cursorSize = 8
)

// dueAgain makes the key in Due of a lane anew out of which a record of Queue was
// removed: nobody can read when that was due.
func dueAgain(tx *bbolt.Tx, key []byte) error {
	if len(key) < 1+laneSize+cursorSize {
		return nil
	}
	id := string(key[:len(key)-cursorSize-laneSize-1])
	l := lane(key[len(key)-cursorSize-laneSize : len(key)-cursorSize])
	prefix := store.Prefix(id)
	c := tx.Bucket(store.Due).Cursor()
	var old [][]byte
	for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix); key, _ = c.Next() {
		if bytes.HasSuffix(key, l[:]) {
			old = append(old, bytes.Clone(key))
		}
	}
	for _, key := range old {
		if err := tx.Bucket(store.Due).Delete(key); err != nil {
			return err
		}
	}
	queued, value := tx.Bucket(store.Queue).Cursor().Seek(l.prefix(id))
	if !bytes.HasPrefix(queued, l.prefix(id)) {
		return nil
	}
	next := time.Now()
	if delivery, err := read(queued, value); err == nil {
		next = delivery.Next
	}
	return tx.Bucket(store.Due).Put(l.dueKey(id, next), []byte{})
}
