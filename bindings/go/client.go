package libwa

// #include "glue.h"
import "C"

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync/atomic"
)

// A Client is one session: a device that is linked, or to be linked, to one
// WhatsApp account. Any goroutine may call any method at any time.
//
// Every client must be closed; one that is forgotten is closed when the
// collector finds it, which may be late.
type Client struct {
	handle  *C.wa_client
	id      uint64
	session string
	queue   *queue
	shared  bool
	closed  atomic.Bool
	cleanup runtime.Cleanup

	// The fields that follow are guarded by queue.mu: who waits for answers, who
	// watches the session, the last Ready of a session that is online, the
	// connection that was given up, why there is none, the restriction that was
	// told last, and how many events of each way of keeping wait for Next.
	callers    map[uint64]*caller
	watchers   map[*inbox]struct{}
	ready      *Ready
	lost       *Connection
	trouble    string
	restricted *Restricted
	backlog    [keepings]int
}

// Open makes a client and opens its session in the store. Nothing goes over
// the network before [Client.Connect] or [Client.Pair].
//
// Errors that programs look at: [ErrStoreLocked] when another process has the
// store open, [ErrSessionInUse] when another client has the session,
// [ErrBadValue] and [ErrUnknownKey] for options.
func Open(options ...Option) (*Client, error) {
	return open(newQueue(), nil, options)
}

// open makes a client, with a queue of its own or on the shared one.
func open(q *queue, shared *C.wa_queue, options []Option) (*Client, error) {
	if err := checkVersion(); err != nil {
		return nil, err
	}
	config, err := newConfiguration(options)
	if err != nil {
		return nil, err
	}
	defer config.free()

	q.opening.RLock()
	defer q.opening.RUnlock()
	var handle *C.wa_client
	var fault *C.wa_error
	if status := C.wa_client_new(config.handle, shared, &handle, &fault); status != C.WA_OK {
		return nil, failure("Open", status, fault)
	}
	c := &Client{
		handle:   handle,
		id:       uint64(C.wa_client_id(handle)),
		session:  config.get("session.id"),
		queue:    q,
		shared:   shared != nil,
		callers:  map[uint64]*caller{},
		watchers: map[*inbox]struct{}{},
	}
	c.cleanup = runtime.AddCleanup(c, func(handle *C.wa_client) { go C.wa_client_free(handle) }, handle)
	if !c.shared {
		q.poller.client = handle
		q.poller.queue = C.wa_client_queue(handle)
	}
	q.mu.Lock()
	q.clients[c.id] = c
	q.mu.Unlock()
	return c, nil
}

// ID gives the number of the client, unique in the process.
func (c *Client) ID() uint64 {
	return c.id
}

// Session gives the name of the session within its store; see
// [WithSessionID].
func (c *Client) Session() string {
	return c.session
}

// Linked tells whether the session is linked to an account.
func (c *Client) Linked() bool {
	defer runtime.KeepAlive(c)
	return bool(C.wa_client_is_linked(c.handle))
}

// Connect asks for a connection to the server, kept up from then on: it is
// made again whenever it is lost. It returns at once; [Connection] events tell
// how it goes, and [Ready] that a linked session is logged in. A connection that
// the server ended for good is given up until Connect is called again; until then
// everything that needs one ends with an error.
func (c *Client) Connect() error {
	var fault *C.wa_error
	status := C.wa_client_connect(c.handle, &fault)
	return c.failure("Connect", status, fault)
}

// Disconnect gives the connection up until [Client.Connect] is called again.
// It returns at once. A pairing that is under way ends with it.
func (c *Client) Disconnect() error {
	var fault *C.wa_error
	status := C.wa_client_disconnect(c.handle, &fault)
	return c.failure("Disconnect", status, fault)
}

// Next takes the next event, and waits for one if there is none. It says
// [ErrClosed] when the client is closed and every event has been taken.
//
// Answers go to the methods that wait for them, everything else comes here.
// Read the events of every client, even if you need none of them: durable ones
// wait in the store until they are acknowledged. The events of a client of a
// [Fleet] come from [Fleet.Next].
func (c *Client) Next(ctx context.Context) (Event, error) {
	if c.shared {
		return nil, &Error{Op: "Next", Status: ErrInvalidState, Text: "the events of this client come from its fleet"}
	}
	defer runtime.KeepAlive(c)
	return c.queue.next(ctx, &c.queue.main)
}

// Events gives the events as they come, until the client is closed or ctx
// ends, which is the error of the last step. Each event is acknowledged when
// the loop comes back for the next one; one at which the loop is left is not,
// so call its Ack before, if you have dealt with it.
//
// A connection that was given up does not end the loop, since [Client.Connect]
// makes another one: leave it at a [Connection] with IsFinal, if the program
// does not.
func (c *Client) Events(ctx context.Context) iter.Seq2[Event, error] {
	return events(ctx, c.Next)
}

func events(ctx context.Context, next func(context.Context) (Event, error)) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, err := next(ctx)
			switch {
			case errors.Is(err, ErrClosed):
				return
			case errors.Is(err, ErrWoken):
				continue
			case err != nil:
				yield(nil, err)
				return
			}
			if !yield(event, nil) {
				return
			}
			// A client that is closed meanwhile gets the event again.
			_ = event.Ack()
		}
	}
}

// Wake makes a call of Next that waits, or the next one, return [ErrWoken].
func (c *Client) Wake() {
	C.wa_queue_wake(c.queue.poller.queue)
	runtime.KeepAlive(c)
}

// Shutdown closes the client and waits until that is done: open requests are
// answered, and the last event is [Closed]. The session stays in the store.
// When ctx ends before, call Close.
func (c *Client) Shutdown(ctx context.Context) error {
	if c.closed.Load() {
		return nil
	}
	in := newInbox()
	c.watch(&in)
	defer c.unwatch(&in)
	C.wa_client_close(c.handle)
	for {
		event, err := c.queue.next(ctx, &in)
		if err != nil && !errors.Is(err, ErrClosed) {
			return err
		}
		if _, last := event.(*Closed); last || err != nil {
			return c.Close()
		}
	}
}

// Close closes the client at once. It may be called again, at any time and
// while other goroutines use the client: those that wait come back. The
// session stays in the store, and what was not acknowledged comes again.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.cleanup.Stop()
	if !c.shared {
		c.queue.poller.close()
	}
	C.wa_client_free(c.handle)
	return nil
}

// failure is failure for a call with the client's handle: one that is not
// valid any more was closed.
func (c *Client) failure(op string, status C.wa_status, fault *C.wa_error) error {
	defer runtime.KeepAlive(c)
	err := failure(op, status, fault)
	if err != nil && c.closed.Load() {
		return plainFailure(op, ErrClientClosed)
	}
	return err
}

// watch has the events of the session, which belong to no request, come to in
// as well.
func (c *Client) watch(in *inbox) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	c.watchers[in] = struct{}{}
}

func (c *Client) unwatch(in *inbox) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	delete(c.watchers, in)
}

// route gives an event to whoever asked for it, and says whether that was so;
// the others are for Next. The caller holds queue.mu.
func (c *Client) route(event Event) bool {
	if request := event.Info().Request; request != 0 {
		if caller := c.callers[request]; caller != nil {
			return caller.take(c, event)
		}
		return false
	}
	switch event := event.(type) {
	case *Ready:
		c.ready = event
	case *Connection:
		c.follow(event)
	case *Restricted:
		if !event.Redelivered {
			c.restricted = event
		}
	case *Closed:
		delete(c.queue.clients, c.id)
	}
	for in := range c.watchers {
		in.push(event)
	}
	return false
}

// follow notes where the connection stands, and tells those who wait for one that
// it was given up. One that the program gave up itself ends no wait: messages wait
// for the next. The caller holds queue.mu.
func (c *Client) follow(event *Connection) {
	if event.State != ConnectionStateOnline {
		c.ready = nil
	}
	c.lost = nil
	switch {
	case event.Status != StatusOK:
		c.trouble = event.Text
	case event.IsFinal, event.State == ConnectionStateConnected, event.State == ConnectionStateOnline:
		c.trouble = ""
	}
	if !event.IsFinal || event.Status == StatusOK {
		return
	}
	c.lost = event
	for _, caller := range c.callers {
		if caller.sends && !caller.gone {
			caller.in.push(event)
		}
	}
}
