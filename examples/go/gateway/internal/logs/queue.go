// Package logs keeps whoever reads the log from holding up the gateway: a reader
// that stalls, or goes away, costs lines and nothing else.
package logs

import (
	"io"
	"sync"
	"time"
)

// limit is how many bytes may wait for the reader.
const limit = 4 << 20

// A Queue takes lines and writes them, in their order, as fast as they are read.
// What does not fit is dropped and counted.
type Queue struct {
	out     io.Writer
	limit   int
	dropped func(count uint64)

	more   chan struct{} // holds a token when something waits
	ending chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	lost    uint64 // lines, since the start
	told    uint64 // of these, those that dropped was told of
}

// New makes a queue in front of a writer. dropped is called when the writer takes
// lines again, with how many were dropped; it may log that.
func New(out io.Writer, dropped func(count uint64)) *Queue {
	return newQueue(out, limit, dropped)
}

func newQueue(out io.Writer, limit int, dropped func(uint64)) *Queue {
	q := &Queue{
		out: out, limit: limit, dropped: dropped,
		more: make(chan struct{}, 1), ending: make(chan struct{}), done: make(chan struct{}),
	}
	go q.run()
	return q
}

// Write takes a line, and never waits or fails.
func (q *Queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	if q.bytes+len(line) > q.limit {
		q.lost++
	} else {
		q.waiting = append(q.waiting, append([]byte(nil), line...))
		q.bytes += len(line)
	}
	q.mu.Unlock()
	q.wake()
	return len(line), nil
}

// Dropped counts the lines that nobody has read.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

// Close waits until what waits is written, and no longer than most.
func (q *Queue) Close(most time.Duration) {
	close(q.ending)
	select {
	case <-q.done:
	case <-time.After(most):
	}
}

func (q *Queue) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

func (q *Queue) run() {
	defer close(q.done)
	for {
		select {
		case <-q.more:
			q.writeAll()
		case <-q.ending:
			q.writeAll()
			return
		}
	}
}

func (q *Queue) writeAll() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.waiting = nil
			q.mu.Unlock()
			return
		}
		line := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		_, err := q.out.Write(line)
		q.mu.Lock()
		q.bytes -= len(line)
		if err != nil {
			q.lost++
		}
		untold := uint64(0)
		if err == nil {
			untold, q.told = q.lost-q.told, q.lost
		}
		q.mu.Unlock()
		if untold > 0 && q.dropped != nil {
			q.dropped(untold)
		}
	}
}
