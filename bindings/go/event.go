package libwa

// #include "glue.h"
import "C"

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// An Event is something that happened to a client: one of the event types of
// this package, always as a pointer, to be told apart by a type switch.
//
//	switch event := event.(type) {
//	case *libwa.PairingCode:
//		fmt.Println(event.Display, event.ExpiresAt)
//	case *libwa.LoggedOut:
//		fmt.Println(event.UserText)
//	}
//
// Leave types out that you do not need: later versions bring more, and a
// library that is newer than this package brings [UnknownEvent].
type Event interface {
	// Type gives the dotted name of the event's type, such as
	// "pairing.code".
	Type() string

	// Info gives what every event has.
	Info() *EventInfo

	// Client gives the client that the event comes from.
	Client() *Client

	// JSON gives the whole event as the library wrote it.
	JSON() json.RawMessage

	// Ack says that the event has been dealt with: a durable one does not
	// come again. It returns at once; a crash right after it can still bring
	// the event again. Other events take it too and need it not.
	Ack() error
}

// body is what every event type can do within this package.
type body interface {
	Event
	read(*reader)
}

// EventInfo is what every event has; it is part of all event types.
type EventInfo struct {
	// ID is strictly increasing for each client.
	ID uint64

	// Request is the number of the request that the event belongs to, 0 if to
	// none.
	Request uint64

	// Time is when it happened.
	Time time.Time

	// Redelivered tells whether the event is of an earlier run of the program,
	// which did not acknowledge it. It says what was, not what is: a device
	// that was unlinked then may be linked now. [Client.Linked], [Ready],
	// [Connection] and events without this mark tell what is.
	Redelivered bool

	client *Client
	json   string
	kept   *keptEvent
}

// An UnknownEvent is of a type that this version of the package does not know.
// Its JSON says everything.
type UnknownEvent struct {
	EventInfo

	// Number is the number of the type in wa.h.
	Number uint32
}

func (e *UnknownEvent) read(*reader) {}

// Type gives the dotted name of the event's type, such as "pairing.code".
func (e *EventInfo) Type() string {
	for r := (reader{rest: e.json}); r.next(); r.skip() {
		if r.key == "type" {
			return r.text()
		}
	}
	return ""
}

// Info gives what every event has.
func (e *EventInfo) Info() *EventInfo {
	return e
}

// Client gives the client that the event comes from.
func (e *EventInfo) Client() *Client {
	return e.client
}

// JSON gives the whole event as the library wrote it.
func (e *EventInfo) JSON() json.RawMessage {
	return json.RawMessage(e.json)
}

// String gives type, number, and what the event says of the session: its
// state, and why. It holds no code, number, name or message, so that an event
// can be logged.
func (e *EventInfo) String() string {
	name := e.Type()
	text := fmt.Sprintf("%s #%d", name, e.ID)
	if said := e.said(shown[name]); said != "" {
		text += ": " + said
	}
	return text
}

// LogValue is String for log/slog.
func (e *EventInfo) LogValue() slog.Value {
	return slog.StringValue(e.String())
}

// Ack says that the event has been dealt with; see [Event].
func (e *EventInfo) Ack() error {
	if e.kept == nil {
		return nil
	}
	return e.kept.ack()
}

// A keptEvent is an event that the library keeps for us, because it can be
// acknowledged or drawn. It is freed when it is acknowledged, or collected.
type keptEvent struct {
	mu      sync.Mutex
	handle  *C.wa_event
	cleanup runtime.Cleanup
}

func keep(handle *C.wa_event) *keptEvent {
	kept := &keptEvent{handle: handle}
	kept.cleanup = runtime.AddCleanup(kept, func(handle *C.wa_event) { C.wa_event_free(handle) }, handle)
	return kept
}

func (k *keptEvent) ack() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.handle == nil {
		return nil
	}
	status := C.golibwa_ack(k.handle)
	k.handle = nil
	k.cleanup.Stop()
	return failure("Ack", status, nil)
}

// makeEvent makes the Go value of an event that was taken.
func makeEvent(taken *C.golibwa_taken, text string, client *Client) body {
	event := newEvent(uint32(taken._type))
	if event == nil {
		event = &UnknownEvent{Number: uint32(taken._type)}
	}
	info := event.Info()
	info.ID = uint64(taken.id)
	info.Request = uint64(taken.request)
	info.Time = time.UnixMilli(int64(taken.time_ms))
	info.Redelivered = bool(taken.redelivered)
	info.client = client
	info.json = text
	if taken.event != nil {
		info.kept = keep(taken.event)
	}
	event.read(&reader{rest: text})
	switch event := event.(type) {
	case *Connection:
		event.Text = inGo(event.Text)
	case *Closed:
		event.Text = inGo(event.Text)
	case *PairingError:
		event.Text = inGo(event.Text)
	case *Result:
		event.Text = inGo(event.Text)
	}
	return event
}
