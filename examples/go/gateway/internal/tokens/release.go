package tokens

import (
	"encoding/json"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Release takes a session that was deleted at a time out of the tokens that name
// exactly it, and revokes those that are for no other, so that none of them is good
// for the next session of that name. It returns the ids of all of these tokens.
// Tokens that were made later, and patterns that match the name, stay.
func (t *Tokens) Release(session string, deleted time.Time) (ids []string, err error) {
	err = t.db.Batch(func(tx *bbolt.Tx) error {
		ids = nil
		bucket := tx.Bucket(store.Tokens)
		var changed []kept
		err := bucket.ForEach(func(_, value []byte) error {
			var token kept
			if json.Unmarshal(value, &token) == nil && slices.Contains(token.Allowed, session) && !token.Created.After(deleted) {
				changed = append(changed, token)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, token := range changed {
			ids = append(ids, token.ID)
			token.Allowed = slices.DeleteFunc(token.Allowed, func(name string) bool { return name == session })
			if len(token.Allowed) == 0 {
				err = bucket.Delete([]byte(token.ID))
			} else {
				err = store.Put(tx, store.Tokens, []byte(token.ID), token)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}
