package webhooks

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// A receiver that never answers does not hold up the end: its request is cancelled,
// which is no attempt, and the delivery is made with the next start. One that
// answers within the grace has its delivery.
func TestTheEndOfDeliveries(t *testing.T) {
	asked, answer := make(chan string, 10), make(chan struct{})
	var hangs atomic.Bool
	hangs.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
		asked <- r.Header.Get("Webhook-Id")
		if !hangs.Load() {
			return
		}
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	b := newBench(t, Options{Attempts: 3, RetryFirst: time.Hour, RetryMax: time.Hour, Keep: 100})
	options := b.h.Options
	b.h.Timeout = 24 * time.Hour
	hook, _, err := b.h.New(Owner{"maker", "the maker"}, server.URL, nil, []string{"slow"})
	if err != nil {
		t.Fatal(err)
	}
	post := func(cursor uint64, id string) {
		t.Helper()
		err := b.db.Update(func(tx *bbolt.Tx) error {
			return b.h.Enqueue(tx, []events.Event{{Cursor: cursor, ID: id, Type: "slow", Session: "shop", Time: time.Now(), Data: []byte("{}")}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	post(1, "evt_hangs")
	if got := <-asked; got != "evt_hangs" {
		t.Fatal(got)
	}
	b.close() // without a grace
	queued := func() (found Delivery, is bool) {
		b.db.View(func(tx *bbolt.Tx) error {
			found, is = b.h.first(tx, hook.ID, laneOf(&events.Event{Session: "shop"}))
			return nil
		})
		return found, is
	}
	if delivery, is := queued(); !is || delivery.Attempts != 0 || delivery.Error != "" {
		t.Errorf("%v: %+v", is, delivery)
	}
	// It comes again with the next start, and the end waits for an answer that comes.
	b.open(options)
	if got := <-asked; got != "evt_hangs" {
		t.Fatal(got)
	}
	b.h.End(24 * time.Hour)
	close(answer)
	b.close()
	if delivery, is := queued(); is {
		t.Errorf("what was answered waits still: %+v", delivery)
	}
}
