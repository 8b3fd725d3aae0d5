package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// connections counts those that clients have open.
type connections struct {
	mu   sync.Mutex
	all  map[net.Conn]bool
	none chan struct{} // closed when the last one is gone, while somebody waits
}

// note is told of each connection what becomes of it.
func (c *connections) note(connection net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if c.all == nil {
			c.all = map[net.Conn]bool{}
		}
		c.all[connection] = true
	case http.StateClosed, http.StateHijacked:
		delete(c.all, connection)
	}
	if len(c.all) == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// await waits until all connections are gone, and no longer than that.
func (c *connections) await(most time.Duration) {
	c.mu.Lock()
	if len(c.all) == 0 {
		c.mu.Unlock()
		return
	}
	none := make(chan struct{})
	c.none = none
	c.mu.Unlock()
	select {
	case <-none:
	case <-time.After(most):
	}
}
