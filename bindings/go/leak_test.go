package libwa_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

// TestNothingLeaks opens, pairs and closes, again and again. The full form is
//
//	LIBWA_CYCLES=1000 go test -run TestNothingLeaks -timeout 30m
func TestNothingLeaks(t *testing.T) {
	cycles := 40
	if wanted := os.Getenv("LIBWA_CYCLES"); wanted != "" {
		var err error
		if cycles, err = strconv.Atoi(wanted); err != nil {
			t.Fatal(err)
		}
	}
	once := func(t *testing.T) {
		phone := newPhone(t, nil)
		client, err := libwa.Open(sim.Option(), libwa.WithStoreURL("sqlite:"+t.TempDir()+"/session.db"))
		if err != nil {
			t.Fatal(err)
		}
		pair(t, client, phone)
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		if err := phone.Remove(limited(t)); err != nil {
			t.Fatal(err)
		}
	}
	// A test of its own each time, which leaves nothing of itself behind.
	cycle := func() {
		if !t.Run("cycle", once) {
			t.FailNow()
		}
	}
	// Objects that are made once are made in the first cycles.
	for range cycles/4 + 5 {
		cycle()
	}
	collect()
	memory, files := residentKiB(t), descriptors(t)
	for range cycles {
		cycle()
	}
	collect()
	t.Logf("%d cycles: %d KiB more, %d descriptors more", cycles, residentKiB(t)-memory, descriptors(t)-files)
	if more := residentKiB(t) - memory; more > 4096+2*cycles+raceDetectorKiB {
		t.Errorf("%d KiB more after %d cycles", more, cycles)
	}
	if more := descriptors(t) - files; more > 5 {
		t.Errorf("%d descriptors more after %d cycles", more, cycles)
	}
}

// A client that nobody closed is closed when the collector finds it, and so
// are events that nobody acknowledged.
func TestForgottenClientIsClosed(t *testing.T) {
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	func() {
		if _, err := libwa.Open(store); err != nil {
			t.Fatal(err)
		}
	}()
	for deadline := time.Now().Add(timeout); ; {
		collect()
		client, err := libwa.Open(store)
		if err == nil {
			client.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func collect() {
	for range 3 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
}
