package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// newTestManager makes a manager whose clients talk to a simulator of their own.
// also is part of each commit of its log.
func newTestManager(t *testing.T, also func(*bbolt.Tx, []events.Event) error) (*Manager, *watest.Sim) {
	t.Helper()
	sim := watest.Start(t, "--check-shapes")
	folder := t.TempDir()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	log, err := events.Open(db, slog.New(slog.DiscardHandler), events.Retention{Keep: 1000}, also)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	m, err := New(Options{
		Client: []libwa.Option{
			libwa.WithStoreURL("sqlite:" + filepath.Join(folder, "sessions.db")),
			libwa.With("server.url", sim.WS), libwa.With("server.root_key", sim.RootKey),
		},
		DB: db, Events: log, Log: slog.New(slog.DiscardHandler), CodeTimeout: 30 * time.Second, MaxSessions: 10, MaxPending: 10, MaxPendingBytes: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, sim
}

// linked makes a session and links it to a new phone.
func linked(t *testing.T, m *Manager, sim *watest.Sim, id, number string) *Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := m.Create(id); err != nil {
		t.Fatal(err)
	}
	phone, err := sim.NewPhone(ctx, number, "Ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	code, err := s.PairByCode(ctx, "+"+number, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := phone.Enter(ctx, code.Code); err != nil || outcome.Outcome != "linked" {
		t.Fatal(outcome, err)
	}
	for status := s.Status(); status.State != Connected; status = s.Wait(ctx, status.Version) {
		if ctx.Err() != nil {
			t.Fatalf("it is %s", status.State)
		}
	}
	return s
}

// refused says whether an error is a refusal for a reason.
func refused(err error, reason string) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Reason == reason
}

// A session that could not be opened again still has its keys: it is removed
// or unlinked with them, or not at all.
func TestAStoppedSessionIsErasedToo(t *testing.T) {
	m, sim := newTestManager(t, nil)
	usual := m.Client
	for id, end := range map[string]func(*Session) error{
		"deleted":  func(s *Session) error { return m.Delete(t.Context(), s.id) },
		"unlinked": func(s *Session) error { return s.Unlink(t.Context()) },
	} {
		t.Run(id, func(t *testing.T) {
			s := linked(t, m, sim, id, map[string]string{"deleted": "15557000001", "unlinked": "15557000002"}[id])
			put(t, m.outbox, Outgoing{Session: id, ID: "3EB0", Chat: "15550000000@s.whatsapp.net", Text: "of the old account"})
			m.Client = []libwa.Option{libwa.With("no.such.key", "x")}
			if err := s.Restart(); !refused(err, "session_stopped") || s.Status().State != Stopped {
				t.Fatalf("%v, it is %s", err, s.Status().State)
			}
			if err := end(s); !refused(err, "session_not_erased") {
				t.Errorf("what cannot be opened cannot be erased: %v", err)
			}
			if _, err := m.Get(id); err != nil || m.Pending() != 1 {
				t.Errorf("it is gone, and its keys are not: %v, %d messages wait", err, m.Pending())
			}
			if err := s.Restart(); !refused(err, "session_not_erased") {
				t.Errorf("restart: %v", err)
			}
			s.mu.Lock()
			m.Client = usual
			s.mu.Unlock()
			// It is tried again by itself.
			deadline := time.Now().Add(time.Minute)
			for id == "deleted" && m.has(id) || id == "unlinked" && !s.isNew() {
				if time.Now().After(deadline) {
					t.Fatal("it is not finished")
				}
				time.Sleep(10 * time.Millisecond)
			}
			if id == "deleted" {
				if _, err := m.Create(id); err != nil {
					t.Fatal(err)
				}
			}
			again, err := m.Get(id)
			if err != nil {
				t.Fatal(err)
			}
			if state := again.Status().State; state != Unlinked || again.client.Linked() {
				t.Errorf("it is %s", state)
			}
			if waiting := m.Pending(); waiting != 0 {
				t.Errorf("%d messages wait", waiting)
			}
		})
	}
}

// isNew says whether a session is open and has no account.
func (s *Session) isNew() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Ending == "" && s.status.State == Unlinked && s.client != nil
}

func (m *Manager) has(id string) bool {
	_, err := m.Get(id)
	return err == nil
}

// Whoever still holds a session that was removed cannot open it again.
func TestARemovedSessionStaysRemoved(t *testing.T) {
	m, _ := newTestManager(t, nil)
	if _, err := m.Create("shop"); err != nil {
		t.Fatal(err)
	}
	old, err := m.Get("shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Delete(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"restart": old.Restart(), "unlink": old.Unlink(t.Context())} {
		if !refused(err, "session_busy") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := m.Create("shop"); err != nil {
		t.Error(err)
	}
}

// Making and removing the same session at once never leaves a client that
// nobody holds.
func TestCreateAgainstDelete(t *testing.T) {
	m, _ := newTestManager(t, nil)
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				m.Delete(t.Context(), "shop")
			}
		}
	})
	for range 100 {
		if _, err := m.Create("shop"); err != nil && !refused(err, "session_exists") {
			t.Error(err)
			break
		}
	}
	close(stop)
	all.Wait()
	m.Delete(t.Context(), "shop")
	if _, err := m.Create("shop"); err != nil {
		t.Errorf("the name cannot be used any more: %v", err)
	}
}

// While the log takes nothing, a session still tells where it stands; what would
// make more events is refused, and everything ends.
func TestAFullLog(t *testing.T) {
	var failing atomic.Bool
	m, sim := newTestManager(t, func(*bbolt.Tx, []events.Event) error {
		if failing.Load() {
			return errors.New("the disk is full")
		}
		return nil
	})
	s := linked(t, m, sim, "shop", "15557000003")
	failing.Store(true)
	for changes := 0; changes < 2000 || !m.Events.Full(); changes++ {
		changed := make(chan struct{})
		go func() {
			defer close(changed)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.set(func(status *Status) { status.Reason = fmt.Sprint("change ", changes) })
		}()
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatalf("change %d of the status waits for the log", changes)
		}
	}
	m.List()
	if err := s.Restart(); !refused(err, "log_full") {
		t.Errorf("restart: %v", err)
	}
	if err := m.Delete(t.Context(), "shop"); !refused(err, "log_full") {
		t.Errorf("delete: %v", err)
	}
	if _, err := s.PairByQR(t.Context(), func(string) {}); !refused(err, "log_full") {
		t.Errorf("pair: %v", err)
	}
	// The loop has an event that it waits with.
	s.client.Disconnect()
	time.Sleep(100 * time.Millisecond)
	closed := make(chan struct{})
	go func() {
		m.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(15 * time.Second):
		t.Fatal("it does not end")
	}
}

// What was left of a removed session, when the gateway was ended or the disk was
// full, is gone before its name is used again.
func TestNothingIsLeftOfARemovedSession(t *testing.T) {
	m, _ := newTestManager(t, nil)
	leave := func(id string) {
		t.Helper()
		m.Events.Post(events.Event{Type: "message", Session: id}, nil)
		if err := m.DB.Update(func(tx *bbolt.Tx) error { return tx.Bucket(store.Meta).Put(pastKey(id), []byte{}) }); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(id string) {
		t.Helper()
		if left, _, err := m.Events.ReadOf(id, 0, 10, func(e *events.Event) bool { return e.Type == "message" }); err != nil || len(left) > 0 {
			t.Errorf("%s: %v are left, %v", id, left, err)
		}
		if m.hasPast(id) {
			t.Errorf("%s is not known to be gone", id)
		}
	}
	leave("shop")
	if _, err := m.Create("shop"); err != nil {
		t.Fatal(err)
	}
	gone("shop")
	m.Events.Post(events.Event{Type: "message", Session: "shop"}, nil)
	if err := m.Delete(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	gone("shop")
	leave("one")
	leave("two")
	m.forgetAllPast(t.Context())
	gone("one")
	gone("two")
}
