package server

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

// acceptPause is the time between two lines about connections that cannot be
// accepted.
const acceptPause = 10 * time.Second

// A boundedListener has at most so many connections open. When another client
// comes, the one that uses its connection least makes room.
type boundedListener struct {
	net.Listener
	log   *slog.Logger
	slots chan struct{} // nil for no bound
	evict func() bool
	ended chan struct{}
	once  sync.Once
	told  time.Time // Accept's alone
}

func bound(listener net.Listener, log *slog.Logger, most int, evict func() bool) net.Listener {
	b := &boundedListener{Listener: listener, log: log, evict: evict, ended: make(chan struct{})}
	if most > 0 {
		b.slots = make(chan struct{}, most)
	}
	return b
}

func (b *boundedListener) Close() error {
	b.once.Do(func() { close(b.ended) })
	return b.Listener.Close()
}

func (b *boundedListener) Accept() (net.Conn, error) {
	if !b.take() {
		return nil, net.ErrClosed
	}
	connection, err := b.Listener.Accept()
	if err != nil {
		b.give()
		select {
		case <-b.ended:
		default:
			b.tell(err)
		}
		return nil, err
	}
	return &boundedConn{Conn: connection, give: b.give}, nil
}

// take waits for a slot, and says whether there is one.
func (b *boundedListener) take() bool {
	for pause := time.Millisecond; ; pause = min(2*pause, time.Second) {
		select {
		case b.slots <- struct{}{}:
			return true
		default:
		}
		if b.slots == nil {
			return true
		}
		b.evict()
		select {
		case b.slots <- struct{}{}:
			return true
		case <-time.After(pause):
		case <-b.ended:
			return false
		}
	}
}

func (b *boundedListener) give() {
	if b.slots != nil {
		<-b.slots
	}
}

func (b *boundedListener) tell(err error) {
	if time.Since(b.told) >= acceptPause {
		b.told = time.Now()
		b.log.Warn("connections cannot be accepted", "error", err)
	}
}

// A boundedConn gives its slot back when it is closed.
type boundedConn struct {
	net.Conn
	once sync.Once
	give func()
}

func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.give)
	return err
}

// NetConn gives the connection of the system.
func (c *boundedConn) NetConn() net.Conn { return c.Conn }
