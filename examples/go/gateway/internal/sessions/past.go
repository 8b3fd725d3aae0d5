package sessions

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// pastLimit is how long the removal of a session waits for its events to be gone.
const pastLimit = 15 * time.Second

// pastPrefix is what the keys begin with under which the store has the names of
// removed sessions of which something may be left: the disk was full, or the
// gateway was ended meanwhile.
var pastPrefix = []byte("past ")

func pastKey(id string) []byte { return append(bytes.Clone(pastPrefix), id...) }

// forgetEvents removes the events of a session, and what others keep of them.
func (m *Manager) forgetEvents(ctx context.Context, id string) error {
	if !m.Events.Forget(ctx, id) {
		return errLogFull()
	}
	if m.Forget == nil {
		return nil
	}
	return m.Forget(id)
}

// forgetPast removes what is left of a removed session, also when nobody waits
// for it any more.
func (m *Manager) forgetPast(ctx context.Context, id string) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), pastLimit)
	defer cancel()
	if err := m.forgetEvents(limited, id); err != nil {
		return err
	}
	if m.Release != nil {
		if err := m.Release(id, m.deletedAt(id)); err != nil {
			return err
		}
	}
	return m.DB.Batch(func(tx *bbolt.Tx) error { return tx.Bucket(store.Meta).Delete(pastKey(id)) })
}

// deletedAt returns when a session was deleted of which something may be left.
func (m *Manager) deletedAt(id string) (at time.Time) {
	m.DB.View(func(tx *bbolt.Tx) error {
		text := tx.Bucket(store.Meta).Get(pastKey(id))
		if at.UnmarshalText(text) != nil {
			at = time.Now() // an earlier version did not write it down
		}
		return nil
	})
	return at
}

// hasPast says whether something may be left of a removed session of this name.
func (m *Manager) hasPast(id string) (left bool) {
	m.DB.View(func(tx *bbolt.Tx) error {
		left = tx.Bucket(store.Meta).Get(pastKey(id)) != nil
		return nil
	})
	return left
}

// forgetAllPast removes what an earlier run has left of removed sessions.
func (m *Manager) forgetAllPast(ctx context.Context) {
	var left []string
	m.DB.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(store.Meta).Cursor()
		for key, _ := c.Seek(pastPrefix); bytes.HasPrefix(key, pastPrefix); key, _ = c.Next() {
			left = append(left, string(key[len(pastPrefix):]))
		}
		return nil
	})
	for _, id := range left {
		if err := m.forgetPast(ctx, id); err != nil {
			// Whoever uses the name again waits for it.
			m.Log.Log(ctx, m.DB.Level(err, slog.LevelError), "what others keep of a session could not be removed", "session", id, "error", err)
			return
		}
	}
}
