package webhooks

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Release takes a session that was deleted at a time out of the webhooks that name
// exactly it, and deletes those that are for no other, so that none of them gets
// events of the next session of that name. It returns the ids of all of these
// webhooks. Webhooks that were made later, and patterns that match the name, stay.
func (h *Hooks) Release(session string, deleted time.Time) (ids []string, err error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	// The store has what an earlier attempt could not remove there.
	var named []kept
	err = h.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(store.Webhooks).ForEach(func(_, value []byte) error {
			var webhook kept
			if json.Unmarshal(value, &webhook) == nil && slices.Contains(webhook.Sessions, session) && !webhook.Created.After(deleted) {
				named = append(named, webhook)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	for _, webhook := range named {
		ids = append(ids, webhook.ID)
		if err := h.release(webhook, session); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// release takes a session out of a webhook. The caller holds changing.
func (h *Hooks) release(webhook kept, session string) error {
	made := webhook
	made.Sessions = slices.DeleteFunc(slices.Clone(webhook.Sessions), func(name string) bool { return name == session })
	if len(made.Sessions) == 0 {
		if err := h.Delete(webhook.ID); !errors.Is(err, ErrUnknown) {
			return err
		}
		return h.erase(webhook.ID)
	}
	err := h.db.Batch(func(tx *bbolt.Tx) error {
		if tx.Bucket(store.Webhooks).Get([]byte(webhook.ID)) == nil {
			return nil // deleted meanwhile
		}
		return store.Put(tx, store.Webhooks, []byte(webhook.ID), &made)
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.webhooks[webhook.ID] != nil {
		h.webhooks[webhook.ID] = &made
	}
	return nil
}
