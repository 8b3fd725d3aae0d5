package sessions

import (
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Records are the sessions and the messages that wait, for those that cannot be read.
func Records() []store.Kind {
	return []store.Kind{
		{
			Bucket:  store.Sessions,
			Read:    readRecord,
			Session: func(_ *bbolt.Tx, key, _ []byte) string { return string(key) },
			Instead: func(key []byte) any { return record{ID: string(key), Created: time.Now().UTC().Truncate(time.Second)} },
			Remedy:  "the settings of the session are lost, and which account it has: if it was linked it is stopped with account_mismatch; unlink it, and pair it anew",
		},
		{
			Bucket: store.Outbox,
			Read: func(_, value []byte) error {
				var message Outgoing
				return json.Unmarshal(value, &message)
			},
			Session: func(_ *bbolt.Tx, _, value []byte) string { return store.Member(value, "session") },
			Remedy:  "the message is not sent, and no event tells of it: send it again",
		},
	}
}

func readRecord(key, value []byte) error {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	if r.ID != string(key) {
		return fmt.Errorf("it names the session %q", r.ID)
	}
	return nil
}
