package libwa

// #include "glue.h"
import "C"

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
	"unsafe"
)

// roomSize is what most events fit into.
const roomSize = 4096

// A poller takes events out of a queue of the library and waits for them in
// Go's own poller, which needs no thread. It serves one goroutine at a time.
type poller struct {
	queue *C.wa_queue

	// client is the client whose own queue it is, nil for a shared one.
	client *C.wa_client

	taken C.golibwa_taken
	room  [roomSize]byte

	// mu guards what is made with the first wait.
	mu     sync.Mutex
	file   *os.File
	closed bool
}

// poll takes an event if there is one. The caller copies what it needs out of
// taken and room before the next one.
func (p *poller) poll() C.wa_status {
	p.taken = C.golibwa_taken{}
	room := (*C.char)(unsafe.Pointer(&p.room[0]))
	if p.client != nil {
		return C.golibwa_poll_client(p.client, room, roomSize, &p.taken)
	}
	return C.golibwa_poll_queue(p.queue, room, roomSize, &p.taken)
}

// text gives the JSON of the event that was taken.
func (p *poller) text() string {
	length := int(p.taken.length)
	if p.taken.json == nil {
		return string(p.room[:length])
	}
	text := C.GoStringN(p.taken.json, C.int(length))
	p.taken.json = nil
	if !isKept(p.taken.event) {
		C.wa_event_free(p.taken.event)
		p.taken.event = nil
	}
	return text
}

// isKept tells whether more will be wanted of an event than its text.
func isKept(event *C.wa_event) bool {
	return bool(C.wa_event_is_durable(event)) || C.wa_event_type(event) == C.WA_EVENT_PAIRING_QR
}

// wait takes an event, and waits until there is one, the queue is closed or ctx
// ends.
func (p *poller) wait(ctx context.Context) (C.wa_status, error) {
	status := p.poll()
	if status != C.WA_TIMEOUT {
		return status, nil
	}
	file, err := p.descriptor()
	if err != nil {
		return 0, err
	}
	connection, err := file.SyscallConn()
	if err != nil {
		return C.WA_CLOSED, nil
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { file.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	for {
		err := connection.Read(func(uintptr) bool {
			status = p.poll()
			return status != C.WA_TIMEOUT
		})
		switch {
		case err == nil:
			return status, nil
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return C.WA_CLOSED, nil
		}
		// The deadline was left by an earlier wait. Whoever ends ctx after
		// this line sets it again, and who did before is seen here.
		file.SetReadDeadline(time.Time{})
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// descriptor gives a duplicate of the queue's descriptor, made with the first
// call.
func (p *poller) descriptor() (*os.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil && !p.closed {
		number := C.golibwa_descriptor(p.queue)
		if number < 0 {
			return nil, plainFailure("Next", ErrTooManyFiles)
		}
		p.file = os.NewFile(uintptr(number), "libwa queue")
	}
	if p.file == nil {
		return nil, ErrClosed
	}
	return p.file, nil
}

// close lets a waiting goroutine go.
func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.file != nil {
		p.file.Close()
	}
}
