package tokens

import (
	"encoding/json"
	"errors"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// errDamaged says that what was kept of a token could not be read. That is no wrong
// token.
var errDamaged = errors.New("what is kept of the token is damaged: make another one for its holder, and revoke it")

// damaged says whether a token stands in the place of one that could not be read.
func (k *kept) damaged() bool { return k.ID != "" && k.Hash == "" }

// Records are the tokens, for those that cannot be read.
func Records() store.Kind {
	return store.Kind{
		Bucket: store.Tokens,
		Read: func(_, value []byte) error {
			var token kept
			return json.Unmarshal(value, &token)
		},
		// It stays in the list, for the operator to see and to revoke.
		Instead: func(key []byte) any {
			return kept{Token: Token{ID: string(key), Name: "damaged", Scopes: []Scope{}, Allowed: []string{}}}
		},
		Remedy: "the token is not accepted any more, and webhooks that were made with it are stopped: make another token for its holder, and revoke this one",
	}
}
