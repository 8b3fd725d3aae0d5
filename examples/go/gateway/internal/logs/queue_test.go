package logs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// A reader stalls, goes away, or reads.
type reader struct {
	stalled sync.Mutex // held while it stalls

	mu   sync.Mutex
	gone bool
	text bytes.Buffer
}

func (r *reader) Write(line []byte) (int, error) {
	r.stalled.Lock()
	defer r.stalled.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return 0, errors.New("broken pipe")
	}
	return r.text.Write(line)
}

func (r *reader) is(gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = gone
}

// Nobody waits for a reader that stalls: what is too much is dropped, counted, and
// told when it reads again; what was taken comes in its order.
func TestAStalledReader(t *testing.T) {
	r := &reader{}
	told := make(chan uint64, 10)
	q := newQueue(r, 1000, func(count uint64) { told <- count })
	r.stalled.Lock()
	for n := range 100 {
		fmt.Fprintf(q, "line %03d of twenty b\n", n)
	}
	dropped := q.Dropped()
	if dropped < 50 || dropped > 60 {
		t.Errorf("%d lines are dropped", dropped)
	}
	r.stalled.Unlock()
	if count := <-told; count != dropped {
		t.Errorf("%d are told of %d", count, dropped)
	}
	q.Write([]byte("and on\n"))
	q.Close(time.Minute)
	var wanted strings.Builder
	for n := range 100 - int(dropped) {
		fmt.Fprintf(&wanted, "line %03d of twenty b\n", n)
	}
	if got := r.text.String(); got != wanted.String()+"and on\n" {
		t.Errorf("%s", got)
	}
}

// What is written to a reader that is gone is counted as dropped.
func TestAReaderThatIsGone(t *testing.T) {
	r := &reader{}
	told := make(chan uint64, 10)
	q := New(r, func(count uint64) { told <- count })
	r.is(true)
	for range 10 {
		q.Write([]byte("x\n"))
	}
	for q.Dropped() < 10 {
		time.Sleep(time.Millisecond)
	}
	r.is(false)
	q.Write([]byte("y\n"))
	if count := <-told; count != 10 {
		t.Errorf("%d are told of 10", count)
	}
	q.Close(time.Minute)
	if r.text.String() != "y\n" {
		t.Errorf("%q", r.text.String())
	}
}

// The end does not wait for a reader that never reads again.
func TestCloseWithAStalledReader(t *testing.T) {
	r := &reader{}
	r.stalled.Lock()
	q := New(r, nil)
	q.Write([]byte("x\n"))
	q.Close(time.Millisecond)
	r.stalled.Unlock()
	<-q.done
}
