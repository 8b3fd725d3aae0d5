package webhooks

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines takes what is logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) count(text string) int { return strings.Count(l.String(), text) }

// A webhook that fails is told of at its first failure, and shows since when and
// how, across a restart too; when it takes deliveries again that is told once.
func TestAFailingWebhookIsTold(t *testing.T) {
	options := Options{Attempts: 100, RetryFirst: time.Millisecond, RetryMax: time.Millisecond, Keep: 100, Private: true, HTTP: true, Most: 10, Timeout: 10 * time.Second}
	b := newBench(t, options)
	b.close()
	log := &lines{}
	run := func() {
		t.Helper()
		var err error
		if b.h, err = Open(b.db, slog.New(slog.NewTextHandler(log, nil)), options); err != nil {
			t.Fatal(err)
		}
		b.h.Start()
		b.close = sync.OnceFunc(b.h.Close)
	}
	run()
	shown := func() Webhook {
		t.Helper()
		w, err := b.h.Get(b.id)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	b.fail("a", true)
	b.fail("b", true)
	b.post(event("a", 0), event("b", 0))
	b.until("failures", func() bool { return b.h.Health()[b.id].Failed > 3 })
	since := shown().FailingSince
	if w := shown(); since.IsZero() || w.LastError != "the webhook answered 500" || b.h.List()[0].FailingSince.IsZero() {
		t.Errorf("%+v", w)
	}
	// The line is written after the state has changed.
	b.until("the log", func() bool { return log.count("a webhook fails") > 0 })
	if log.count("a webhook fails") != 1 || log.count("level=WARN") != 1 {
		t.Errorf("the log says %s", log)
	}
	b.close()
	options.RetryFirst, options.RetryMax = time.Hour, time.Hour
	run()
	if w := shown(); w.FailingSince.Sub(since).Abs() > time.Minute || w.FailingSince.IsZero() || w.LastError != "the webhook answered 500" {
		t.Errorf("after a restart: %+v, failing since %v before", w, since)
	}
	b.close()
	options.RetryFirst, options.RetryMax = time.Millisecond, time.Millisecond
	run()
	// What one chat gets does not end the failure of another.
	b.fail("a", false)
	b.await("a", 1)
	if shown().FailingSince.IsZero() || log.count("takes deliveries again") != 0 {
		t.Errorf("one chat fails still: %s", log)
	}
	b.fail("b", false)
	b.await("b", 1)
	b.until("the end of the failure", func() bool { return shown().FailingSince.IsZero() })
	b.until("the log", func() bool { return log.count("takes deliveries again") > 0 })
	if w := shown(); w.LastError != "" || log.count("takes deliveries again") != 1 {
		t.Errorf("%+v: %s", w, log)
	}
}

// A delivery that was given up, or removed, keeps a webhook failing until the next
// is taken.
func TestAWebhookFailsUntilSomethingIsTaken(t *testing.T) {
	lanes := make([]lane, 4)
	for i := range lanes {
		ofLane := event(fmt.Sprint("chat ", i), 0)
		lanes[i] = laneOf(&ofLane)
	}
	now := time.Now()
	var h health
	if !h.failed(lanes[0], now, "x", true) || h.failed(lanes[1], now.Add(time.Second), "y", false) || h.failed(lanes[2], now, "z", false) {
		t.Error("only the first is the first")
	}
	h.forgotten(lanes[1])
	h.forgotten(lanes[3])
	if h.LastError != "z" || !h.FailingSince.Equal(now) || len(h.lanes) != 3 {
		t.Errorf("%+v", h)
	}
	if since := h.delivered(lanes[3]); !since.IsZero() || len(h.lanes) != 1 {
		t.Errorf("%v, %+v", since, h)
	}
	if since := h.delivered(lanes[2]); !since.Equal(now) || !h.FailingSince.IsZero() {
		t.Errorf("%v, %+v", since, h)
	}
}
