package api

import (
	"bytes"
	"encoding/json"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Records are the requests with an Idempotency-Key, for those that cannot be read.
func Records() store.Kind {
	return store.Kind{
		Bucket: store.Sent,
		Read: func(_, value []byte) error {
			var request taken
			return json.Unmarshal(value, &request)
		},
		Session: func(_ *bbolt.Tx, key, _ []byte) string {
			if parts := bytes.SplitN(key, []byte{0}, 3); len(parts) == 3 {
				return string(parts[1])
			}
			return "-"
		},
		Remedy: "a request with this Idempotency-Key is taken once more if it comes again; nothing is to be done",
	}
}
