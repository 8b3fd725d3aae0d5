package tokens

import (
	"encoding/json"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Records are the tokens, for those that cannot be read.
func Records() store.Kind {
	return store.Kind{
		Bucket: store.Tokens,
		Read: func(_, value []byte) error {
			var token kept
			return json.Unmarshal(value, &token)
		},
		Remedy: "the token is not accepted any more, and webhooks that were made with it are stopped: make another token for its holder",
	}
}
