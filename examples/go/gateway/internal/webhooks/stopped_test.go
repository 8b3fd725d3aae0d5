package webhooks

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A webhook stops with the token that made it: what waits stays, and nothing new
// comes; who made it is shown.
func TestAWebhookStopsWithItsToken(t *testing.T) {
	var revoked atomic.Bool
	b := newBench(t, Options{
		Attempts: 5, RetryFirst: time.Millisecond, RetryMax: time.Millisecond, Keep: 100,
		Valid: func(_ *bbolt.Tx, id string) bool { return id == "maker" && !revoked.Load() },
	})
	b.post(event("a", 0))
	b.await("a", 1)
	b.until("an empty queue", func() bool {
		queued, _ := b.h.Pending()
		return queued[b.id] == 0
	})
	if w, err := b.h.Get(b.id); err != nil || w.Stopped || w.TokenID != "maker" || w.TokenName != "the maker" {
		t.Errorf("%+v, %v", w, err)
	}
	revoked.Store(true)
	b.post(event("a", 1))
	if queued, _ := b.h.Pending(); queued[b.id] != 0 {
		t.Errorf("%d wait for a webhook that is stopped", queued[b.id])
	}
	if w, err := b.h.Get(b.id); err != nil || !w.Stopped || w.StopReason != tokenEnded || !b.h.List()[0].Stopped {
		t.Errorf("%+v, %v", w, err)
	}
	// What waited already is not sent either.
	revoked.Store(false)
	b.fail("b", true)
	b.post(event("b", 0))
	revoked.Store(true)
	ready, _, err := b.h.due(b.id, nil, 8)
	if err != nil || len(ready) != 0 {
		t.Errorf("%v, %v is due", ready, err)
	}
}

// What waits of a session that was deleted goes with it, and nothing else.
func TestForgetASession(t *testing.T) {
	b := newBench(t, Options{Attempts: 2, RetryFirst: time.Hour, RetryMax: time.Hour, Keep: 10000})
	b.fail("a", true)
	gone, kept := event("a", 0), event("a", 1)
	gone.Session, kept.Session = "gone", "kept"
	for range 1200 {
		b.post(gone)
	}
	b.post(kept)
	if err := b.h.Forget("gone"); err != nil {
		t.Fatal(err)
	}
	if queued, dead := b.h.Pending(); queued[b.id] != 1 || dead[b.id] != 0 {
		t.Errorf("%v wait, %v are dead", queued, dead)
	}
	err := b.db.Update(func(tx *bbolt.Tx) error {
		letter := Delivery{Event: gone, cursor: 5000}
		tx.OnCommit(func() { b.h.counted(b.id, count{dead: 1}) })
		_, err := b.h.bury(tx, b.id, letter, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.h.Forget("gone"); err != nil {
		t.Fatal(err)
	}
	if queued, dead := b.h.Pending(); queued[b.id] != 1 || dead[b.id] != 0 {
		t.Errorf("%v wait, %v are dead", queued, dead)
	}
	if err := b.h.Forget("kept"); err != nil {
		t.Fatal(err)
	}
	if queued, dead := b.h.Pending(); queued[b.id] != 0 || dead[b.id] != 0 {
		t.Errorf("%v wait, %v are dead", queued, dead)
	}
	b.db.View(func(tx *bbolt.Tx) error {
		for _, bucket := range [][]byte{store.Queue, store.Due, store.Dead} {
			if key, _ := tx.Bucket(bucket).Cursor().First(); key != nil {
				t.Errorf("%s holds %q", bucket, key)
			}
		}
		return nil
	})
}

// Plain HTTP needs a flag, whatever the address.
func TestPlainHTTPNeedsAFlag(t *testing.T) {
	b := newBench(t, Options{Attempts: 1, Keep: 10})
	b.close() // nobody else reads the options
	b.h.HTTP = false
	if _, _, err := b.h.New(Owner{}, "http://example.com/", nil, nil); err == nil {
		t.Error("it is taken")
	}
	if _, _, err := b.h.New(Owner{}, "https://example.com/", nil, nil); err != nil {
		t.Error(err)
	}
}

// A webhook that was made when plain HTTP was allowed gets nothing once it is
// not: its status and one line of the log say why. What waits is delivered when
// it is allowed again.
func TestPlainHTTPOfAnEarlierRunStops(t *testing.T) {
	options := Options{Attempts: 5, RetryFirst: time.Hour, RetryMax: time.Hour, Keep: 100, Private: true, HTTP: true, Most: 10, Timeout: 10 * time.Second}
	b := newBench(t, options)
	b.fail("a", true)
	b.post(event("a", 0))
	b.until("an attempt", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.tried == 1
	})
	b.close()
	b.fail("a", false)

	// A wait that is longer than any is over at once.
	options.RetryFirst, options.RetryMax = time.Millisecond, time.Millisecond
	options.HTTP = false
	var log bytes.Buffer
	h, err := Open(b.db, slog.New(slog.NewTextHandler(&log, nil)), options)
	if err != nil {
		t.Fatal(err)
	}
	h.Start()
	if w, err := h.Get(b.id); err != nil || !w.Stopped || w.StopReason != httpForbidden || h.List()[0].StopReason != httpForbidden {
		t.Errorf("%+v, %v", w, err)
	}
	if _, _, err := h.Rotate(b.id, 0); err != nil {
		t.Error(err)
	}
	if ready, _, err := h.due(b.id, nil, 8); err != nil || len(ready) != 0 {
		t.Errorf("%v, %v is due", ready, err)
	}
	h.Close()
	if text := log.String(); strings.Count(text, "--webhook-http") != 1 || !strings.Contains(text, b.id) || strings.Contains(text, b.server.URL) {
		t.Errorf("the log says %q", text)
	}

	options.HTTP = true
	b.open(options)
	if w, err := b.h.Get(b.id); err != nil || w.Stopped || w.StopReason != "" {
		t.Errorf("%+v, %v", w, err)
	}
	b.await("a", 1)
}
