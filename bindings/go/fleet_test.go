package libwa_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

func newFleet(t testing.TB) *libwa.Fleet {
	t.Helper()
	fleet, err := libwa.NewFleet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Close() })
	return fleet
}

func TestAHundredClientsOfAFleet(t *testing.T) {
	const count = 100
	fleet := newFleet(t)
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/fleet.db")
	ctx := limited(t)
	var pairings group
	for i := range count {
		phone := newPhone(t, nil)
		client, err := fleet.Open(sim.Option(), store, libwa.WithSessionID(fmt.Sprintf("session-%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		pairings.Go(func() {
			for step, err := range client.Pair(ctx, phone.Number) {
				if err != nil {
					t.Errorf("%s: %v", client.Session(), err)
				}
				if code, is := step.(*libwa.PairingCode); is {
					if outcome, err := phone.Enter(ctx, code.Code); err != nil || outcome.Outcome != "linked" {
						t.Errorf("%s: %+v, %v", client.Session(), outcome, err)
					}
				}
			}
		})
	}
	ready := map[string]bool{}
	for event, err := range fleet.Events(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if _, is := event.(*libwa.Ready); is {
			ready[event.Client().Session()] = true
		}
		if len(ready) == count {
			break
		}
	}
	pairings.Wait()
	clients := fleet.Clients()
	if len(clients) != count {
		t.Fatalf("%d clients", len(clients))
	}
	if _, err := clients[0].Next(ctx); !errors.Is(err, libwa.ErrInvalidState) {
		t.Error(err)
	}
	if err := clients[0].Shutdown(ctx); err != nil || len(fleet.Clients()) != count-1 {
		t.Errorf("%v, %d clients", err, len(fleet.Clients()))
	}
	done := make(chan error)
	go func() {
		for {
			if _, err := fleet.Next(ctx); err != nil {
				done <- err
				return
			}
		}
	}()
	if err := errors.Join(fleet.Close(), fleet.Close()); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, libwa.ErrClosed) {
		t.Error(err)
	}
	if _, err := fleet.Open(); !errors.Is(err, libwa.ErrClosed) {
		t.Error(err)
	}
}

// threads counts the threads of this process.
func threads(t testing.TB) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

func TestWaitingNeedsNoThread(t *testing.T) {
	const count = 1000
	ctx, cancel := context.WithCancel(limited(t))
	defer cancel()
	var waiting group
	wait := func(client *libwa.Client) {
		waiting.Go(func() {
			if event, err := client.Next(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", event, err)
			}
		})
	}
	// The first one starts the library's threads.
	wait(open(t))
	before := threads(t)
	for range count {
		wait(open(t))
		// One after the other: Go makes threads for calls into C that go on at
		// once and are held up by a busy machine.
		time.Sleep(200 * time.Microsecond)
	}
	// A thread for each client would be a thousand.
	if after := threads(t); after > before+count/10 {
		t.Errorf("%d threads, and %d with %d clients that wait", before, after, count)
	}
	cancel()
	waiting.Wait()
}

// residentKiB is the memory that the process holds.
func residentKiB(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	var kib int
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

func descriptors(t testing.TB) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
