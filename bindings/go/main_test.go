package libwa_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
)

// sim is shared by all tests; each makes phones of its own.
var sim *watest.Sim

func TestMain(m *testing.M) {
	started, err := watest.Run("--check-shapes")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sim = started
	code := m.Run()
	sim.Stop()
	if sim.Violated() {
		code = 1
	}
	os.Exit(code)
}

// timeout is when a test that hangs is given up.
const timeout = 3 * time.Minute

func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	return ctx
}

var lastNumber atomic.Int64

// newPhone makes a phone that no other test has.
func newPhone(t testing.TB, switches watest.Switches) *watest.Phone {
	t.Helper()
	number := fmt.Sprintf("1555%07d", lastNumber.Add(1))
	phone, err := sim.NewPhone(limited(t), number, "Ada", switches)
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

// open opens a client for the simulator that is closed when the test ends.
func open(t testing.TB, options ...libwa.Option) *libwa.Client {
	t.Helper()
	client, err := libwa.Open(append([]libwa.Option{sim.Option()}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// pair links a client to a phone that does what it is asked.
func pair(t testing.TB, client *libwa.Client, phone *watest.Phone) *libwa.Ready {
	t.Helper()
	ctx := limited(t)
	for step, err := range client.Pair(ctx, phone.Number) {
		if err != nil {
			t.Fatal(err)
		}
		switch step := step.(type) {
		case *libwa.PairingCode:
			enter(t, phone, step.Code, "linked")
		case *libwa.Ready:
			return step
		}
	}
	t.Fatal("the pairing ended without a word")
	return nil
}

// enter types a code in the background and expects an outcome.
func enter(t testing.TB, phone *watest.Phone, code, outcome string) {
	ctx := limited(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		got, err := phone.Enter(ctx, code)
		if err != nil || got.Outcome != outcome {
			t.Errorf("the phone says %+v, %v; wanted %s", got, err, outcome)
		}
	}()
	t.Cleanup(func() { <-done })
}

// A group is a number of goroutines that are waited for.
type group struct{ sync.WaitGroup }

func (g *group) Go(run func()) {
	g.Add(1)
	go func() {
		defer g.Done()
		run()
	}()
}
