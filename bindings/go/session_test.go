package libwa_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

// await reads events until one of type T comes.
func await[T libwa.Event](t testing.TB, client *libwa.Client) T {
	t.Helper()
	for event, err := range client.Events(limited(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if wanted, is := event.(T); is {
			event.Ack()
			return wanted
		}
	}
	t.Fatal("the client closed before the event came")
	panic("not reached")
}

func TestLogout(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	pair(t, client, phone)
	if err := client.Logout(limited(t)); err != nil {
		t.Fatal(err)
	}
	if out := await[*libwa.LoggedOut](t, client); out.Reason != libwa.LogoutReasonByHost || out.MayBeListed {
		t.Errorf("%+v", out)
	}
	if closed := await[*libwa.Closed](t, client); closed.Reason != libwa.CloseReasonLoggedOut {
		t.Errorf("%+v", closed)
	}
	if event, err := client.Next(limited(t)); !errors.Is(err, libwa.ErrClosed) {
		t.Errorf("%v, %v", event, err)
	}
	if _, err := client.ServerPing(limited(t)); !errors.Is(err, libwa.ErrClientClosed) && !errors.Is(err, libwa.ErrLoggedOut) {
		t.Error(err)
	}
	if companions, err := phone.WaitCompanions(limited(t), 0); err != nil {
		t.Errorf("%+v, %v", companions, err)
	}
}

func TestUnlinkedFromThePhone(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t)
	pair(t, client, phone)
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	if out := await[*libwa.LoggedOut](t, client); out.Reason != libwa.LogoutReasonByPhone || out.UserText == "" {
		t.Errorf("%+v", out)
	}
}

func TestDurableEventComesAgainUntilAcknowledged(t *testing.T) {
	phone := newPhone(t, nil)
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	client := open(t, store)
	pair(t, client, phone)
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	for acknowledged := range 3 {
		var out *libwa.LoggedOut
		for event, err := range client.Events(limited(t)) {
			if err != nil {
				t.Fatal(err)
			}
			if found, is := event.(*libwa.LoggedOut); is {
				out = found
				break // which leaves it unacknowledged
			}
		}
		if acknowledged == 2 {
			if out != nil {
				t.Error("it came again after it was acknowledged")
			}
			break
		}
		if out == nil || out.Redelivered != (acknowledged == 1) {
			t.Fatalf("round %d: %+v", acknowledged, out)
		}
		if acknowledged == 1 {
			if err := errors.Join(out.Ack(), out.Ack()); err != nil {
				t.Error(err)
			}
		}
		if err := client.Shutdown(limited(t)); err != nil {
			t.Fatal(err)
		}
		client = open(t, store)
		if acknowledged == 1 {
			go client.Shutdown(limited(t))
		}
	}
}

func TestReconnects(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t, libwa.WithReconnectBase(10*time.Millisecond))
	ready := pair(t, client, phone)
	if err := sim.Cut(limited(t), ready.JID); err != nil {
		t.Fatal(err)
	}
	for event, err := range client.Events(limited(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if lost, is := event.(*libwa.Connection); is && lost.State == libwa.ConnectionStateReconnecting {
			if lost.Reason == "" || lost.RetryIn == nil || *lost.RetryIn > time.Minute {
				t.Errorf("%+v", lost)
			}
			break
		}
	}
	if again := await[*libwa.Ready](t, client); again.FirstLogin || again.JID != ready.JID {
		t.Errorf("%+v", again)
	}
}

func TestMethods(t *testing.T) {
	phone := newPhone(t, nil)
	client := open(t, libwa.WithSessionID("one"))
	ready := pair(t, client, phone)
	ctx := limited(t)
	status, err := client.SessionStatus(ctx)
	if err != nil || !status.Linked || status.JID != ready.JID || status.State != string(libwa.ConnectionStateOnline) {
		t.Errorf("%+v, %v", status, err)
	}
	list, err := client.SessionList(ctx)
	if err != nil || !slices.Equal(list.Sessions, []string{"one"}) {
		t.Errorf("%s, %v", list.Sessions, err)
	}
	ping, err := client.ServerPing(ctx)
	if err != nil || ping.RoundTrip < 0 || ping.RoundTrip > timeout {
		t.Errorf("%+v, %v", ping, err)
	}
	var answer struct{ Linked bool }
	if err := client.Call(ctx, "session.status", map[string]any{}, &answer); err != nil || !answer.Linked {
		t.Errorf("%+v, %v", answer, err)
	}
	var e *libwa.Error
	err = client.Call(ctx, "session.status", map[string]any{"a": 1}, nil)
	if !errors.Is(err, libwa.ErrInvalidParameter) || !errors.As(err, &e) || e.Key != "a" || !strings.Contains(err.Error(), "session.status") {
		t.Error(err)
	}
	if err := client.Call(ctx, "no.such", nil, nil); !errors.Is(err, libwa.ErrUnknownMethod) {
		t.Error(err)
	}
	if err := client.SessionErase(ctx, libwa.SessionEraseParams{}); err != nil || client.Linked() {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	store := libwa.WithStoreURL("sqlite:" + t.TempDir() + "/session.db")
	client := open(t, store)
	for wanted, option := range map[libwa.Status]libwa.Option{
		libwa.ErrSessionInUse:    store,
		libwa.ErrUnknownKey:      libwa.With("no.such", "1"),
		libwa.ErrBadValue:        libwa.WithIQTimeout(time.Nanosecond),
		libwa.ErrStoreNotFound:   libwa.WithStoreURL("sqlite:" + t.TempDir() + "/no/such.db"),
		libwa.ErrInvalidArgument: libwa.WithDeviceName("a\x00b"),
	} {
		if _, err := libwa.Open(option); !errors.Is(err, wanted) {
			t.Errorf("wanted %v, got %v", wanted, err)
		}
	}
	client.Close()
	// A closed client makes room at once.
	open(t, store, libwa.With("host.note", "the program's own"))
}

func TestCallsAndEventsAtOnce(t *testing.T) {
	client := open(t, libwa.WithLogLevel("debug"))
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(limited(t))
	defer cancel()
	var readers, callers group
	var mu sync.Mutex
	var ids []uint64
	for range 4 {
		readers.Go(func() {
			for event, err := range client.Events(ctx) {
				if err != nil {
					return
				}
				if _, is := event.(*libwa.Result); is {
					t.Error("an answer went to somebody who did not ask")
				}
				mu.Lock()
				ids = append(ids, event.Info().ID)
				mu.Unlock()
			}
		})
	}
	for range 16 {
		callers.Go(func() {
			for range 50 {
				if status, err := client.SessionStatus(ctx); err != nil || status.Linked {
					t.Errorf("%+v, %v", status, err)
				}
				short, cancel := context.WithTimeout(ctx, time.Microsecond)
				if _, err := client.ServerPing(short); err == nil {
					t.Log("a ping within a microsecond")
				}
				cancel()
			}
		})
	}
	callers.Wait()
	cancel()
	readers.Wait()
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("an event came twice")
	}
}

func TestWake(t *testing.T) {
	client := open(t)
	client.Wake()
	if _, err := client.Next(limited(t)); !errors.Is(err, libwa.ErrWoken) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(limited(t), 20*time.Millisecond)
	defer cancel()
	for range 3 {
		if event, err := client.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", event, err)
		}
	}
	// The remains of an ended context do not disturb the next wait.
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	await[*libwa.Connection](t, client)
}

func TestCloseWhileOthersWait(t *testing.T) {
	for range 20 {
		client := open(t)
		if err := client.Connect(); err != nil {
			t.Fatal(err)
		}
		var waiting group
		for range 4 {
			waiting.Go(func() {
				for {
					if _, err := client.Next(limited(t)); err != nil {
						if !errors.Is(err, libwa.ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
			waiting.Go(func() {
				for {
					if _, err := client.SessionStatus(limited(t)); err != nil {
						if !errors.Is(err, libwa.ErrClientClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		for range 3 {
			waiting.Go(func() { client.Close() })
		}
		waiting.Wait()
		if err := client.Connect(); !errors.Is(err, libwa.ErrClientClosed) {
			t.Error(err)
		}
		if client.Linked() {
			t.Error("a closed client is linked")
		}
	}
}

func TestHostThatStopsReading(t *testing.T) {
	client := open(t, libwa.WithQueueCapacity(8), libwa.WithLogLevel("trace"))
	var dropped int64
	for limit := limited(t); dropped == 0 && limit.Err() == nil; {
		// While nobody reads, the library has its time to say more than fits:
		// what is taken back at once is not said at all.
		for range 20 {
			if err := client.Connect(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
			if err := client.Disconnect(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(limit, 100*time.Millisecond)
		for event, err := range client.Events(ctx) {
			if overflow, is := event.(*libwa.Overflow); is && err == nil {
				dropped += overflow.Count
			}
		}
		cancel()
	}
	if dropped == 0 {
		t.Error("nothing was dropped")
	}
	// A request is answered all the same.
	if _, err := client.SessionStatus(limited(t)); err != nil {
		t.Error(err)
	}
}
