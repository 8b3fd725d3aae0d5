package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A Session is one device: linked, being linked, or not.
type Session struct {
	m  *Manager
	id string

	// turn holds a token while something exchanges the client: a restart, an
	// unlinking. Only one can.
	turn chan struct{}

	changing sync.Mutex // held while the settings are changed

	mu      sync.Mutex
	record  record
	moving  bool // somebody has the turn: no pairing begins
	removed bool // nothing is kept of it any more
	tries   int  // to get over trouble with the store, since it was connected
	client  *libwa.Client
	status  Status
	changed chan struct{}
	attempt *attempt // the pairing that is under way
	last    *attempt // the pairing before it, whose code verify still knows
	closed  chan struct{}
}

func newSession(m *Manager, r record) *Session {
	s := &Session{
		m: m, id: r.ID, record: r, turn: make(chan struct{}, 1), changed: make(chan struct{}),
		status: Status{ID: r.ID, State: Unlinked, Created: r.Created, Since: r.Created, Version: 1},
	}
	r.show(&s.status)
	return s
}

// Status gives the session's status.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Changed gives the status, and a channel that is closed when it changes.
func (s *Session) Changed() (Status, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.changed
}

// Wait waits until the status has another version than the given one, or ctx
// ends.
func (s *Session) Wait(ctx context.Context, version uint64) Status {
	for {
		status, changed := s.Changed()
		if status.Version != version {
			return status
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return status
		}
	}
}

// set changes the status; what is new of it is posted as an event. The caller
// holds mu.
func (s *Session) set(change func(*Status)) {
	before := s.status
	change(&s.status)
	if s.status.sameAs(before) {
		return
	}
	s.status.Version++
	if s.status.State != before.State {
		s.status.Since = time.Now().UTC().Truncate(time.Millisecond)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	if s.status.State != before.State || s.status.Stage != before.Stage || s.status.Reason != before.Reason || s.status.GivenUp != before.GivenUp {
		s.post("session.state", map[string]any{
			"state": s.status.State, "stage": s.status.Stage, "reason": s.status.Reason, "detail": s.status.Detail,
			"phone": s.status.Phone, "jid": s.status.JID, "cause": s.status.Cause, "given_up": s.status.GivenUp,
		})
	}
}

// post posts an event of the gateway's own.
func (s *Session) post(kind string, data map[string]any) {
	s.m.Events.Post(events.Event{Type: kind, Session: s.id, Data: encode(data)}, nil)
}

// open opens the session's client. A linked one is not connected by that.
func (s *Session) open() error {
	options := slices.Concat([]libwa.Option{libwa.WithSessionID(s.id)}, s.m.Client, s.Settings().options())
	client, err := s.m.fleet.Open(options...)
	if err != nil {
		return err
	}
	var account libwa.SessionStatusResult
	if client.Linked() {
		ctx, cancel := context.WithTimeout(s.m.ctx, 10*time.Second)
		defer cancel()
		if account, err = client.SessionStatus(ctx); err != nil {
			client.Close()
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = client
	s.closed = make(chan struct{})
	if client.Linked() {
		s.set(func(status *Status) {
			*status = s.fresh(Disconnected)
			status.Phone, status.JID = "+"+account.Phone, account.JID
		})
	}
	return nil
}

// fresh gives a status that has nothing but the state.
func (s *Session) fresh(state State) Status {
	fresh := Status{ID: s.id, State: state, Created: s.status.Created, Since: s.status.Since, Version: s.status.Version}
	s.record.show(&fresh)
	return fresh
}

// connect connects a linked session, and says whether it is one.
func (s *Session) connect() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil || !s.client.Linked() || s.attempt != nil {
		return false
	}
	if err := s.client.Connect(); err != nil {
		s.m.Log.Warn("a session could not be connected", "session", s.id, "error", err)
		return false
	}
	if s.status.State == Disconnected {
		s.set(func(status *Status) {
			status.State, status.Reason, status.Detail, status.GivenUp, status.ResumesAt, status.Retry = Connecting, "", "", false, time.Time{}, 0
		})
	}
	return true
}

// close closes the client.
func (s *Session) close() {
	s.mu.Lock()
	client := s.client
	s.client = nil
	s.mu.Unlock()
	if client != nil {
		client.Close()
	}
}

// exclusively runs what exchanges the client, if nothing else does; a pairing
// that is under way ends before.
func (s *Session) exclusively(run func() error) error {
	if s.m.Events.Full() {
		return errLogFull()
	}
	if !s.takeTurn() {
		return errBusy()
	}
	defer s.giveTurn()
	s.cancel("cancelled")
	return run()
}

// takeTurn takes the turn, if nobody has it.
func (s *Session) takeTurn() bool {
	select {
	case s.turn <- struct{}{}:
	default:
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moving = true
	return true
}

func (s *Session) giveTurn() {
	s.mu.Lock()
	s.moving = false
	s.mu.Unlock()
	<-s.turn
}

func errBusy() *Refusal {
	return &Refusal{Busy, "session_busy", "The session is just being restarted or unlinked.", time.Second}
}

// errLogFull refuses what would make events while nothing can be written.
func errLogFull() *Refusal {
	return &Refusal{Unavailable, "log_full", "Nothing can be written at the moment: the gateway's disk is full or fails. It goes on by itself when that is mended.", 5 * time.Second}
}

// Restart closes the session and opens it again. It stays linked.
func (s *Session) Restart() error {
	return s.exclusively(func() error {
		s.close()
		return s.reopen()
	})
}

// reopen opens the session anew after it was closed, and connects it if it is
// linked. The status of one that is not stays.
func (s *Session) reopen() error {
	if err := s.open(); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped(err)
		return &Refusal{Unavailable, "session_stopped", s.status.Detail, 5 * time.Second}
	}
	if !s.connect() {
		// What came for the former client hears that there is no account.
		s.m.outbox.wake(s.id)
	}
	return nil
}

// Unlink logs the session out, if it is linked, and forgets any pairing. It is
// as new then.
func (s *Session) Unlink(ctx context.Context) error {
	return s.exclusively(func() error {
		if err := s.erase(ctx, false); err != nil {
			return err
		}
		s.mu.Lock()
		s.last = nil
		s.forgetCode()
		s.set(func(status *Status) { *status = s.fresh(Unlinked) })
		s.mu.Unlock()
		s.m.Log.Info("a session was unlinked by request", "session", s.id)
		return s.reopen()
	})
}

// remove unlinks the session and takes it out of the manager. It keeps its turn
// then: whoever still holds it can do nothing with it.
func (s *Session) remove(ctx context.Context) error {
	if s.m.Events.Full() {
		return errLogFull()
	}
	if !s.takeTurn() {
		return errBusy()
	}
	s.cancel("cancelled")
	err := s.erase(ctx, true)
	if err == nil {
		s.mu.Lock()
		s.removed = true
		s.mu.Unlock()
		err = s.m.DB.Batch(func(tx *bbolt.Tx) error {
			if err := tx.Bucket(store.Meta).Put(pastKey(s.id), []byte{}); err != nil {
				return err
			}
			return tx.Bucket(store.Sessions).Delete([]byte(s.id))
		})
		if err != nil {
			s.mu.Lock()
			s.removed = false
			s.mu.Unlock()
			s.reopen()
		}
	}
	if err != nil {
		s.giveTurn()
		return err
	}
	// Whoever uses the name again finds nothing of what was before.
	if err := s.m.forgetPast(ctx, s.id); err != nil {
		s.m.Log.Error("what others keep of a session could not be removed", "session", s.id, "error", err)
	}
	s.m.forget(s.id)
	s.m.Log.Info("a session was removed", "session", s.id)
	return nil
}

// ForgetEvents removes what is kept of the session's past: its events, what waits
// for webhooks, and the keys of requests. It stays linked.
func (s *Session) ForgetEvents(ctx context.Context) error {
	if s.m.Events.Full() {
		return errLogFull()
	}
	if err := s.m.forgetEvents(ctx, s.id); err != nil {
		return err
	}
	s.m.Log.Info("the events of a session were removed", "session", s.id)
	return nil
}

// erase unlinks the session, if it is linked, erases what libwa keeps of it, and
// closes it. One that is stopped is opened for that: its keys are still there.
// The caller has the turn.
func (s *Session) erase(ctx context.Context, all bool) error {
	s.mu.Lock()
	stopped := s.client == nil
	s.mu.Unlock()
	if stopped {
		if err := s.open(); errors.Is(err, libwa.ErrStoreCorrupt) {
			return s.eraseDamaged(ctx)
		} else if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.stopped(err)
			return &Refusal{Unavailable, "session_stopped", s.status.Detail, 5 * time.Second}
		}
	}
	s.mu.Lock()
	client, closed := s.client, s.closed
	s.mu.Unlock()
	s.m.outbox.abort(s.id, "logged_out", "The session was unlinked.")
	var err error
	if client.Linked() {
		err = logout(ctx, client, closed)
	} else if all {
		err = forgotten(ctx, client)
	}
	s.close()
	if errors.Is(err, libwa.ErrStoreCorrupt) {
		return s.eraseDamaged(ctx)
	}
	if err != nil {
		s.m.Log.Error("a session could not be erased", "session", s.id, "error", err)
		s.reopen()
		return &Refusal{Unavailable, "session_not_erased", "What is kept of the session could not be erased; the gateway's log says why.", 5 * time.Second}
	}
	return nil
}

// eraseDamaged erases what is kept of a session that is too damaged to be
// opened: by another client of the same store.
func (s *Session) eraseDamaged(ctx context.Context) error {
	s.m.outbox.abort(s.id, "logged_out", "The session was unlinked.")
	options := append([]libwa.Option{libwa.WithSessionID("gateway.erases." + rand.Text())}, s.m.Client...)
	client, err := s.m.fleet.Open(options...)
	if err == nil {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		err = client.SessionErase(limited, libwa.SessionEraseParams{Session: s.id})
		client.Close()
	}
	if err != nil {
		s.m.Log.Error("a damaged session could not be erased", "session", s.id, "error", err)
		return &Refusal{Unavailable, "session_not_erased", "What is kept of the session could not be erased; the gateway's log says why.", 5 * time.Second}
	}
	s.m.Log.Warn("a damaged session was erased; its phone lists the device until it is removed there", "session", s.id)
	return nil
}

// logout unlinks a client, and waits until its last events have been taken. A
// server that cannot be reached does not keep the session alive.
func logout(ctx context.Context, client *libwa.Client, closed <-chan struct{}) error {
	limited, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := client.Logout(limited); err != nil {
		if err := forgotten(ctx, client); err != nil {
			return err
		}
	}
	select {
	case <-closed:
	case <-limited.Done():
	}
	return nil
}

// forgotten erases what libwa keeps of a session, also when nobody waits for it
// any more. A client that has closed itself has done that.
func forgotten(ctx context.Context, client *libwa.Client) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	if err := client.SessionErase(limited, libwa.SessionEraseParams{}); err != nil && !errors.Is(err, libwa.ErrClientClosed) {
		return err
	}
	return nil
}
