package sessions

import (
	"context"
	"log/slog"
	"testing"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// newTestOutbox makes an outbox whose messages go to a function in place of a
// client.
func newTestOutbox(t *testing.T, deliver func(Outgoing) (libwa.MessageSendResult, error)) *outbox {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, err := events.Open(db, slog.New(slog.DiscardHandler), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log.Close()
		db.Close()
	})
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	o := newOutbox(&Manager{Options: Options{DB: db, Events: log}, ctx: ctx, stop: stop})
	o.deliver = deliver
	return o
}

// A lane whose client was closed waits for the next one. That may come before
// the lane hears that its own was closed: the lane has to ask again then, for
// nobody wakes it another time.
func TestAClosedClientIsNotTheEndOfALane(t *testing.T) {
	for name, wakesEarly := range map[string]bool{"the next client comes later": false, "the next client is there already": true} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			var o *outbox
			o = newTestOutbox(t, func(Outgoing) (libwa.MessageSendResult, error) {
				if asked++; asked > 1 {
					return libwa.MessageSendResult{}, nil
				}
				if wakesEarly {
					o.wake("shop")
				}
				return libwa.MessageSendResult{}, libwa.ErrClientClosed
			})
			o.line(Outgoing{Number: 1, Session: "shop", ID: "3EB0", Chat: "a"})
			o.m.tasks.Wait() // the lane's goroutine has ended
			if !wakesEarly {
				if asked != 1 || o.pending() != 1 {
					t.Errorf("before there is another client: asked %d times, %d wait", asked, o.pending())
				}
				o.wake("shop")
				o.m.tasks.Wait()
			}
			if asked != 2 || o.pending() != 0 {
				t.Errorf("asked %d times, %d wait", asked, o.pending())
			}
		})
	}
}
