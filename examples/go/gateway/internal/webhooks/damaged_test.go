package webhooks

import (
	"bytes"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A delivery that cannot be read while the gateway runs holds up neither the log of
// events nor its lane: what follows is delivered once and in order, and no key of it
// is left when it was set aside.
func TestADamagedDelivery(t *testing.T) {
	b := newBench(t, Options{Attempts: 1000, RetryFirst: time.Millisecond, RetryMax: 10 * time.Millisecond, Keep: 100})
	b.failing["bad"] = true
	b.post(event("bad", 0), event("bad", 1), event("bad", 2))
	b.until("an attempt", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.tried > 0
	})
	b.close()
	err := b.db.Update(func(tx *bbolt.Tx) error {
		key, value := tx.Bucket(store.Queue).Cursor().First()
		return tx.Bucket(store.Queue).Put(bytes.Clone(key), append([]byte("!"), value[1:]...))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.failing["bad"] = false
	b.open(b.h.Options)
	b.post(event("bad", 3), event("good", 0))
	b.await("good", 1)
	b.until("what follows it", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.got["bad"]) >= 3
	})
	if err := b.db.SetAsideAll(slog.New(slog.DiscardHandler), Records()); err != nil || b.db.Aside() != 1 {
		t.Errorf("%v, %d were set aside", err, b.db.Aside())
	}
	b.post(event("bad", 4))
	b.until("what comes later", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.got["bad"]) >= 4
	})
	b.close()
	if !slices.Equal(b.got["bad"], []int{1, 2, 3, 4}) {
		t.Errorf("%v were delivered", b.got["bad"])
	}
	b.db.View(func(tx *bbolt.Tx) error {
		if queue, due := tx.Bucket(store.Queue).Stats().KeyN, tx.Bucket(store.Due).Stats().KeyN; queue != 0 || due != 0 {
			t.Errorf("%d are queued, %d lanes are due", queue, due)
		}
		return nil
	})
}
