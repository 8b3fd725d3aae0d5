package webhooks

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A bench has one webhook, whose receiver fails for some chats.
type bench struct {
	t      *testing.T
	db     *store.DB
	h      *Hooks
	id     string
	server *httptest.Server
	last   uint64
	close  func()

	mu      sync.Mutex
	failing map[string]bool
	got     map[string][]int // by chat
	tried   int
}

func newBench(t *testing.T, options Options) *bench {
	t.Helper()
	b := &bench{t: t, failing: map[string]bool{}, got: map[string][]int{}}
	b.server = httptest.NewServer(b)
	t.Cleanup(b.server.Close)
	var err error
	if b.db, err = store.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	options.Private, options.HTTP, options.Most, options.Timeout = true, true, 10, 10*time.Second
	b.open(options)
	t.Cleanup(func() {
		b.close()
		b.db.Close()
	})
	webhook, _, err := b.h.New(Owner{"maker", "the maker"}, b.server.URL, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.id = webhook.ID
	return b
}

func (b *bench) open(options Options) {
	b.t.Helper()
	var err error
	if b.h, err = Open(b.db, slog.New(slog.DiscardHandler), options); err != nil {
		b.t.Fatal(err)
	}
	b.h.Start()
	b.close = sync.OnceFunc(b.h.Close)
}

func (b *bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Data struct {
			Chat string
			N    int
		}
	}
	text, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(text, &event); err != nil {
		b.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tried++
	if b.failing[event.Data.Chat] {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	b.got[event.Data.Chat] = append(b.got[event.Data.Chat], event.Data.N)
}

// post enqueues events of chats, in one commit.
func (b *bench) post(events ...events.Event) {
	b.t.Helper()
	err := b.db.Update(func(tx *bbolt.Tx) error {
		for i := range events {
			b.last++
			events[i].Cursor = b.last
		}
		return b.h.Enqueue(tx, events)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func event(chat string, n int) events.Event {
	data := fmt.Sprintf(`{"chat":%q,"n":%d,"text":%q}`, chat, n, strings.Repeat("x", 200))
	return events.Event{ID: fmt.Sprintf("evt_%s_%d", chat, n), Type: "message", Session: "s", Chat: chat, Data: json.RawMessage(data)}
}

// await waits until all events of a chat were delivered.
func (b *bench) await(chat string, count int) {
	b.t.Helper()
	b.until(fmt.Sprintf("%d events of chat %s", count, chat), func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.got[chat]) >= count
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := range count {
		if b.got[chat][n] != n {
			b.t.Fatalf("chat %s got %v", chat, b.got[chat])
		}
	}
}

// until waits until something is so.
func (b *bench) until(what string, so func() bool) {
	b.t.Helper()
	for limit := time.Now().Add(60 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			b.t.Fatalf("this did not come: %s", what)
		}
	}
}

func (b *bench) fail(chat string, failing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failing[chat] = failing
}

// A chat that fails has nobody wait but itself, whatever its number of events.
// It goes on in its order when it does not fail any more.
func TestAChatThatFailsBlocksOnlyItself(t *testing.T) {
	const many = 1000
	b := newBench(t, Options{Attempts: 1 << 20, RetryFirst: 5 * time.Millisecond, RetryMax: 20 * time.Millisecond, Keep: 1 << 20})
	b.fail("bad", true)
	var all []events.Event
	for n := range many {
		all = append(all, event("bad", n))
	}
	b.post(all...)
	for n := range 20 {
		b.post(event("one", n), event("two", n), event("bad", many+n))
	}
	b.await("one", 20)
	b.await("two", 20)
	b.mu.Lock()
	if got := b.got["bad"]; len(got) != 0 {
		t.Errorf("it failed, and has %v", got)
	}
	b.mu.Unlock()
	b.until("nothing else waits", func() bool { queued, dead := b.h.Pending(); return queued[b.id] == many+20 && dead[b.id] == 0 })
	b.fail("bad", false)
	b.await("bad", 50)
}

// A look at what is due reads the first delivery of a few lanes only, however
// much waits behind.
func TestMemoryIsBounded(t *testing.T) {
	b := newBench(t, Options{Attempts: 1 << 20, RetryFirst: time.Hour, RetryMax: time.Hour, Keep: 1 << 20})
	b.close() // nobody else looks
	look := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ready, _, err := b.h.due(b.id, map[lane]bool{}, parallel)
		runtime.ReadMemStats(&after)
		if err != nil || len(ready) != parallel {
			t.Fatalf("%d are due, %v", len(ready), err)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	fill := func(chats, each int) {
		var all []events.Event
		for chat := range chats {
			for n := range each {
				all = append(all, event(fmt.Sprint("chat ", chat), n))
			}
		}
		b.post(all...)
	}
	fill(parallel, 1)
	few := look()
	fill(200, 20)
	if lots := look(); lots > 2*few+64<<10 {
		t.Errorf("%d bytes with %d deliveries, %d with 4000 more", few, parallel, lots)
	}
}

// What is too much for the queue becomes a dead letter; of too many dead
// letters the oldest are dropped; and it is counted right, after a restart too.
func TestQueuesAreBounded(t *testing.T) {
	b := newBench(t, Options{Attempts: 2, RetryFirst: time.Hour, RetryMax: time.Hour, Keep: 10})
	b.fail("a", true)
	for n := range 25 {
		b.post(event("a", n))
	}
	check := func(when string, queued, dead int) {
		t.Helper()
		if q, d := b.h.Pending(); q[b.id] != queued || d[b.id] != dead {
			t.Errorf("%s: %d wait, %d were given up", when, q[b.id], d[b.id])
		}
	}
	check("full", 10, 10)
	letters, err := b.h.DeadLetters(b.id, 100)
	if err != nil || len(letters) != 10 || letters[0].Cursor != "16" || letters[9].Cursor != "25" || letters[0].Attempts != 0 {
		t.Errorf("%+v, %v", letters, err)
	}
	if count, err := b.h.Redeliver(b.id, 0); count != 0 || err != nil {
		t.Errorf("%d found room, %v", count, err)
	}
	// The first one has to be waiting for its second attempt.
	b.until("the first attempt", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.tried == 1 })
	b.close()
	b.open(b.h.Options)
	check("after a restart", 10, 10)
	if count, err := b.h.Redeliver(b.id, 16); count != 1 || err != nil {
		t.Errorf("%d, %v", count, err)
	}
	check("one put back", 11, 9)
}

// More dead letters than go back in one commit go back, and in their order.
func TestManyAreRedelivered(t *testing.T) {
	const many = 2*redeliverBatch + 10
	b := newBench(t, Options{Attempts: 1, RetryFirst: time.Millisecond, RetryMax: time.Millisecond, Keep: 1 << 20})
	err := b.db.Update(func(tx *bbolt.Tx) error {
		for n := range many {
			event := event("a", n)
			event.Cursor = uint64(n + 1)
			if _, err := b.h.bury(tx, b.id, Delivery{Event: event, cursor: event.Cursor}, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.h.counted(b.id, count{dead: many})
	if count, err := b.h.Redeliver(b.id, 0); count != many || err != nil {
		t.Errorf("%d, %v", count, err)
	}
	b.await("a", 20)
}

// The key of a lane that is empty is not left behind.
func TestNothingIsLeftBehind(t *testing.T) {
	b := newBench(t, Options{Attempts: 3, RetryFirst: time.Millisecond, RetryMax: time.Millisecond, Keep: 100})
	b.fail("a", true)
	b.post(event("a", 0), event("b", 0), event("a", 1), event("b", 1))
	b.until("none waits", func() bool { queued, dead := b.h.Pending(); return queued[b.id] == 0 && dead[b.id] == 2 })
	left := func(wanted int) {
		t.Helper()
		b.db.View(func(tx *bbolt.Tx) error {
			got := 0
			for _, bucket := range [][]byte{store.Queue, store.Due, store.Dead} {
				tx.Bucket(bucket).ForEach(func(_, _ []byte) error { got++; return nil })
			}
			if got != wanted {
				t.Errorf("%d keys are left, not %d", got, wanted)
			}
			return nil
		})
	}
	left(2) // the dead letters
	if count, err := b.h.Redeliver(b.id, 3); count != 1 || err != nil {
		t.Errorf("%d, %v", count, err)
	}
	if err := b.h.Delete(b.id); err != nil {
		t.Fatal(err)
	}
	b.close()
	left(0)
}
