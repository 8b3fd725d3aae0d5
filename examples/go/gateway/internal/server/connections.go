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
	all  map[net.Conn]since
	none chan struct{} // closed when the last one is gone, while somebody waits
}

// since says what a connection does, and since when.
type since struct {
	state http.ConnState
	at    time.Time
}

// note is told of each connection what becomes of it.
func (c *connections) note(connection net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateClosed, http.StateHijacked:
		delete(c.all, connection)
	default:
		if c.all == nil {
			c.all = map[net.Conn]since{}
		}
		c.all[connection] = since{state, time.Now()}
	}
	if len(c.all) == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}

// newGrace is how long a connection may be without a request before another one
// takes its place.
const newGrace = time.Second

// evict closes the connection that has waited longest for a request, and says
// whether there was one.
func (c *connections) evict() bool {
	c.mu.Lock()
	var oldest net.Conn
	for connection, is := range c.all {
		waits := is.state == http.StateIdle || is.state == http.StateNew && time.Since(is.at) > newGrace
		if waits && (oldest == nil || is.at.Before(c.all[oldest].at)) {
			oldest = connection
		}
	}
	delete(c.all, oldest)
	c.mu.Unlock()
	if oldest == nil {
		return false
	}
	oldest.Close()
	return true
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
