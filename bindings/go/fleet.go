package libwa

// #include "glue.h"
import "C"

import (
	"context"
	"iter"
	"runtime"
	"sync/atomic"
)

// A Fleet is any number of clients with one queue: one loop serves thousands
// of sessions, with one descriptor and no thread for each. Each client gets
// its turn, however busy the others are.
//
//	for event, err := range fleet.Events(ctx) {
//		if err != nil {
//			return err
//		}
//		handle(event.Client().Session(), event)
//	}
//
// The clients are used like any other, but for their events, which come from
// the fleet. Calls that wait, such as [Client.Pair], go into goroutines of
// their own.
type Fleet struct {
	handle  *C.wa_queue
	queue   *queue
	closed  atomic.Bool
	cleanup runtime.Cleanup
}

// NewFleet makes a fleet without clients.
func NewFleet() (*Fleet, error) {
	if err := checkVersion(); err != nil {
		return nil, err
	}
	var handle *C.wa_queue
	var fault *C.wa_error
	if status := C.wa_queue_new(&handle, &fault); status != C.WA_OK {
		return nil, failure("NewFleet", status, fault)
	}
	f := &Fleet{handle: handle, queue: newQueue()}
	f.queue.poller.queue = handle
	f.cleanup = runtime.AddCleanup(f.queue, func(handle *C.wa_queue) { C.wa_queue_free(handle) }, handle)
	return f, nil
}

// Open is [Open] for a client of the fleet.
func (f *Fleet) Open(options ...Option) (*Client, error) {
	if f.closed.Load() {
		return nil, plainFailure("Open", ErrClosed)
	}
	return open(f.queue, f.handle, options)
}

// Next takes the next event of any client, and waits for one if there is none.
// It says [ErrClosed] when the fleet is closed. See [Client.Next].
func (f *Fleet) Next(ctx context.Context) (Event, error) {
	defer runtime.KeepAlive(f)
	return f.queue.next(ctx, &f.queue.main)
}

// Events gives the events of all clients as they come, like [Client.Events].
func (f *Fleet) Events(ctx context.Context) iter.Seq2[Event, error] {
	return events(ctx, f.Next)
}

// Wake makes a call of Next that waits, or the next one, return [ErrWoken].
func (f *Fleet) Wake() {
	C.wa_queue_wake(f.handle)
	runtime.KeepAlive(f)
}

// Clients gives the clients that are open, in no order.
func (f *Fleet) Clients() []*Client {
	f.queue.mu.Lock()
	defer f.queue.mu.Unlock()
	clients := make([]*Client, 0, len(f.queue.clients))
	for _, client := range f.queue.clients {
		if !client.closed.Load() {
			clients = append(clients, client)
		}
	}
	return clients
}

// Close closes all clients and then the fleet. It may be called again.
func (f *Fleet) Close() error {
	if f.closed.Swap(true) {
		return nil
	}
	// All are asked first, so that they stop side by side.
	clients := f.Clients()
	for _, client := range clients {
		C.wa_client_close(client.handle)
	}
	for _, client := range clients {
		client.Close()
	}
	f.queue.poller.close()
	f.cleanup.Stop()
	C.wa_queue_free(f.handle)
	return nil
}
