package libwa

// #include <wa.h>
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// A starter makes a request of a client.
type starter func(client *C.wa_client, request *C.uint64_t, fault **C.wa_error) (C.wa_status, error)

// A caller is a goroutine that waits for the answer to its request.
type caller struct {
	in inbox

	// everything is set when all events of the request are wanted, not just
	// the answer.
	everything bool

	// sends is set when a message is handed over: that waits for a connection, and
	// is told of one that was given up.
	sends bool

	// gone is set when nobody wants the answer any more.
	gone bool
}

// take takes what the caller waits for. It is called with queue.mu held.
func (w *caller) take(c *Client, event Event) bool {
	_, last := event.(*Result)
	if w.gone {
		if last {
			delete(c.callers, event.Info().Request)
		}
		return true
	}
	if last || w.everything {
		w.in.push(event)
		return true
	}
	return false
}

// start makes a request whose answer goes to w.
func (c *Client) start(op string, w *caller, start starter) (request uint64, err error) {
	// The lock is held so that nobody can read the answer before it is known
	// who waits for it. Requests return at once.
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	var number C.uint64_t
	var fault *C.wa_error
	status, err := start(c.handle, &number, &fault)
	if err == nil {
		err = c.failure(op, status, fault)
	}
	if err != nil {
		return 0, withOp(err, op)
	}
	c.callers[uint64(number)] = w
	if w.sends && c.lost != nil {
		w.in.push(c.lost)
	}
	return uint64(number), nil
}

// forget ends what start began, for a request that is answered.
func (c *Client) forget(request uint64) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	delete(c.callers, request)
}

// abandon ends what start began, for a request that is not answered: it is
// cancelled, and what still comes of it goes nowhere.
func (c *Client) abandon(request uint64) {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if w := c.callers[request]; w != nil {
		w.gone = true
		w.in.events = nil
	}
	C.wa_cancel(c.handle, C.uint64_t(request), nil)
	runtime.KeepAlive(c)
}

// askResult makes a request and waits for its answer. One that hands a message
// over ends when the connection is given up: all others are answered then.
func (c *Client) askResult(ctx context.Context, op string, start starter) (*Result, error) {
	w := &caller{in: newInbox(), sends: sends(op)}
	request, err := c.start(op, w, start)
	if err != nil {
		return nil, err
	}
	for {
		event, err := c.queue.next(ctx, &w.in)
		switch {
		case errors.Is(err, ErrClosed):
			c.forget(request)
			return nil, plainFailure(op, ErrClientClosed)
		case err != nil:
			c.abandon(request)
			return nil, c.interrupted(op, w, err)
		}
		if result, is := event.(*Result); is {
			c.forget(request)
			return result, result.err(op)
		}
		if err := c.givenUp(ctx, op, w); err != nil {
			c.abandon(request)
			return nil, err
		}
	}
}

// givenUp gives the error of a connection that was given up, nil if there is
// another one or the answer has come.
func (c *Client) givenUp(ctx context.Context, op string, w *caller) error {
	// The answer comes behind all events of what was before, and behind what a call
	// of Connect has begun.
	status, err := c.SessionStatus(ctx)
	switch {
	case err == nil && status.State != string(ConnectionStateDisconnected):
		return nil
	case ctx.Err() != nil, errors.Is(err, ErrClientClosed):
		return nil // whoever waits hears of that
	}
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	answered := slices.ContainsFunc(w.in.events, func(event Event) bool {
		_, is := event.(*Result)
		return is
	})
	if c.lost == nil || answered {
		return nil
	}
	e := c.lost.givenUp(op)
	if r := c.restricted; r != nil && restrictionStatus[r.Kind] == e.Status {
		e.restrict(r)
	}
	return e
}

// interrupted adds to the end of a context why a message could not go out.
func (c *Client) interrupted(op string, w *caller, err error) error {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	if !w.sends || c.trouble == "" {
		return err
	}
	return inVain(op, err, c.trouble)
}

// sends tells whether what is called hands over a message.
func sends(op string) bool {
	return op == "SendText" || op == "SendMessage" || sendingMethods()[op]
}

// sendingMethods are the methods that hand over a message.
var sendingMethods = sync.OnceValue(func() map[string]bool {
	var reference struct {
		Methods []struct {
			Name   string
			Result []struct{ Name string }
		}
	}
	_ = json.Unmarshal(Reference(), &reference) // its form is tested
	found := map[string]bool{}
	for _, method := range reference.Methods {
		for _, field := range method.Result {
			if field.Name == "sent_at_ms" {
				found[method.Name] = true
			}
		}
	}
	return found
})

// ask is askResult for requests whose result is read, or brings nothing but
// whether they succeeded.
func (c *Client) ask(ctx context.Context, op string, start starter, read func(*reader)) error {
	answer, err := c.askResult(ctx, op, start)
	if err == nil && read != nil {
		read(&reader{rest: string(answer.Result)})
	}
	return err
}

// err is the error that the answer tells of.
func (e *Result) err(op string) error {
	if e.Status == StatusOK {
		return nil
	}
	return &Error{Op: op, Status: e.Status, Text: e.Text, Key: e.Key, Retryable: e.Retryable, RetryAfter: e.RetryAfter}
}

// Call calls a method by its name, for methods that this version of the
// package does not have: params becomes one JSON object; nil, or a map or
// pointer that is nil, stands for no parameters. What the method gives is
// unmarshalled into result, if that is not nil. A result of this package, such
// as [GroupInfoResult], is read as its own method reads it. The methods of
// METHODS.md have functions of their own.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	start, err := startMethod(method, params)
	if err != nil {
		return err
	}
	answer, err := c.askResult(ctx, method, start)
	if err != nil || result == nil {
		return err
	}
	if typed, is := result.(interface{ read(*reader) }); is {
		typed.read(&reader{rest: string(answer.Result)})
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// call is Call for generated methods, which read their results themselves.
func (c *Client) call(ctx context.Context, method string, params map[string]any, read func(*reader)) error {
	start, err := startMethod(method, params)
	if err != nil {
		return err
	}
	return c.ask(ctx, method, start, read)
}

func startMethod(method string, params any) (starter, error) {
	// First, for it refuses what has no end.
	object, err := json.Marshal(params)
	if err != nil {
		return nil, &Error{Op: method, Status: ErrInvalidParameter, Text: err.Error(), Key: "params"}
	}
	if string(object) == "null" {
		return startCall(method, ""), nil // a nil map or pointer, too
	}
	if err := checkParams(method, params); err != nil {
		return nil, err
	}
	return startCall(method, string(object)), nil
}

func startCall(method, params string) starter {
	return func(client *C.wa_client, request *C.uint64_t, fault **C.wa_error) (C.wa_status, error) {
		cMethod, err := toText("method", method)
		if err != nil {
			return 0, err
		}
		cParams, err := toTextOrNull("params", params)
		if err != nil {
			return 0, err
		}
		return C.wa_call(client, cMethod, cParams, request, fault), nil
	}
}

// Ptr gives a pointer to a value, for parameters that may be left out.
//
//	client.GroupSettings(ctx, libwa.GroupSettingsParams{Chat: chat, Announcement: libwa.Ptr(false)})
func Ptr[T any](value T) *T {
	return &value
}

// array is a list as the library takes it: nil is an empty one.
func array[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
