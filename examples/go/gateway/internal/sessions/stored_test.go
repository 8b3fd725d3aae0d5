package sessions

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
	"go.etcd.io/bbolt"
)

// A stored is a gateway's data folder, whose manager is started and ended as a
// crashed gateway is.
type stored struct {
	t      *testing.T
	sim    *watest.Sim
	folder string
	client []libwa.Option
	sent   int
}

func newStored(t *testing.T) *stored {
	sim, folder := watest.Start(t, "--check-shapes"), t.TempDir()
	return &stored{t: t, sim: sim, folder: folder, client: []libwa.Option{
		libwa.WithStoreURL("sqlite:" + filepath.Join(folder, "sessions.db")),
		libwa.With("server.url", sim.WS), libwa.With("server.root_key", sim.RootKey),
	}}
}

// run starts a manager, and ends it behind use.
func (d *stored) run(use func(*Manager)) {
	d.t.Helper()
	db, err := store.Open(d.folder)
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	log, err := events.Open(db, slog.New(slog.DiscardHandler), events.Retention{Keep: 10000}, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	m, err := New(Options{
		Client: d.client, DB: db, Events: log, Log: slog.New(slog.DiscardHandler),
		CodeTimeout: 30 * time.Second, MaxSessions: 10, MaxPending: 10, MaxPendingBytes: 1 << 20,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	defer m.Close()
	if err := m.Start(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	use(m)
}

// change changes what is stored of a session, while no manager runs.
func (d *stored) change(session string, change func(*record)) {
	d.t.Helper()
	db, err := store.Open(d.folder)
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		var r record
		if found, err := store.Get(tx, store.Sessions, []byte(session), &r); !found || err != nil {
			return fmt.Errorf("found: %v, %w", found, err)
		}
		change(&r)
		return store.Put(tx, store.Sessions, []byte(session), r)
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// leave has the session's client get messages of somebody, and end before it has
// dealt with them.
func (d *stored) leave(session, from, to string, count int) (texts []string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	client, err := libwa.Open(append([]libwa.Option{libwa.WithSessionID(session)}, d.client...)...)
	if err != nil {
		d.t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.WaitReady(ctx); err != nil {
		d.t.Fatal(err)
	}
	for range count {
		d.sent++
		text := fmt.Sprintf("message %d", d.sent)
		texts = append(texts, text)
		if err := d.sim.Do(ctx, "POST", "/phones/"+from+"/send", map[string]any{"to": to, "text": text}, nil); err != nil {
			d.t.Fatal(err)
		}
		for got := false; !got; {
			event, err := client.Next(ctx)
			if err != nil {
				d.t.Fatal(err)
			}
			message, is := event.(*libwa.Message)
			got = is && message.Text == text
		}
	}
	return texts
}

// told waits until that many messages of a session are in the log, and a moment
// for further ones.
func told(t *testing.T, m *Manager, session string, count int) (texts []string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		late := time.Now().After(deadline)
		if texts = messagesOf(t, m, session); len(texts) >= count || late {
			break
		}
	}
	time.Sleep(100 * time.Millisecond)
	return messagesOf(t, m, session)
}

func messagesOf(t *testing.T, m *Manager, session string) (texts []string) {
	t.Helper()
	all, _, err := m.Events.ReadOf(session, 0, 1000, func(e *events.Event) bool { return e.Type == "message" })
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range all {
		var message struct{ Text string }
		if err := json.Unmarshal(event.Data, &message); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, message.Text)
	}
	return texts
}

// Messages that a crash left unacknowledged are told after the next start, and after
// the client was opened again for another reason: all of them, in order, once.
func TestWhatACrashLeftIsTold(t *testing.T) {
	const rounds, count = 6, 8
	const own, bob = "15557000011", "15557000012"
	d := newStored(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := d.sim.NewPhone(ctx, bob, "Bob", nil); err != nil {
		t.Fatal(err)
	}
	d.run(func(m *Manager) { linked(t, m, d.sim, "shop", own) })
	var wanted []string
	check := func(m *Manager, when string) {
		t.Helper()
		if got := told(t, m, "shop", len(wanted)); !slices.Equal(got, wanted) {
			t.Fatalf("%s:\n%d are told: %s\nof %d: %s", when, len(got), strings.Join(got, ", "), len(wanted), strings.Join(wanted, ", "))
		}
	}
	for round := range rounds {
		wanted = append(wanted, d.leave("shop", bob, own, count)...)
		d.run(func(m *Manager) {
			check(m, fmt.Sprintf("round %d, after the start", round))
			s, err := m.Get("shop")
			if err != nil {
				t.Fatal(err)
			}
			// As clientClosed does.
			if !s.takeTurn() {
				t.Fatal("somebody has the turn")
			}
			defer s.giveTurn()
			s.close()
			wanted = append(wanted, d.leave("shop", bob, own, count)...)
			if round%2 == 0 {
				err = s.reopen()
			} else {
				err = s.openSlowly()
			}
			if err != nil {
				t.Fatal(err)
			}
			check(m, fmt.Sprintf("round %d, after it was opened again", round))
		})
	}
}

// openSlowly opens the session's client, which tells what it has before the session
// knows it.
func (s *Session) openSlowly() error {
	defer s.holdEvents()()
	client, err := s.m.fleet.Open(append([]libwa.Option{libwa.WithSessionID(s.id)}, s.m.Client...)...)
	if err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client, s.closed = client, make(chan struct{})
	return nil
}

// Messages kept for another account than the session's are told to nobody, neither
// when that is noticed nor when the account is erased.
func TestWhatIsOfAnotherAccountIsNotTold(t *testing.T) {
	const own, bob = "15557000013", "15557000014"
	d := newStored(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := d.sim.NewPhone(ctx, bob, "Bob", nil); err != nil {
		t.Fatal(err)
	}
	d.run(func(m *Manager) { linked(t, m, d.sim, "shop", own) })
	d.change("shop", func(r *record) {
		r.Account = &account{Phone: "+15557000099", JID: "15557000099:1@s.whatsapp.net"}
	})
	d.leave("shop", bob, own, 20)
	d.run(func(m *Manager) {
		s, err := m.Get("shop")
		if err != nil {
			t.Fatal(err)
		}
		if status := s.Status(); status.State != Stopped || status.Reason != "account_mismatch" {
			t.Fatalf("%+v", status)
		}
		time.Sleep(100 * time.Millisecond)
		if got := messagesOf(t, m, "shop"); len(got) > 0 {
			t.Errorf("told when it is noticed: %v", got)
		}
		if err := s.Unlink(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if got := messagesOf(t, m, "shop"); len(got) > 0 {
			t.Errorf("told when it is erased: %v", got)
		}
	})
}
