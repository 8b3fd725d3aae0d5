package libwa

// #include "glue.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// backlogLimit is how many bounded events of one client wait here, and how many
// droppable ones, when answers are waited for and nobody calls Next, before the
// oldest of the same kind is dropped.
const backlogLimit = 1024

// keeping tells what becomes of an event that nobody takes.
type keeping int

const (
	kept      keeping = iota // it waits
	bounded                  // the oldest bounded ones are dropped: those that anybody can cause and that matter
	droppable                // the oldest droppable ones are dropped
	keepings                 // how many kinds there are
)

// A queue hands events to those who wait for them. There is no goroutine that
// reads all the time: of those who wait, one reads for all, and the next one
// takes over when it has what it waited for.
type queue struct {
	poller poller

	// turn holds a token while a caller reads.
	turn chan struct{}

	// opening is held for reading while a client is opened, so that events of
	// a client that is not registered yet can wait for that.
	opening sync.RWMutex

	// mu guards what follows, and that of the clients which says so.
	mu      sync.Mutex
	clients map[uint64]*Client
	main    inbox
}

func newQueue() *queue {
	return &queue{turn: make(chan struct{}, 1), clients: map[uint64]*Client{}, main: newInbox()}
}

// An inbox is where the events for one purpose wait. The queue's mu guards it.
type inbox struct {
	events []Event

	// filled holds a token when there may be something in it.
	filled chan struct{}
}

func newInbox() inbox {
	return inbox{filled: make(chan struct{}, 1)}
}

func (in *inbox) push(event Event) {
	in.events = append(in.events, event)
	in.signal()
}

func (in *inbox) signal() {
	select {
	case in.filled <- struct{}{}:
	default:
	}
}

func (in *inbox) pop() Event {
	if len(in.events) == 0 {
		return nil
	}
	event := in.events[0]
	in.events[0] = nil
	in.events = in.events[1:]
	if len(in.events) == 0 {
		in.events = nil
	} else {
		in.signal()
	}
	return event
}

// woken stands in the main inbox where Wake was called.
type woken struct{ Event }

func (woken) Client() *Client { return nil }

func (q *queue) pop(in *inbox) Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	event := in.pop()
	if keep := keptAs(event); in == &q.main && keep != kept {
		event.Client().backlog[keep]--
	}
	return event
}

// next waits for the next event of an inbox, and reads the queue meanwhile if
// nobody else does.
func (q *queue) next(ctx context.Context, in *inbox) (Event, error) {
	for {
		if event := q.pop(in); event != nil {
			if _, is := event.(woken); is {
				return nil, ErrWoken
			}
			return event, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		select {
		case q.turn <- struct{}{}:
		case <-in.filled:
			continue
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		err := q.read(ctx, in)
		<-q.turn
		if err != nil {
			return nil, err
		}
	}
}

// read hands out events until there is one in the inbox. The caller holds the
// turn.
func (q *queue) read(ctx context.Context, in *inbox) error {
	for {
		q.mu.Lock()
		done := len(in.events) > 0
		q.mu.Unlock()
		if done {
			return nil
		}
		status, err := q.poller.wait(ctx)
		if err != nil {
			return err
		}
		switch status {
		case C.WA_OK:
			q.dispatch()
		case C.WA_WOKEN:
			q.mu.Lock()
			q.main.push(woken{})
			q.mu.Unlock()
		case C.WA_CLOSED, C.WA_ERROR_INVALID_HANDLE:
			return ErrClosed
		default:
			return failure("Next", status, q.poller.taken.error)
		}
	}
}

// dispatch hands the event that was taken to whom it belongs. One of a client
// that could not be opened belongs to nobody.
func (q *queue) dispatch() {
	taken := &q.poller.taken
	text := q.poller.text()
	client := q.client(uint64(taken.client))
	event := makeEvent(taken, text, client)
	if client == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !client.route(event) {
		q.push(event)
	}
}

// client gives the client of a number. One that is just being opened is waited
// for.
func (q *queue) client(id uint64) *Client {
	q.mu.Lock()
	client := q.clients[id]
	q.mu.Unlock()
	if client != nil {
		return client
	}
	q.opening.Lock()
	defer q.opening.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.clients[id]
}

// push puts an event where Next finds it. The caller holds mu.
func (q *queue) push(event Event) {
	q.main.push(event)
	keep := keptAs(event)
	if keep == kept {
		return
	}
	client := event.Client()
	client.backlog[keep]++
	if client.backlog[keep] > backlogLimit {
		client.backlog[keep]--
		q.main.dropOldest(client, keep)
	}
}

// dropOldest drops the oldest event of a client that is kept in this way. The
// first drop leaves an Overflow in its place, which counts further ones.
func (in *inbox) dropOldest(client *Client, keep keeping) {
	var counter *Overflow
	for i, event := range in.events {
		if event.Client() != client {
			continue
		}
		if overflow, is := event.(*Overflow); is {
			counter = overflow
		}
		if keptAs(event) != keep {
			continue
		}
		if counter != nil {
			counter.count(counter.Count + 1)
			in.events = slices.Delete(in.events, i, i+1)
			return
		}
		counter = &Overflow{EventInfo: EventInfo{ID: event.Info().ID, Time: event.Info().Time, client: client}}
		counter.count(1)
		in.events[i] = counter
		return
	}
}

// count sets how many events were dropped, in the text too.
func (e *Overflow) count(dropped int64) {
	e.Count = dropped
	e.json = fmt.Sprintf(`{"type":"overflow","id":%d,"client":%d,"request":0,"time_ms":%d,"redelivered":false,"count":%d}`,
		e.ID, e.client.id, e.Time.UnixMilli(), dropped)
}
