package sessions

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// newTestOutbox makes an outbox whose messages go to a function in place of a
// client.
func newTestOutbox(t *testing.T, deliver func(Outgoing) (libwa.MessageSendResult, error)) *outbox {
	t.Helper()
	return newTestOutboxOf(t, events.Retention{Keep: 100}, deliver)
}

func newTestOutboxOf(t *testing.T, retention events.Retention, deliver func(Outgoing) (libwa.MessageSendResult, error)) *outbox {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, err := events.Open(db, slog.New(slog.DiscardHandler), retention, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log.Close()
		db.Close()
	})
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	o := newOutbox(&Manager{Options: Options{DB: db, Events: log, Log: slog.New(slog.DiscardHandler)}, ctx: ctx, stop: stop, counts: newCounts(nil)})
	o.deliver = deliver
	o.m.outbox = o
	return o
}

// put takes a message and says that it is in the store.
func put(t *testing.T, o *outbox, message Outgoing) {
	t.Helper()
	p := o.take(message, 10, 1<<20)
	if p == nil {
		t.Fatal("there is no place")
	}
	o.settle(p, true)
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
			put(t, o, Outgoing{Session: "shop", ID: "3EB0", Chat: "a"})
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

// So does one whose connection was given up: another connection wakes it.
func TestAConnectionThatIsGivenUpIsNotTheEndOfALane(t *testing.T) {
	asked := 0
	o := newTestOutbox(t, func(Outgoing) (libwa.MessageSendResult, error) {
		if asked++; asked > 1 {
			return libwa.MessageSendResult{}, nil
		}
		return libwa.MessageSendResult{}, &libwa.Error{Op: "message.send", Status: libwa.ErrReplaced, GivenUp: true}
	})
	put(t, o, Outgoing{Session: "shop", ID: "3EB0", Chat: "a"})
	o.m.tasks.Wait()
	if asked != 1 || o.pending() != 1 {
		t.Errorf("before there is another connection: asked %d times, %d wait", asked, o.pending())
	}
	o.wake("shop")
	o.m.tasks.Wait()
	if asked != 2 || o.pending() != 0 {
		t.Errorf("asked %d times, %d wait", asked, o.pending())
	}
}

// What waits in a session is bounded, by how many and by how large they are; a
// place is free again when a message has left, was given up or was not taken.
func TestWhatWaitsIsBounded(t *testing.T) {
	hold := make(chan struct{})
	o := newTestOutbox(t, func(m Outgoing) (libwa.MessageSendResult, error) {
		if m.Number == 1 {
			return libwa.MessageSendResult{}, libwa.ErrClientClosed
		}
		<-hold
		return libwa.MessageSendResult{}, nil
	})
	message := func(size int) Outgoing {
		return Outgoing{Session: "shop", ID: "3EB0", Chat: "a", Text: strings.Repeat("x", size)}
	}
	take := func(size int) bool {
		p := o.take(message(size), 3, 100)
		if p != nil {
			o.settle(p, true)
		}
		return p != nil
	}
	if !take(500) {
		t.Error("one alone has a place, however large it is")
	}
	if take(1) {
		t.Error("there is no place beside it")
	}
	for _, done := range o.abort("shop", "logged_out", "") {
		<-done
	}
	if o.pending() != 0 || len(o.load) != 0 {
		t.Errorf("%d wait after all were given up", o.pending())
	}
	for _, size := range []int{50, 40} {
		if !take(size) {
			t.Errorf("there is no place for %d bytes", size)
		}
	}
	if take(11) {
		t.Error("there is a place for too large a one")
	}
	for range 2 {
		small := o.take(message(10), 3, 100)
		if small == nil {
			t.Fatal("there is no place for one that fits")
		}
		o.settle(small, false)
	}
	close(hold)
	o.m.tasks.Wait()
	if o.pending() != 0 || len(o.load) != 0 || len(o.lanes) != 0 {
		t.Errorf("%d wait after all have left, in %d sessions", o.pending(), len(o.lanes))
	}
	for n, wanted := range []bool{true, true, true, false} {
		if got := o.take(message(1), 3, 100) != nil; got != wanted {
			t.Errorf("%d small ones: %v", n+1, got)
		}
	}
}

// What can pass is no failure: a message that the library's store had no room for
// is handed over again under the same id, and told once, as sent.
func TestAFullStoreIsNoFailure(t *testing.T) {
	var ids []string
	causes := []error{&libwa.Error{Status: libwa.ErrStoreFull}, &libwa.Error{Status: libwa.ErrStore}, &libwa.Error{Status: libwa.ErrTooManyRequests}}
	o := newTestOutbox(t, func(message Outgoing) (libwa.MessageSendResult, error) {
		ids = append(ids, message.ID)
		if len(ids) <= len(causes) {
			return libwa.MessageSendResult{}, causes[len(ids)-1]
		}
		return libwa.MessageSendResult{MessageID: message.ID, Chat: "a"}, nil
	})
	o.pause = time.Millisecond
	put(t, o, Outgoing{Session: "shop", ID: "3EB0", Chat: "a"})
	o.m.tasks.Wait()
	if len(ids) != len(causes)+1 || o.pending() != 0 {
		t.Fatalf("asked %d times, %d wait", len(ids), o.pending())
	}
	// What is forgotten behind it says that it is written.
	o.m.Events.Forget(t.Context(), "nobody")
	all, _, err := o.m.Events.ReadOf("shop", 0, 10, nil)
	if err != nil || len(all) != 1 || all[0].Type != "message.sent" {
		t.Errorf("%+v, %v", all, err)
	}
}

// What the library holds is told by what the library says of it, also when what
// waits is given up meanwhile; the others of its chat are told as given up.
func TestWhatTheLibraryHoldsIsNotGivenUp(t *testing.T) {
	asked, answers := make(chan string), make(chan error)
	o := newTestOutbox(t, func(m Outgoing) (libwa.MessageSendResult, error) {
		asked <- m.ID
		return libwa.MessageSendResult{MessageID: m.ID, Chat: "a"}, <-answers
	})
	for session, answer := range map[string]error{"sent": nil, "closed": libwa.ErrClientClosed} {
		for n := range 3 {
			put(t, o, Outgoing{Session: session, ID: fmt.Sprint(session, n), Chat: "a"})
		}
		<-asked
		done := o.abort(session, "logged_out", "The session was unlinked.")
		answers <- answer
		for _, lane := range done {
			<-lane
		}
		if o.pending() != 0 {
			t.Errorf("%s: %d wait", session, o.pending())
		}
		o.m.Events.Forget(t.Context(), "nobody")
		all, _, err := o.m.Events.ReadOf(session, 0, 10, nil)
		if err != nil || len(all) != 3 {
			t.Fatalf("%s: %d events, %v", session, len(all), err)
		}
		first := map[string]string{"sent": "message.sent", "closed": "message.failed"}[session]
		if all[0].Type != first || all[1].Type != "message.failed" || all[2].Type != "message.failed" {
			t.Errorf("%s: %s %s %s", session, all[0].Type, all[1].Type, all[2].Type)
		}
	}
}
