package sessions

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// toldOf counts what was told of each message, by its id.
func toldOf(t *testing.T, o *outbox, session string) map[string]int {
	t.Helper()
	o.m.Events.Forget(t.Context(), "nobody") // what is forgotten behind it says that it is written
	all, _, err := o.m.Events.ReadOf(session, 0, 10000, nil)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, event := range all {
		if event.Type == "message.sent" || event.Type == "message.failed" {
			counts[event.ID]++
		}
	}
	return counts
}

func eventOf(id string) string { return "evt_" + id + "_sent" }

// acceptingSession is one that takes messages, as a linked one does while it is
// restarted.
func acceptingSession(o *outbox, id string) *Session {
	o.m.MaxPending, o.m.MaxPendingBytes = 1<<20, 1<<30
	s := newSession(o.m, record{ID: id})
	s.moving, s.status.State = true, Connected
	return s
}

// Messages to one chat that come at the same time from many are each sent once, and
// told once, and nothing is left of them: neither in memory nor in the store.
func TestManyToOneChatAtOnce(t *testing.T) {
	const callers, each = 16, 60
	var mu sync.Mutex
	sent := map[string]int{}
	last := map[string]int{} // by caller
	o := newTestOutboxOf(t, events.Retention{Keep: 10000}, func(m Outgoing) (libwa.MessageSendResult, error) {
		mu.Lock()
		defer mu.Unlock()
		sent[m.ID]++
		var caller string
		var n int
		fmt.Sscanf(m.Text, "%s %d", &caller, &n)
		if n != last[caller]+1 {
			t.Errorf("%s: %d is sent behind %d", caller, n, last[caller])
		}
		last[caller] = n
		return libwa.MessageSendResult{MessageID: m.ID, Chat: m.Chat}, nil
	})
	s := acceptingSession(o, "shop")
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := range each {
				id := fmt.Sprintf("%d.%d", caller, n)
				if err := s.Send(Outgoing{ID: id, Chat: "a", Text: fmt.Sprintf("c%d %d", caller, n+1)}, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	o.m.tasks.Wait()
	counts := toldOf(t, o, "shop")
	for caller := range callers {
		for n := range each {
			id := fmt.Sprintf("%d.%d", caller, n)
			if sent[id] != 1 || counts[eventOf(id)] != 1 {
				t.Errorf("%s was sent %d times, and told %d times", id, sent[id], counts[eventOf(id)])
			}
		}
	}
	if o.pending() != 0 || o.m.Strays() != 0 || len(o.places) != 0 || storedCount(t, o) != 0 {
		t.Errorf("%d wait, %d are strays, %d have places, %d are stored", o.pending(), o.m.Strays(), len(o.places), storedCount(t, o))
	}
}

// storedCount counts the messages in the store.
func storedCount(t *testing.T, o *outbox) (count int) {
	t.Helper()
	err := o.m.DB.View(func(tx *bbolt.Tx) error {
		count = tx.Bucket(store.Outbox).Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// A message goes out in the order of its number, however late it is written: what
// follows it and was written before waits. One that is not written holds up nothing.
func TestTheOrderOfTheNumbers(t *testing.T) {
	for name, written := range map[string]bool{"written": true, "not written": false} {
		t.Run(name, func(t *testing.T) {
			var sent []string
			o := newTestOutbox(t, func(m Outgoing) (libwa.MessageSendResult, error) {
				sent = append(sent, m.ID)
				return libwa.MessageSendResult{MessageID: m.ID, Chat: m.Chat}, nil
			})
			message := func(id string) Outgoing { return Outgoing{Session: "shop", ID: id, Chat: "a"} }
			first, second := o.take(message("first"), 10, 1<<20), o.take(message("second"), 10, 1<<20)
			o.settle(second, true)
			o.m.tasks.Wait()
			if len(sent) != 0 {
				t.Errorf("%v goes out before the first is written", sent)
			}
			o.settle(first, written)
			o.m.tasks.Wait()
			wanted := []string{"second"}
			if written {
				wanted = []string{"first", "second"}
			}
			if !slices.Equal(sent, wanted) || len(toldOf(t, o, "shop")) != len(wanted) || o.pending() != 0 {
				t.Errorf("%v were sent, %v told, %d wait", sent, toldOf(t, o, "shop"), o.pending())
			}
		})
	}
}

// A message that is given up while it is being written is told when it is written, and the
// lane ends with that.
func TestWhatIsWrittenIsGivenUpToo(t *testing.T) {
	o := newTestOutbox(t, func(Outgoing) (libwa.MessageSendResult, error) {
		return libwa.MessageSendResult{}, libwa.ErrNotLinked
	})
	late := o.take(Outgoing{Session: "shop", ID: "late", Chat: "a"}, 10, 1<<20)
	none := o.take(Outgoing{Session: "shop", ID: "none", Chat: "b"}, 10, 1<<20)
	done := o.abort("shop", "logged_out", "")
	o.m.tasks.Wait()
	for _, lane := range done {
		select {
		case <-lane:
			t.Error("a lane ends before what it holds is written")
		default:
		}
	}
	o.settle(late, true)
	o.settle(none, false)
	for _, lane := range done {
		<-lane
	}
	if counts := toldOf(t, o, "shop"); counts[eventOf("late")] != 1 || len(counts) != 1 || o.pending() != 0 {
		t.Errorf("%v, %d wait", counts, o.pending())
	}
}

// A message that the store does not take is refused, and one that was taken before
// is found again after a restart, with its number: the next ones follow it. What the
// store has and nobody sends is counted.
func TestWhatTheStoreHolds(t *testing.T) {
	var sent []string
	o := newTestOutbox(t, func(m Outgoing) (libwa.MessageSendResult, error) {
		sent = append(sent, m.ID)
		return libwa.MessageSendResult{}, libwa.ErrClientClosed
	})
	s := acceptingSession(o, "shop")
	refused := errors.New("refused")
	if err := s.Send(Outgoing{ID: "none", Chat: "a"}, func(*bbolt.Tx) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	for _, id := range []string{"one", "two"} {
		if err := s.Send(Outgoing{ID: id, Chat: "a"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	o.m.tasks.Wait()
	if o.pending() != 2 || o.m.Strays() != 0 {
		t.Errorf("%d wait, %d are strays", o.pending(), o.m.Strays())
	}
	again := newOutbox(o.m)
	again.deliver, again.m.outbox = o.deliver, again
	sent = nil
	if again.m.Strays() != 0 {
		t.Error("what is not taken up yet is no stray")
	}
	if err := again.start(); err != nil {
		t.Fatal(err)
	}
	again.m.tasks.Wait()
	if !slices.Equal(sent[:1], []string{"one"}) || again.pending() != 2 {
		t.Errorf("%v, %d wait", sent, again.pending())
	}
	if p := again.take(Outgoing{Session: "shop", ID: "three", Chat: "a"}, 10, 1<<20); p.message.Number != 4 {
		t.Errorf("the next number is %d", p.message.Number)
	}
	again.mu.Lock()
	delete(again.places, 2) // as if it was lost
	again.mu.Unlock()
	if again.m.Strays() != 1 {
		t.Errorf("%d are strays", again.m.Strays())
	}
}
