package events

import (
	"bytes"
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Records are the events, for those that cannot be read. The index by session goes
// on to count one until its turn to be removed comes.
func Records() store.Kind {
	return store.Kind{
		Bucket: store.Events,
		Read: func(_, value []byte) error {
			var event Event
			return json.Unmarshal(value, &event)
		},
		Session: func(tx *bbolt.Tx, key, _ []byte) (session string) {
			session = "-"
			tx.Bucket(store.EventsBy).ForEach(func(by, _ []byte) error {
				if bytes.HasSuffix(by, append([]byte{0}, key...)) {
					session = string(by[:len(by)-len(key)-1])
				}
				return nil
			})
			return session
		},
		Remedy: "one event of the log is lost for those who have not read it yet; nothing is to be done",
	}
}
