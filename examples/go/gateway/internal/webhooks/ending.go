package webhooks

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// An ending is how deliveries come to their end with the gateway.
type ending struct {
	closed   chan struct{} // closed when no delivery is begun any more
	requests context.Context
	cancel   context.CancelFunc // ends the requests that are under way
	once     sync.Once
	underWay atomic.Int64
}

func newEnding() ending {
	requests, cancel := context.WithCancel(context.Background())
	return ending{closed: make(chan struct{}), requests: requests, cancel: cancel}
}

// End begins no delivery any more. Those under way have so much time to be
// answered; then their requests are cancelled. They are made again with the next
// start, under the same id, as are those that wait.
func (h *Hooks) End(grace time.Duration) {
	h.once.Do(func() {
		close(h.closed)
		time.AfterFunc(grace, h.cancel)
	})
}

// Close waits until deliveries have come to their end. Without End before, those
// under way are cancelled at once.
func (h *Hooks) Close() {
	h.End(0)
	h.tasks.Wait()
	h.cancel()
	h.client.CloseIdleConnections()
}

// UnderWay counts the deliveries that are being made.
func (h *Hooks) UnderWay() int64 { return h.underWay.Load() }
