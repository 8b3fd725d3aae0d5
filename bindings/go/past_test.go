package libwa_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

// A phone that unlinks the device while the program is stopped ends one wait of
// the next run, and none of those after it, whatever the program reads.
func TestUnlinkedWhileStopped(t *testing.T) {
	phone := newPhone(t, nil)
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	client := open(t, store)
	pair(t, client, phone)
	if err := errors.Join(client.Shutdown(limited(t)), phone.UnlinkAll(limited(t))); err != nil {
		t.Fatal(err)
	}
	client = open(t, store)
	var e *libwa.Error
	if _, err := client.WaitReady(limited(t)); !errors.Is(err, libwa.ErrLoggedOut) || !errors.As(err, &e) || e.UserText == "" {
		t.Errorf("%v", err)
	}
	client.Close()
	for range 2 {
		client = open(t, store)
		if _, err := client.WaitReady(limited(t)); !errors.Is(err, libwa.ErrNotLinked) {
			t.Errorf("%v", err)
		}
		client.Close()
	}
	pair(t, open(t, store), phone)
}

// An account that is locked or banned is not told as a device that the phone has
// unlinked, and no event of it comes again.
func TestAccountLockedOrBannedAtLogin(t *testing.T) {
	for reason, wanted := range map[string]error{"403": libwa.ErrAccountLocked, "406": libwa.ErrAccountBanned} {
		t.Run(reason, func(t *testing.T) {
			for _, wait := range []string{"WaitReady", "Pair"} {
				phone := newPhone(t, nil)
				store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
				client := open(t, store)
				pair(t, client, phone)
				if err := client.Shutdown(limited(t)); err != nil {
					t.Fatal(err)
				}
				fault(t, map[string]any{"point": "login", "number": phone.Number}, map[string]any{"failure": map[string]any{"reason": reason}})
				client = open(t, store)
				var err error
				if wait == "WaitReady" {
					_, err = client.WaitReady(limited(t))
				} else {
					for step, last := range client.Pair(limited(t), phone.Number) {
						if err = last; err == nil && step.Type() == "pairing.code" {
							t.Error("a code was asked for")
						}
					}
				}
				var e *libwa.Error
				if !errors.As(err, &e) || e.Status != wanted || e.Op != wait || e.Retryable || !strings.Contains(e.UserText, "Open WhatsApp on the phone") {
					t.Errorf("%s: %v, %+v", wait, err, e)
				} else if strings.Contains(err.Error(), "again") {
					t.Errorf("%s: %v", wait, err)
				}
				client.Close()
				client = open(t, store)
				if _, err := client.WaitReady(limited(t)); !errors.Is(err, libwa.ErrNotLinked) {
					t.Error(err)
				}
				client.Close()
				for event, err := range client.Events(limited(t)) {
					if err != nil || event.Info().Redelivered {
						t.Errorf("it came again: %v, %v", event, err)
					}
				}
			}
		})
	}
}

// Events that an earlier run did not acknowledge are told by Next, and are no
// step of what happens now.
func TestPastIsNotTakenForNow(t *testing.T) {
	phone := newPhone(t, nil)
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	client := open(t, store)
	pair(t, client, phone)
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	for event, err := range client.Events(limited(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if _, is := event.(*libwa.LoggedOut); is {
			break // which leaves it unacknowledged
		}
	}
	client.Close()
	client = open(t, store)
	pair(t, client, phone)
	if out := await[*libwa.LoggedOut](t, client); !out.Redelivered {
		t.Errorf("%+v", out)
	}
	if !client.Linked() {
		t.Error("it is not linked")
	}
}

// A connection that was given up ends every wait, with the reason.
func TestFinalDisconnectEndsEveryWait(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	nobody := libwa.WithServerURL("ws://" + listener.Addr().String() + "/ws/chat")
	login := map[string]any{"point": "login"}
	for name, lost := range map[string]struct {
		option libwa.Option
		when   map[string]any
		do     any
		wanted error
		text   string
	}{
		"replaced at login": {nil, map[string]any{"point": "out", "tag": "success"}, map[string]any{"stream_error": map[string]any{"conflict": "replaced"}}, libwa.ErrReplaced, ""},
		"nobody listens":    {libwa.Options(libwa.WithReconnectAuto(false), nobody), nil, nil, nil, "refused"},
		"closed at login":   {libwa.WithReconnectAuto(false), login, "close", nil, ""},
		"405":               {nil, login, map[string]any{"failure": map[string]any{"reason": "405"}}, libwa.ErrClientOutdated, ""},
		"402":               {nil, login, map[string]any{"failure": map[string]any{"reason": "402", "code": "101", "expire": "3600"}}, libwa.ErrTemporarilyBanned, ""},
		"409":               {nil, login, map[string]any{"failure": map[string]any{"reason": "409"}}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			phone := newPhone(t, nil)
			store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
			client := open(t, store)
			pair(t, client, phone)
			if err := client.Shutdown(limited(t)); err != nil {
				t.Fatal(err)
			}
			option := lost.option
			if option == nil {
				option = libwa.Options()
			}
			waits := map[string]func(*libwa.Client) error{
				"WaitReady": func(c *libwa.Client) error {
					_, err := c.WaitReady(limited(t))
					return err
				},
				"Pair": func(c *libwa.Client) (last error) {
					for _, err := range c.Pair(limited(t), phone.Number) {
						last = err
					}
					return last
				},
			}
			for wait, run := range waits {
				client := open(t, store, option)
				for range 2 {
					if lost.when != nil {
						fault(t, lost.when, lost.do)
					}
					err := run(client)
					var e *libwa.Error
					switch {
					case !errors.As(err, &e) || errors.Is(err, context.DeadlineExceeded):
						t.Errorf("%s: %v", wait, err)
					case lost.wanted != nil && !errors.Is(err, lost.wanted), !strings.Contains(e.Text, lost.text), e.Op != wait:
						t.Errorf("%s: %v, not %v", wait, err, lost.wanted)
					case name == "402" && (!e.Retryable || e.RetryAfter < time.Minute):
						t.Errorf("%s: again in %s", wait, e.RetryAfter)
					}
				}
				client.Close()
			}
			// The cause is gone: what it left in the store holds nobody up.
			client = open(t, store)
			if _, err := client.WaitReady(limited(t)); err != nil {
				t.Error(err)
			}
			client.Close()
		})
	}
}

// Pairing without a network, and with QR codes, ends too.
func TestPairingThatCannotConnect(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	client := open(t, libwa.WithReconnectAuto(false), libwa.WithServerURL("ws://"+listener.Addr().String()+"/ws/chat"))
	for name, steps := range map[string]func(func(libwa.Event, error) bool){
		"Pair": client.Pair(limited(t), "15550001234"), "PairQR": client.PairQR(limited(t)),
	} {
		var last error
		for _, err := range steps {
			last = err
		}
		var e *libwa.Error
		if !errors.As(last, &e) || !strings.Contains(e.Text, "refused") {
			t.Errorf("%s: %v", name, last)
		}
	}
}

// A wait ends when another caller gives the connection up; a connection that
// was given up before it began does not end it.
func TestDisconnectEndsAWait(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	pair(t, client, phone)
	for range 3 {
		if err := client.Disconnect(); err != nil {
			t.Fatal(err)
		}
		if _, err := client.WaitReady(limited(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Disconnect(); err != nil {
		t.Fatal(err)
	}
	fault(t, map[string]any{"point": "out", "tag": "success", "number": phone.Number}, "drop")
	// Earlier events are read, so that what follows is of the wait.
	before, cancel := context.WithCancel(limited(t))
	cancel()
	for {
		if _, err := client.Next(before); err != nil {
			break
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := client.WaitReady(limited(t))
		ended <- err
	}()
	for event, err := range client.Events(limited(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if c, is := event.(*libwa.Connection); is && c.State == libwa.ConnectionStateConnected {
			break
		}
	}
	if err := client.Disconnect(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, libwa.ErrNotConnected) {
		t.Error(err)
	}
}

// A wait that its context ends says why there was no connection.
func TestAnInterruptedWaitSaysWhy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	client := open(t, libwa.WithServerURL("ws://"+listener.Addr().String()+"/ws/chat"))
	ctx, cancel := context.WithCancel(limited(t))
	defer cancel()
	var last error
	for step, err := range client.Pair(ctx, "15550001234") {
		if _, is := step.(*libwa.Connection); is {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || !strings.Contains(last.Error(), "refused") {
		t.Error(last)
	}
}
