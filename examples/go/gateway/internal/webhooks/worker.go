package webhooks

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// parallel is how many deliveries to one webhook are made at once.
const parallel = 8

// A worker delivers what is in the queue of one webhook. Each chat is a lane:
// its next event is sent only when the one before has been delivered or given
// up.
type worker struct {
	h      *Hooks
	id     string
	signal chan struct{}
	ended  chan struct{}
	once   sync.Once
}

// startWorker gives a webhook its worker. The caller holds mu.
func (h *Hooks) startWorker(id string) {
	w := &worker{h: h, id: id, signal: make(chan struct{}, 1), ended: make(chan struct{})}
	h.workers[id] = w
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
	busy := map[lane]bool{} // lanes with a delivery under way
	done := make(chan lane)
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
		case l := <-done:
			delete(busy, l)
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
func (w *worker) begin(busy map[lane]bool, done chan<- lane) (next time.Duration) {
	ready, next, err := w.h.due(w.id, busy, parallel-len(busy))
	if err != nil {
		w.h.log.Error("a webhook's queue cannot be read", "webhook", w.id, "error", err)
		return 5 * time.Second
	}
	for _, delivery := range ready {
		busy[delivery.lane] = true
		go func() {
			w.deliver(delivery)
			done <- delivery.lane
		}()
	}
	return next
}

// deliver makes one attempt.
func (w *worker) deliver(delivery Delivery) {
	w.h.mu.Lock()
	webhook := w.h.webhooks[w.id]
	w.h.mu.Unlock()
	if webhook == nil {
		return // deleted meanwhile
	}
	if w.h.isStopped(webhook) {
		return
	}
	w.h.underWay.Add(1)
	failure, asked := w.h.send(webhook, &delivery.Event)
	w.h.underWay.Add(-1)
	if failure != "" && w.h.requests.Err() != nil {
		return // cancelled by the end of the gateway, which is no failure of the webhook
	}
	wait := max(w.h.backoff(delivery.Attempts), min(asked, w.h.RetryMax))
	w.h.outcome(w.id, delivery, failure, wait)
	if err := w.h.settle(w.id, delivery, failure, wait); err != nil {
		w.h.log.Log(w.h.requests, w.h.db.Level(err, slog.LevelError), "what came of a delivery cannot be written", "webhook", w.id, "error", err)
		select {
		case <-time.After(w.h.RetryFirst):
		case <-w.h.closed:
		}
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
