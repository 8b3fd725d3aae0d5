package hooks

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// parallel is how many deliveries to one webhook are made at once.
	parallel = 8

	// windowSize is how many deliveries a worker looks at. Beyond them chats
	// wait for each other, but only while that many fail.
	windowSize = 256
)

// A worker delivers what is in the queue of one webhook. Each chat is a lane:
// its next event is sent only when the one before has been delivered or given
// up.
type worker struct {
	h       *Hooks
	webhook *kept
	signal  chan struct{}
	ended   chan struct{}
	once    sync.Once
}

// startWorker gives a webhook its worker. The caller holds mu.
func (h *Hooks) startWorker(webhook *kept) {
	w := &worker{h: h, webhook: webhook, signal: make(chan struct{}, 1), ended: make(chan struct{})}
	h.workers[webhook.ID] = w
	h.tasks.Add(1)
	go func() {
		defer h.tasks.Done()
		w.run()
	}()
}

func (w *worker) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

func (w *worker) end() { w.once.Do(func() { close(w.ended) }) }

func (w *worker) run() {
	busy := map[string]bool{} // lanes with a delivery under way
	done := make(chan string)
	defer func() {
		for range busy {
			<-done
		}
	}()
	for {
		next := w.begin(busy, done)
		timer := time.NewTimer(next)
		select {
		case <-w.signal:
		case <-timer.C:
		case lane := <-done:
			delete(busy, lane)
		case <-w.ended:
			timer.Stop()
			return
		case <-w.h.closed:
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// begin starts the deliveries that are due, and says how long it is until the
// next one is.
func (w *worker) begin(busy map[string]bool, done chan<- string) (next time.Duration) {
	next = time.Hour
	if len(busy) >= parallel {
		return next
	}
	window, err := w.h.window(w.webhook.ID, windowSize)
	if err != nil {
		w.h.log.Error("a webhook's queue cannot be read", "webhook", w.webhook.ID, "error", err)
		return 5 * time.Second
	}
	seen := map[string]bool{}
	now := time.Now()
	for _, delivery := range window {
		lane := delivery.Event.Session + "\x00" + delivery.Event.Chat
		if seen[lane] || busy[lane] {
			continue
		}
		seen[lane] = true
		if wait := delivery.Next.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		if len(busy) >= parallel {
			break
		}
		busy[lane] = true
		go func() {
			w.deliver(delivery)
			done <- lane
		}()
	}
	return next
}

// deliver makes one attempt.
func (w *worker) deliver(delivery Delivery) {
	failure, asked := w.h.send(w.webhook, &delivery.Event)
	wait := max(w.h.backoff(delivery.Attempts), min(asked, w.h.RetryMax))
	switch {
	case failure == "":
		w.h.Delivered.Add(1)
	case delivery.Attempts+1 >= w.h.Attempts:
		w.h.GivenUp.Add(1)
		w.h.log.Warn("a delivery was given up", "webhook", w.webhook.ID, "event", delivery.Event.ID, "attempts", delivery.Attempts+1, "error", failure)
	default:
		w.h.FailedAttempts.Add(1)
		w.h.log.Debug("a delivery failed", "webhook", w.webhook.ID, "event", delivery.Event.ID, "attempts", delivery.Attempts+1, "error", failure, "wait", wait)
	}
	if err := w.h.settle(w.webhook.ID, delivery, failure, wait); err != nil {
		w.h.log.Error("what came of a delivery cannot be written", "webhook", w.webhook.ID, "error", err)
		time.Sleep(w.h.RetryFirst)
	}
}

// backoff gives the wait after so many attempts: it doubles each time, and a
// random part of it keeps webhooks from coming all at once.
func (h *Hooks) backoff(attempts int) time.Duration {
	wait := h.RetryMax
	if attempts < 30 {
		wait = min(h.RetryMax, h.RetryFirst<<attempts)
	}
	return wait - time.Duration(rand.Float64()*0.2*float64(wait))
}
